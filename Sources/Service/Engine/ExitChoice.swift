/// When tiles leave the chain of sub-decoders, as a request or a command line says it.
public struct ExitChoice: Sendable, Hashable {
    /// `nil` is adaptive: by each tile's class.
    public var fixed: Int?
    /// dB; derives the exit table anew from the model's increments. Nil: the model's table.
    public var tau: Double?
    /// Sub-decoder per class, hardest first; overrides the model's.
    public var table: [Int]?

    public init(fixed: Int? = nil, tau: Double? = nil, table: [Int]? = nil) {
        self.fixed = fixed
        self.tau = tau
        self.table = table
    }

    /// `adaptive` or 1…K.
    /// - Returns: nil for anything else.
    public static func parse(_ text: String, subDecoders: Int) -> Int?? {
        if text == "adaptive" { return .some(nil) }
        guard let depth = Quantity.whole(text), (1...subDecoders).contains(depth) else { return nil }
        return .some(depth)
    }
}

/// A model cannot do what was asked of it. The text is public.
public struct ExitChoiceError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The parameter at fault: `exit`, `tau`, `exit-table`.
    public let parameter: String
    /// What it has to be.
    public let expected: String

    public init(parameter: String, expected: String) {
        self.parameter = parameter
        self.expected = expected
    }

    public var description: String { "\(parameter) has to be \(expected)" }
}
