/// Reading field values (RFC 9110 §5.6).
public enum FieldValue {
    /// The elements of a comma-separated list, without surrounding white space; commas within quoted strings do not
    /// separate, empty elements are left out (RFC 9110 §5.6.1.2).
    public static func listElements(_ value: String) -> [String] {
        split(value, at: UInt8(ascii: ",")).filter { !$0.isEmpty }
    }

    /// Splits outside quoted strings and trims spaces and tabs.
    static func split(_ value: String, at separator: UInt8) -> [String] {
        var parts: [String] = []
        let bytes = value.utf8
        var start = bytes.startIndex
        var isQuoted = false
        var isEscaped = false
        var index = start
        while index < bytes.endIndex {
            let byte = bytes[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte == separator, !isQuoted {
                parts.append(trimmed(bytes[start..<index]))
                start = bytes.index(after: index)
            }
            index = bytes.index(after: index)
        }
        parts.append(trimmed(bytes[start...]))
        return parts
    }

    private static func trimmed(_ bytes: Substring.UTF8View) -> String {
        var part = bytes
        while let byte = part.first, ByteClass.isSpace(byte) { part.removeFirst() }
        while let byte = part.last, ByteClass.isSpace(byte) { part.removeLast() }
        return String(Substring(part))
    }

    /// Whether the text is a token (RFC 9110 §5.6.2).
    public static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { ByteClass.isToken($0) }
    }

    /// The content of a quoted string with its escapes undone, or the token itself; nil when it is neither (§5.6.4).
    static func unquote(_ text: String) -> String? {
        guard text.utf8.first == UInt8(ascii: "\"") else { return isToken(text) ? text : nil }
        var result: [UInt8] = []
        var isEscaped = false
        var isClosed = false
        for byte in text.utf8.dropFirst() {
            if isClosed { return nil }
            if isEscaped {
                result.append(byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isClosed = true
            } else {
                result.append(byte)
            }
        }
        return isClosed ? String(decoding: result, as: UTF8.self) : nil
    }

    /// The value of a parameter. What is no token has to be quoted (RFC 9110 §5.6.6), but clients write
    /// `boundary=a=b/c:d`; without white space, quotation marks and backslashes that can be read in one way only.
    static func parameterValue(_ text: String) -> String? {
        guard text.utf8.first != UInt8(ascii: "\"") else { return unquote(text) }
        let isPlain = text.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        }
        return isPlain && !text.isEmpty ? text : nil
    }

    /// A value with parameters, as in `form-data; name="image"`: the lower-cased first part, and the parameters with
    /// lower-cased names (§5.6.6). Nil when a parameter is broken or comes twice.
    public static func parameterised(_ value: String) -> (value: String, parameters: [String: String])? {
        let parts = split(value, at: UInt8(ascii: ";"))
        var parameters: [String: String] = [:]
        for part in parts.dropFirst() where !part.isEmpty {
            guard let equals = part.firstIndex(of: "="),
                let content = parameterValue(String(part[part.index(after: equals)...]))
            else { return nil }
            let name = part[..<equals].lowercased()
            guard isToken(name), parameters.updateValue(content, forKey: name) == nil else { return nil }
        }
        return (parts[0].lowercased(), parameters)
    }
}

/// Comparing entity tags (RFC 9110 §8.8.3, §13.1.2).
public enum EntityTag {
    /// Whether If-None-Match, as a list of its elements, names the tag: weak comparison; `*` names any.
    ///
    /// - Parameters:
    ///   - tag: with its quotation marks.
    ///   - elements: the field's list.
    public static func isNamed(_ tag: String, in elements: [String]) -> Bool {
        elements.contains { $0 == "*" || strong($0) == strong(tag) }
    }

    private static func strong(_ tag: String) -> Substring { tag.hasPrefix("W/") ? tag.dropFirst(2) : tag[...] }
}
