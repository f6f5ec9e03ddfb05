/// The request target (RFC 9112 §3.2) in its parts. The raw text has been checked against RFC 3986: every percent sign
/// is followed by two hexadecimal digits and no character stands there that a URI cannot have.
public struct RequestTarget: Sendable, Hashable {
    /// The four forms of RFC 9112 §3.2.1 to §3.2.4.
    public enum Form: Sendable { case origin, absolute, authority, asterisk }

    public let form: Form
    /// The target as it came.
    public let raw: String
    /// The path, still percent-encoded; begins with "/". "*" in asterisk form, empty in authority form.
    public let path: String
    /// What follows the question mark, still percent-encoded; nil without one.
    public let query: String?
    /// An absolute form whose scheme is https: the client means to be on an encrypted connection.
    public internal(set) var isHTTPS = false

    /// The path's segments, each percent-decoded after the split, so that an encoded slash never makes a segment.
    /// `/a/b%2Fc/` gives `["a", "b/c", ""]`; `/` gives `[""]`. Nil when a segment is not UTF-8 or holds a NUL. What lies
    /// beyond ``mostSegments`` is one segment: paths are read on event loops, and a request line may have 16 KiB.
    public var segments: [String]? {
        var result: [String] = []
        let parts = path.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"), maxSplits: Self.mostSegments, omittingEmptySubsequences: false)
        for segment in parts {
            guard let decoded = PercentCoding.decode(segment, plusIsSpace: false), !decoded.utf8.contains(0) else {
                return nil
            }
            result.append(decoded)
        }
        return result
    }

    /// Segments of a path that are told apart.
    public static let mostSegments = 64

    /// The query's parameters in order, decoded as `application/x-www-form-urlencoded`. Parameters that come twice stay
    /// twice: what that means is the caller's matter.
    ///
    /// - Throws: as ``QueryItem/parse(_:)``.
    public func queryItems() throws(QueryError) -> [QueryItem] {
        try QueryItem.parse(query ?? "")
    }
}

/// One parameter of a query.
public struct QueryItem: Sendable, Hashable {
    public let name: String
    /// Empty both for `a=` and for a lone `a`.
    public let value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// Parameters of a query, as many as a head may have lines. Queries are read on event loops.
    public static let most = 100

    /// Splits at "&" and the first "=", and decodes percent signs and "+".
    ///
    /// - Throws: ``QueryError`` for a bad percent sign, bytes that are not UTF-8 or hold a NUL, or more than ``most``
    ///   parameters.
    public static func parse(_ query: String) throws(QueryError) -> [QueryItem] {
        var items: [QueryItem] = []
        let parts = query.utf8.split(separator: UInt8(ascii: "&"), maxSplits: most)
        guard parts.count <= most else { throw QueryError() }
        for part in parts {
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            let value = equals == part.endIndex ? part[part.endIndex...] : part[part.index(after: equals)...]
            guard let name = PercentCoding.decode(part[..<equals], plusIsSpace: true),
                let value = PercentCoding.decode(value, plusIsSpace: true),
                !name.utf8.contains(0), !value.utf8.contains(0)
            else { throw QueryError() }
            items.append(QueryItem(name: name, value: value))
        }
        return items
    }
}

/// A query whose percent-encoding is broken or does not give UTF-8, or that is endless.
public struct QueryError: Error, Sendable {}
