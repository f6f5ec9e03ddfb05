import Kernels

/// A network that restores tiles one step at a time. What a tile goes through, in which order, is ``TileRun``'s business.
public protocol TileNetwork: Sendable {
    /// K, the number of sub-decoders.
    var subDecoders: Int { get }

    /// Makes what one thread needs to lead tiles: the memory of a tile in flight, and the network's steps on it.
    ///
    /// - Parameter team: whose idle members help with every step.
    func makeSteps(team: ThreadTeam) -> any TileSteps

    /// Bytes that the memory of a tile in flight takes for a tile of that size.
    func workspaceBytes(tileSide: Int) -> Int

    /// Bytes that ``makeImageEncoding(height:width:tileSide:team:)`` reserves for an image of that size; nil when the
    /// network encodes tiles only.
    func imageEncodingBytes(height: Int, width: Int, tileSide: Int) -> Int?

    /// Makes room for encoding a whole image (specification 11, mode A), which replaces the encoder pass of its tiles.
    ///
    /// - Parameters:
    ///   - height: pixels, a positive multiple of 16; so is `width`. One of them is above `tileSide`: with a lone tile
    ///     the modes are one.
    ///   - tileSide: of the model; the pooling windows follow from it.
    ///   - width: pixels.
    ///   - team: whose members share the encoding.
    /// - Returns: nil when the system has not that much memory, or the network encodes tiles only.
    func makeImageEncoding(height: Int, width: Int, tileSide: Int, team: ThreadTeam) -> (any ImageEncoding)?
}

extension TileNetwork {
    /// Makes a run for one thread, to be used for one tile after the other.
    public func makeRun(team: ThreadTeam) -> TileRun {
        TileRun(makeSteps(team: team), subDecoders: subDecoders)
    }

    public func imageEncodingBytes(height: Int, width: Int, tileSide: Int) -> Int? { nil }

    public func makeImageEncoding(
        height: Int, width: Int, tileSide: Int, team: ThreadTeam
    ) -> (any ImageEncoding)? { nil }
}

/// What a network does to the tile in its memory. Only ``TileRun`` calls these: first ``encode(_:classify:)``, then
/// sub-decoders from 1 on, and heads of the sub-decoder that has just run. Steps may be abandoned anywhere; the next
/// ``encode(_:classify:)`` starts afresh. Each step spreads over the idle members of the team by itself.
public protocol TileSteps: AnyObject {
    /// Makes room for a tile, so that no step after it needs memory. Where it is not called, ``encode(_:classify:)`` does
    /// that itself, but cannot say no.
    ///
    /// - Parameters:
    ///   - height: pixels, a positive multiple of 16; so is `width`.
    ///   - width: pixels.
    /// - Returns: false when there is no memory for it; it can be tried again.
    func prepare(height: Int, width: Int) -> Bool

    /// Runs the encoder, or takes the tile's part of its image's features; then the classifier when `classify` is set and
    /// the model has one.
    func encode(_ tile: TileInput, classify: Bool) -> TileAssessment

    /// Runs sub-decoder `subDecoder` (1…K; one after the other).
    func advance(to subDecoder: Int)

    /// The gain in dB that a regressor expects of the sub-decoder after `subDecoder` (1…K−1); nil without a regressor.
    func predictedGain(after subDecoder: Int) -> Float?

    /// Writes `outputs` head `subDecoder` of the current features: restored − input, `(height, width, 3)` row-major,
    /// unclamped.
    func writeResidual(ofExit subDecoder: Int, to residual: UnsafeMutablePointer<Float>)
}

extension TileSteps {
    public func prepare(height: Int, width: Int) -> Bool { true }

    public func predictedGain(after subDecoder: Int) -> Float? { nil }
}

/// A tile as a network takes it.
public struct TileInput {
    public enum Source {
        /// `(height, width, 3)` row-major, RGB, 0…1. Has to be there until the tile is encoded.
        case pixels(UnsafePointer<Float>)
        /// A part of an image whose encoding is complete and was made by the same network.
        ///
        /// - Parameter row: first pixel of the tile in the padded image, a multiple of 16; so is `column`.
        case features(any ImageEncoding, row: Int, column: Int)
    }

    /// Which tile of its image it is, in the order of the grid. Random numbers depend on it.
    public var index: Int
    /// Pixels, a positive multiple of 16; so is `width`.
    public var height: Int
    public var width: Int
    public var source: Source

    public init(_ source: Source, height: Int, width: Int, index: Int = 0) {
        self.source = source
        self.height = height
        self.width = width
        self.index = index
    }
}

/// What the classifier says about one tile.
public struct TileAssessment: Sendable, Equatable {
    /// Degradation class, 0 = hardest; nil when no classifier ran.
    public var degradationClass: Int?
    /// The classifier's outputs, one per class; empty when no classifier ran.
    public var logits: [Float]

    public init(degradationClass: Int? = nil, logits: [Float] = []) {
        self.degradationClass = degradationClass
        self.logits = logits
    }
}

/// When a tile leaves the chain of sub-decoders.
public enum ExitPolicy: Sendable, Hashable {
    /// Always after that many sub-decoders, 1…K; the classifier does not run.
    case fixed(Int)
    /// After as many as the tile's class says, hardest class first; 0 leaves the tile as it came (E_c, Eq. 12). A tile
    /// without a class runs all.
    case table([Int])
    /// When the gain in dB that a regressor predicts for the next sub-decoder is at most its threshold; one
    /// threshold for each step from sub-decoder i to i + 1, i = 1…K−1.
    case regressor(thresholds: [Float])

    /// A fixed exit asks nobody.
    var needsClassifier: Bool {
        if case .fixed = self { return false }
        return true
    }

    /// The exit that a tile of that class takes; nil where features of deeper sub-decoders decide.
    public func exit(for assessment: TileAssessment, subDecoders: Int) -> Int? {
        switch self {
        case .fixed(let exit): return min(exit, subDecoders)
        case .table(let exits):
            guard let tileClass = assessment.degradationClass, exits.indices.contains(tileClass) else {
                return subDecoders
            }
            return min(exits[tileClass], subDecoders)
        case .regressor: return nil
        }
    }
}

/// A whole image on its way through the encoder, and then its features (specification 11, mode A).
///
/// One thread at a time calls ``advance(reading:)`` until it answers 1. From then on it does not change, and any number
/// of threads take tiles from it.
public protocol ImageEncoding: AnyObject, Sendable {
    /// Does the next part of the work, a few rows of one layer or, of UFPNet's estimator, a layer on some hundred rows.
    /// The idle members of the team help. May be abandoned between two parts.
    ///
    /// - Parameter readRow: writes row `y` of the padded image, `(width, 3)`, RGB, 0…1. Called from this thread, more
    ///   than once for a row.
    /// - Returns: the share of all work that is done, rising to 1.
    /// - Throws: what `readRow` throws; the encoding cannot go on then.
    func advance(
        reading readRow: (_ y: Int, _ row: UnsafeMutablePointer<Float>) throws -> Void
    ) throws -> Double
}
