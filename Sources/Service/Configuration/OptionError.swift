/// A value of an option that cannot be used.
public struct OptionError: Error, Equatable, CustomStringConvertible {
    /// Where the value came from: `--port` or `DEBLUR_PORT`.
    public let source: String
    public let value: String
    /// What would have been right, as a noun: "a whole number from 0 to 65535".
    public let expected: String

    public var description: String { "\(source): \"\(value)\" is not \(expected)" }
}
