/// A media type (RFC 9110 §8.3.1), such as `multipart/form-data; boundary=x`.
public struct MediaType: Sendable, Hashable {
    /// Lower-cased.
    public let type: String
    /// Lower-cased.
    public let subtype: String
    /// Names lower-cased, values unquoted.
    public let parameters: [String: String]

    /// Nil when the text is no media type.
    public init?(_ text: String) {
        guard let (essence, parameters) = FieldValue.parameterised(text) else { return nil }
        let parts = essence.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ FieldValue.isToken(String($0)) }) else { return nil }
        type = String(parts[0])
        subtype = String(parts[1])
        self.parameters = parameters
    }

    /// `type/subtype` without parameters.
    public var essence: String { "\(type)/\(subtype)" }
}
