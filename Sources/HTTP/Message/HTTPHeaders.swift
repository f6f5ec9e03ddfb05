/// The fields of a message in the order they came or go (RFC 9110 §5). Names are compared without regard to case.
public struct HTTPHeaders: Sendable, Equatable {
    /// One field line.
    public struct Field: Sendable, Equatable {
        public let name: String
        public let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public private(set) var fields: [Field] = []

    public init() {}

    public init(_ fields: KeyValuePairs<String, String>) {
        self.fields.reserveCapacity(fields.count)
        for (name, value) in fields { add(name, value) }
    }

    /// Appends a field that the parser has checked byte by byte.
    mutating func append(checked field: Field) { fields.append(field) }

    /// The value of the first field of that name. Setting replaces all fields of the name; nil removes them.
    public subscript(name: String) -> String? {
        get { fields.first { Self.same($0.name, name) }?.value }
        set {
            remove(name)
            if let newValue { add(name, newValue) }
        }
    }

    /// The values of all field lines of that name, in order.
    public func values(_ name: String) -> [String] {
        fields.compactMap { Self.same($0.name, name) ? $0.value : nil }
    }

    /// The elements of a list-valued field over all its lines (RFC 9110 §5.6.1); quoted strings stay whole and empty
    /// elements are left out. What lies beyond ``longestList`` is not read: lists are read on event loops, and a head may
    /// have 64 KiB.
    public func list(_ name: String) -> [String] {
        var left = Self.longestList
        return values(name).flatMap { value -> [String] in
            guard left > 0 else { return [] }
            defer { left -= value.utf8.count }
            guard value.utf8.count > left else { return FieldValue.listElements(value) }
            // The last element may be cut.
            return Array(FieldValue.listElements(String(decoding: value.utf8.prefix(left), as: UTF8.self)).dropLast())
        }
    }

    /// Bytes of a list that are read, over all its lines: clients send some hundred.
    public static let longestList = 4096

    public func contains(_ name: String) -> Bool { fields.contains { Self.same($0.name, name) } }

    /// Adds a field line. Nothing that is put in here can break out of its line: control characters in the value become
    /// spaces (RFC 9110 §5.5), and a name that is no token is a programming error (the field is left out).
    public mutating func add(_ name: String, _ value: String) {
        guard !name.isEmpty, name.utf8.allSatisfy({ ByteClass.isToken($0) }) else {
            assertionFailure("not a field name: \(name.debugDescription)")
            return
        }
        if value.utf8.allSatisfy({ ByteClass.isFieldValue($0) }) {
            fields.append(Field(name: name, value: value))
        } else {
            let bytes = value.utf8.map { ByteClass.isFieldValue($0) ? $0 : UInt8(ascii: " ") }
            fields.append(Field(name: name, value: String(decoding: bytes, as: UTF8.self)))
        }
    }

    public mutating func remove(_ name: String) { fields.removeAll { Self.same($0.name, name) } }

    /// ASCII comparison without regard to case, without making strings.
    static func same(_ a: String, _ b: String) -> Bool {
        let (a, b) = (a.utf8, b.utf8)
        return a.count == b.count && zip(a, b).allSatisfy { ByteClass.lowercase($0) == ByteClass.lowercase($1) }
    }
}
