/// How a file's tensors differ from those that an architecture asks for.
public struct TensorMismatch: Sendable, Equatable {
    /// A tensor whose shape is not the one asked for.
    public struct WrongShape: Sendable, Equatable {
        public let name: String
        public let expected: [Int]
        public let actual: [Int]

        public init(name: String, expected: [Int], actual: [Int]) {
            self.name = name
            self.expected = expected
            self.actual = actual
        }
    }

    /// A tensor of whole numbers or truth values, which no weight is: rounding has lost what it said.
    public struct WrongType: Sendable, Equatable {
        public let name: String
        public let actual: ElementType

        public init(name: String, actual: ElementType) {
            self.name = name
            self.actual = actual
        }
    }

    public var missing: [String]
    public var unexpected: [String]
    public var wrongShapes: [WrongShape]
    public var wrongTypes: [WrongType]

    public init(
        missing: [String] = [], unexpected: [String] = [], wrongShapes: [WrongShape] = [], wrongTypes: [WrongType] = []
    ) {
        self.missing = missing
        self.unexpected = unexpected
        self.wrongShapes = wrongShapes
        self.wrongTypes = wrongTypes
    }

    public var isEmpty: Bool {
        missing.isEmpty && unexpected.isEmpty && wrongShapes.isEmpty && wrongTypes.isEmpty
    }
}
