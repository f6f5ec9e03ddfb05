import Deblur
import Foundation
import Logging

/// One line per event on stderr, as text for people or as JSON for collectors.
public struct LineLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]

    /// Bytes of one value.
    private static let longestValue = 1024

    private let label: String
    private let format: ServeOptions.LogFormat
    private let write: @Sendable (String) -> Void

    /// - Parameters:
    ///   - write: takes one line with its line feed, without waiting; standard error unless a test listens.
    ///   - label: the logger's name.
    ///   - format: text or JSON.
    ///   - level: the least that is written.
    public init(
        label: String, format: ServeOptions.LogFormat, level: Logger.Level,
        write: @escaping @Sendable (String) -> Void = { LogWriter.standardError.write($0) }
    ) {
        self.label = label
        self.format = format
        self.write = write
        logLevel = level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        // Whatever was put in: a line of bounded length.
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
            .mapValues { LogText.prefix($0.description, bytes: Self.longestValue) }
        let time = Date().formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
        switch format {
        case .text:
            let level = event.level.rawValue.uppercased()
            let pairs = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\(LogText.value($0.value))" }
            write("\(time)Z \(level) \(LogText.escape(event.message.description))\(pairs.joined())\n")
        case .json:
            var line = fields
            line["time"] = time + "Z"
            line["level"] = event.level.rawValue
            line["message"] = event.message.description
            line["logger"] = label
            // JSONEncoder escapes what would break a line; the rest of a client's bytes is escaped as in text.
            write(String(decoding: JSON.encode(line.mapValues(LogText.escape)), as: UTF8.self) + "\n")
        }
    }
}

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
