/// What `deblur inspect` prints and `GET /model` answers.
public struct ModelSummary: Codable, Sendable, Equatable {
    /// The file's name without its extension.
    public var name: String
    /// SHA-256 of the file (and of the classifier's file, where there is one), hexadecimal.
    public var digest: String
    /// `NAFNet` or `UFPNet`.
    public var encoder: String
    public var width: Int
    /// Blocks at scales 1, 1/2, 1/4 and 1/8.
    public var encoderBlocks: [Int]
    /// Blocks at scale 1/16.
    public var middleBlocks: Int
    /// K
    public var subDecoders: Int
    /// Degradation classes; 0 without a classifier.
    public var classes: Int
    /// What reads the features, in words; nil without a classifier.
    public var classifier: String?
    /// Sub-decoder per class, hardest class first; 0 = the tile stays as it came. Nil when the model has none.
    public var exitTable: [Int]?
    /// dB gained by each sub-decoder over the one before, per class; nil entries had no sample.
    public var incrementsDecibels: [[Double?]]?
    /// dB
    public var tau: Double?
    /// Numbers in all tensors.
    public var parameters: Int
    /// Side and overlap of tiles, pixels.
    public var tile: Int
    public var overlap: Int
    public var precision: String
    /// What a user should know about the file although it can be used.
    public var warnings: [String]

    enum CodingKeys: String, CodingKey {
        case name, digest, encoder, width, classes, classifier, tau, parameters, tile, overlap, precision, warnings
        case encoderBlocks = "encoder_blocks"
        case middleBlocks = "middle_blocks"
        case subDecoders = "sub_decoders"
        case exitTable = "exit_table"
        case incrementsDecibels = "increments_db"
    }

    public init(
        name: String, digest: String, encoder: String, width: Int, encoderBlocks: [Int],
        middleBlocks: Int = 1, subDecoders: Int,
        classes: Int = 0, classifier: String? = nil, exitTable: [Int]? = nil, incrementsDecibels: [[Double?]]? = nil,
        tau: Double? = nil, parameters: Int, tile: Int, overlap: Int, precision: String = "fp32",
        warnings: [String] = []
    ) {
        self.name = name
        self.digest = digest
        self.encoder = encoder
        self.width = width
        self.encoderBlocks = encoderBlocks
        self.middleBlocks = middleBlocks
        self.subDecoders = subDecoders
        self.classes = classes
        self.classifier = classifier
        self.exitTable = exitTable
        self.incrementsDecibels = incrementsDecibels
        self.tau = tau
        self.parameters = parameters
        self.tile = tile
        self.overlap = overlap
        self.precision = precision
        self.warnings = warnings
    }
}
