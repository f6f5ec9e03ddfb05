/// Text of a log line: whatever a client put into it, it stays one line and shows what it is.
enum LogText {
    /// Control characters, line and paragraph separators, format characters that turn text around, and backslashes
    /// as `\u{…}`.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                escaped += "\\u{\(String(scalar.value, radix: 16))}"
            default:
                if scalar == "\\" { escaped += "\\\\" } else { escaped.unicodeScalars.append(scalar) }
            }
        }
        return escaped
    }

    /// As many whole characters (Unicode scalars) as fit into so many bytes, and `…` for the rest. By bytes: one
    /// grapheme may have any number of them.
    static func prefix(_ text: String, bytes limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: limit)
        while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return String(text.unicodeScalars[..<end]) + "…"
    }

    /// A value after `key=`: quoted when it is empty or holds blanks, quotes or equal signs.
    static func value(_ text: String) -> String {
        let escaped = escape(text)
        guard escaped.isEmpty || escaped.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) else {
            return escaped
        }
        return "\"\(escaped.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\""))\""
    }
}
