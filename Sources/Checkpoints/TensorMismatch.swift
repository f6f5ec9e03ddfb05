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

    public var missing: [String]
    public var unexpected: [String]
    public var wrongShapes: [WrongShape]

    public init(missing: [String] = [], unexpected: [String] = [], wrongShapes: [WrongShape] = []) {
        self.missing = missing
        self.unexpected = unexpected
        self.wrongShapes = wrongShapes
    }

    public var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && wrongShapes.isEmpty }
}
