/// The name of a file as the system knows it: bytes, of which only `/` and NUL mean something.
///
/// A `String` would not do: it cannot hold a name that is not UTF-8, and it calls two names equal that differ by Unicode
/// normalisation although the system keeps two files.
public struct FilePath: Sendable, Hashable {
    /// Without NUL.
    public let bytes: [UInt8]

    public init(bytes: some Sequence<UInt8>) { self.bytes = Array(bytes.prefix { $0 != 0 }) }

    public init(_ text: String) { self.init(bytes: text.utf8) }

    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")

    // MARK: Parts

    /// Whether it is written as a folder: it ends with a slash.
    public var endsWithSlash: Bool { bytes.last == Self.slash }

    /// Without slashes at its end; the root stays.
    public var withoutFinalSlashes: FilePath {
        guard let last = bytes.lastIndex(where: { $0 != Self.slash }) else { return bytes.isEmpty ? self : FilePath("/") }
        return FilePath(bytes: bytes[...last])
    }

    /// The names between the slashes.
    public var components: [ArraySlice<UInt8>] { bytes.split(separator: Self.slash) }

    /// The part after the last slash that something follows; nil for the root and for nothing.
    public var lastComponent: FilePath? { components.last.map { FilePath(bytes: $0) } }

    /// What holds it, as text says: `.` for a bare name.
    public var parent: FilePath {
        let trimmed = withoutFinalSlashes.bytes
        guard let slash = trimmed.lastIndex(of: Self.slash) else { return FilePath(".") }
        return FilePath(bytes: slash == 0 ? trimmed[...0] : trimmed[..<slash])
    }

    public func appending(_ relative: FilePath) -> FilePath {
        bytes.isEmpty || endsWithSlash
            ? FilePath(bytes: bytes + relative.bytes) : FilePath(bytes: bytes + [Self.slash] + relative.bytes)
    }

    /// The letters after the last dot of the last component, in lower case; nil without any, and for `.hidden`.
    public var fileExtension: String? {
        guard let name = components.last, let dot = name.lastIndex(of: Self.dot), dot > name.startIndex,
            dot + 1 < name.endIndex
        else { return nil }
        return String(validating: name[(dot + 1)...], as: UTF8.self)?.lowercased()
    }

    /// Without the extension and its dot; the same where there is none.
    public var withoutExtension: FilePath {
        guard fileExtension != nil, let dot = bytes.lastIndex(of: Self.dot) else { return self }
        return FilePath(bytes: bytes[..<dot])
    }

    /// With another extension in place of its own, or with one where it has none.
    public func replacingExtension(with other: String) -> FilePath {
        FilePath(bytes: withoutExtension.bytes + [Self.dot] + Array(other.utf8))
    }

    /// Whether the last component begins with a dot.
    public var isHidden: Bool { components.last?.first == Self.dot }

    // MARK: Text

    /// The name as text; nil where it is not UTF-8.
    public var text: String? { String(validating: bytes, as: UTF8.self) }

    /// For people and reports: always text. Bytes that are not UTF-8 and control characters, which could command a
    /// terminal, are written as `\xE9`.
    public var description: String {
        var text = ""
        forEachUTF8Part(of: bytes) { scalar, part in
            if let scalar, scalar.properties.generalCategory != .control {
                text.unicodeScalars.append(scalar)
            } else {
                text += part.map(Self.escaped).joined()
            }
        }
        return text
    }

    private static func escaped(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "\\x" + (digits.count == 1 ? "0" : "") + digits
    }
}

extension FilePath: CustomStringConvertible {}

extension FilePath: Comparable {
    /// By bytes: one order on every machine and in every locale.
    public static func < (first: FilePath, second: FilePath) -> Bool {
        first.bytes.lexicographicallyPrecedes(second.bytes)
    }
}
