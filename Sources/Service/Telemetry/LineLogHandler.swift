import Foundation
import Logging

/// One line per event on stderr, as text for people or as JSON for collectors.
public struct LineLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]

    private let label: String
    private let format: ServeOptions.LogFormat
    private let write: @Sendable (String) -> Void

    /// - Parameter write: takes one line with its line feed; standard error unless a test listens.
    public init(
        label: String, format: ServeOptions.LogFormat, level: Logger.Level,
        write: @escaping @Sendable (String) -> Void = LineLogHandler.standardError
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
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
        let time = Date().formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
        switch format {
        case .text:
            let level = event.level.rawValue.uppercased()
            let pairs = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\(LogText.value($0.value.description))" }
            write("\(time)Z \(level) \(LogText.escape(event.message.description))\(pairs.joined())\n")
        case .json:
            var line = fields.mapValues(\.description)
            line["time"] = time + "Z"
            line["level"] = event.level.rawValue
            line["message"] = event.message.description
            line["logger"] = label
            // JSONEncoder escapes what would break a line; the rest of a client's bytes is escaped as in text.
            write(String(decoding: JSON.encode(line.mapValues(LogText.escape)), as: UTF8.self) + "\n")
        }
    }

    /// One write per line: lines of several threads do not mix.
    @Sendable public static func standardError(_ line: String) {
        var bytes = Array(line.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno != EINTR { return }
            bytes = bytes.dropFirst(max(0, count))
        }
    }
}
