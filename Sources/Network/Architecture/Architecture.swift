/// The shape of a network: what decides which tensors it has and what they do.
public struct Architecture: Sendable, Hashable {
    /// The pretrained network whose first half gives the features.
    public enum Encoder: String, Sendable, Codable {
        case nafnet = "NAFNet"
        case ufpnet = "UFPNet"
    }

    /// What decides when a tile leaves (specification 7).
    public enum ExitHead: Sendable, Hashable {
        /// No `ape.*` tensors: exits are fixed (a "RevD" model).
        case none
        /// `hard_simple`: a class per tile.
        case classifier(input: ClassifierInput, classes: Int)
        /// A predicted gain before each next sub-decoder; one shared head or one per step.
        case regressor(input: RegressorInput, shared: Bool)
    }

    /// The encoder feature that the classifier reads (code names; the paper counts from 1).
    public enum ClassifierInput: String, Sendable, Codable {
        /// 1/8 scale, the paper's e4: the published choice.
        case e3
        /// 1/16 scale, the paper's e5.
        case e4
    }

    /// The features that a regressor pools and joins (specification 7.3).
    public enum RegressorInput: String, Sendable, Codable, CaseIterable {
        case fd4, fd3, fd2, fd1
        case updatedD4 = "_d4"
        case fd4UpdatedD4 = "fd4_d4"
        case fd3UpdatedD4 = "fd3_d4"
        case fd2UpdatedD4 = "fd2_d4"
        case fd1UpdatedD4 = "fd1_d4"

        /// Whether the next sub-decoder's first step runs before the head.
        var readsUpdatedD4: Bool { rawValue.hasSuffix("_d4") }

        /// The scale (0 = finest) of the current map that it reads, nil when it reads the updated d4 alone.
        var scale: Int? {
            switch self {
            case .fd4, .fd4UpdatedD4: 3
            case .fd3, .fd3UpdatedD4: 2
            case .fd2, .fd2UpdatedD4: 1
            case .fd1, .fd1UpdatedD4: 0
            case .updatedD4: nil
            }
        }

        /// Length of the head's input vector for a network of that width.
        func channels(width: Int) -> Int {
            (scale.map { width << $0 } ?? 0) + (readsUpdatedD4 ? 8 * width : 0)
        }
    }

    public var encoder: Encoder
    /// w: channels at full resolution; scale i has w·2^i.
    public var width: Int
    /// Blocks at scales 1, 1/2, 1/4 and 1/8.
    public var encoderBlocks: [Int]
    /// Blocks at scale 1/16.
    public var middleBlocks: Int
    /// K.
    public var subDecoders: Int
    public var exitHead: ExitHead

    public init(
        encoder: Encoder, width: Int, encoderBlocks: [Int], middleBlocks: Int = 1, subDecoders: Int,
        exitHead: ExitHead
    ) {
        self.encoder = encoder
        self.width = width
        self.encoderBlocks = encoderBlocks
        self.middleBlocks = middleBlocks
        self.subDecoders = subDecoders
        self.exitHead = exitHead
    }

    /// Channels of the features at scale 1/2^`scale`.
    public func channels(atScale scale: Int) -> Int { width << scale }

    /// The published sizes: width 64, blocks 1-1-1-28, classifier on the paper's e4 with six classes.
    public static func published(encoder: Encoder, width: Int = 64, subDecoders: Int) -> Architecture {
        Architecture(
            encoder: encoder, width: width, encoderBlocks: [1, 1, 1, 28], subDecoders: subDecoders,
            exitHead: .classifier(input: .e3, classes: 6))
    }
}
