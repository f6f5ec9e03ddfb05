/// When tiles leave the chain of sub-decoders, as a request or a command line says it.
public struct ExitChoice: Sendable, Hashable {
    /// Nil is adaptive: by each tile's class.
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

    /// Reads an exit table, `4,4,3,3,2,1`: sub-decoder per class, hardest class first; nil for other text.
    @Sendable public static func table(_ text: String) -> [Int]? {
        let entries = text.split(separator: ",", omittingEmptySubsequences: false).map { Quantity.whole(String($0)) }
        let table = entries.compactMap { $0 }
        return table.count == entries.count && table.allSatisfy { $0 <= 64 } ? table : nil
    }

    /// Reads `adaptive` (nil) or a number of at least 1.
    ///
    /// - Throws: ``ExitChoiceError``.
    public static func fixedExit(_ text: String) throws(ExitChoiceError) -> Int? {
        if text == "adaptive" { return nil }
        guard let depth = Quantity.whole(text), (1...64).contains(depth) else {
            throw ExitChoiceError(parameter: "exit", reason: "exit is \"adaptive\" or the number of a sub-decoder")
        }
        return depth
    }
}

/// A model cannot do what was asked of it.
public struct ExitChoiceError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The parameter at fault: `exit`, `tau` or `exit-table`.
    public let parameter: String
    /// Why, in words that hold nothing of what was sent but numbers.
    public let reason: String

    public init(parameter: String, reason: String) {
        self.parameter = parameter
        self.reason = reason
    }

    public var description: String { reason }
}
