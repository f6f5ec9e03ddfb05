#if PostgreSQL
/// A parameter of a statement.
package enum DatabaseValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case double(Double)
    case boolean(Bool)
    case text(String)
    /// Sent as they are (`bytea`).
    case bytes([UInt8])

    package init(_ value: Int?) { self = value.map { .integer(Int64($0)) } ?? .null }
    package init(_ value: String?) { self = value.map { .text($0) } ?? .null }
    package init(_ value: Double?) { self = value.map { .double($0) } ?? .null }

    /// What goes to the server, with a zero behind it where it is text; nil is NULL.
    var encoded: [UInt8]? {
        switch self {
        case .null: nil
        case .integer(let value): Array("\(value)\0".utf8)
        case .double(let value): Array("\(value)\0".utf8)
        case .boolean(let value): Array((value ? "t\0" : "f\0").utf8)
        // A zero cannot be in a PostgreSQL text, and would end it here.
        case .text(let value): Array(value.utf8.filter { $0 != 0 }) + [0]
        case .bytes(let value): value
        }
    }

    var isBinary: Bool { if case .bytes = self { true } else { false } }
}

extension DatabaseValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
}
#endif
