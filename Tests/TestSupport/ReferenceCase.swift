import Checkpoints
import Foundation

/// A folder of known answers: a golden of the published code (`../shared/goldens/README.md`) or a fixture of our own
/// (`Tests/Fixtures/network/README.md`).
public struct ReferenceCase: Sendable {
    public struct Configuration: Decodable, Sendable {
        /// Empty where the tensors are a recipe.
        public var weights: [String]
        /// How the weights are stored, or the recipe's file.
        public var stored: String
        public var classifier: String?
        public var exits: [Int]?
        public var threshold: Threshold?
        public var feature: String?
        public var mode: String
        public var tile: Int
        public var overlap: Int
        public var expectedStride: Int?
        public var input: String?
        /// Pixels of which activations hold the 361 values of the kernel branch.
        public var points: [[Int]]?

        enum CodingKeys: String, CodingKey {
            case weights, classifier, mode, tile, overlap, input
            case stored = "stored_dtype"
            case exits = "exit_idx"
            case threshold = "exit_threshold"
            case feature = "dx"
            case expectedStride = "expected_stride"
            case points = "points_row_column"
        }
    }

    /// τ: one number for all steps, or one per step.
    public enum Threshold: Decodable, Sendable {
        case one(Float)
        case steps([Float])

        public init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let steps = try? value.decode([Float].self) { self = .steps(steps) } else { self = .one(try value.decode(Float.self)) }
        }
    }

    public struct Tile: Decodable, Sendable {
        public var y: Int
        public var x: Int
        public var exit: Int
        public var degradationClass: Int?
        public var logits: [Float]?
        public var increments: [Float]?

        enum CodingKeys: String, CodingKey {
            case y, x, exit, logits, increments
            case degradationClass = "class"
        }
    }

    public let folder: URL
    public let configuration: Configuration
    public let tiles: [Tile]

    public init(folder: URL) throws {
        self.folder = folder
        let decoder = JSONDecoder()
        configuration = try decoder.decode(Configuration.self, from: Data(contentsOf: folder.appending(path: "config.json")))
        struct Wrapped: Decodable { var tiles: [Tile] }
        let list = try Data(contentsOf: folder.appending(path: "tiles.json"))
        tiles = try (try? decoder.decode(Wrapped.self, from: list).tiles) ?? decoder.decode([Tile].self, from: list)
    }

    /// One of our own fixtures.
    public init(fixture name: String) throws {
        try self.init(folder: Goldens.repository.appending(path: "Tests/Fixtures/network/\(name)"))
    }

    /// The tensors of the case; a classifier of its own replaces the one in the weights.
    ///
    /// - Parameter classifier: instead of the configuration's.
    public func archive(classifier: String? = nil) throws -> TensorArchive {
        guard let first = configuration.weights.first else {
            return try RecipeParameters.archive(contentsOf: file(configuration.stored))
        }
        let weights = try TensorArchive(contentsOf: file(first))
        guard let name = classifier ?? configuration.classifier else { return weights }
        let own = try TensorArchive(contentsOf: file(name)).adding(prefix: "ape.")
        return try weights.filter { !$0.hasPrefix("ape.") }.union(own)
    }

    public func file(_ path: String) -> URL { folder.appending(path: path).standardized }
}
