/// One parameter of a query.
public struct QueryItem: Sendable, Hashable {
    public let name: String
    /// Empty both for `a=` and for a lone `a`.
    public let value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// Splits at "&" and the first "=", and decodes percent signs and "+".
    ///
    /// - Throws: ``QueryError`` for a bad percent sign or bytes that are not UTF-8 or hold a NUL.
    public static func parse(_ query: String) throws(QueryError) -> [QueryItem] {
        var items: [QueryItem] = []
        for part in query.utf8.split(separator: UInt8(ascii: "&")) {
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

/// A query whose percent-encoding is broken or does not give UTF-8.
public struct QueryError: Error, Sendable {}
