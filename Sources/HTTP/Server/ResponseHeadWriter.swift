import Foundation

/// Writes the head of an answer (RFC 9112 §4, §6).
struct ResponseHeadWriter {
    /// How the client finds the content's end.
    enum Framing {
        case length(Int)
        case chunked
        /// 204, 304, and content that ends with the connection.
        case none
    }

    let serverName: String?
    /// See ``ServerConfiguration/requestIDField``.
    let requestIDField: String?

    /// - Parameter more: fields besides the response's own.
    func write(
        _ response: Response, _ more: HTTPHeaders?, requestID: String, framing: Framing, version: RequestHead.Version,
        keepsAlive: Bool, date: [UInt8], into output: inout [UInt8]
    ) {
        output.append(contentsOf: "HTTP/1.1 ".utf8)
        Self.append(number: response.status.rawValue, to: &output)
        output.append(0x20)
        output.append(contentsOf: response.status.reason.utf8)
        var hasDate = false
        var hasServer = false
        var hasRequestID = false
        for field in response.headers.fields {
            switch field.name.utf8.count {
            // The server's own: two of them, or a wrong one, would break the connection's framing.
            case 10 where HTTPHeaders.same(field.name, "connection"),
                14 where HTTPHeaders.same(field.name, "content-length"),
                17 where HTTPHeaders.same(field.name, "transfer-encoding"):
                continue
            case 4 where HTTPHeaders.same(field.name, "date"): hasDate = true
            case 6 where HTTPHeaders.same(field.name, "server"): hasServer = true
            case let length where length == requestIDField?.utf8.count:
                hasRequestID = hasRequestID || requestIDField.map { HTTPHeaders.same($0, field.name) } ?? false
            default: break
            }
            Self.append(field.name, field.value, to: &output)
        }
        if let more { for field in more.fields { Self.append(field.name, field.value, to: &output) } }
        if let requestIDField, !hasRequestID { Self.append(requestIDField, requestID, to: &output) }
        if !hasDate {
            output.append(contentsOf: "\r\nDate: ".utf8)
            output.append(contentsOf: date)
        }
        if let serverName, !hasServer { Self.append("Server", serverName, to: &output) }
        switch framing {
        case .length(let length):
            output.append(contentsOf: "\r\nContent-Length: ".utf8)
            Self.append(number: length, to: &output)
        case .chunked: output.append(contentsOf: "\r\nTransfer-Encoding: chunked".utf8)
        case .none: break
        }
        if !keepsAlive {
            output.append(contentsOf: "\r\nConnection: close".utf8)
        } else if version == .http10 {
            output.append(contentsOf: "\r\nConnection: keep-alive".utf8)
        }
        output.append(contentsOf: "\r\n\r\n".utf8)
    }

    private static func append(_ name: String, _ value: String, to output: inout [UInt8]) {
        output.append(contentsOf: "\r\n".utf8)
        output.append(contentsOf: name.utf8)
        output.append(contentsOf: ": ".utf8)
        output.append(contentsOf: value.utf8)
    }

    static func append(number: Int, to output: inout [UInt8]) {
        if number >= 10 { append(number: number / 10, to: &output) }
        output.append(UInt8(48 + number % 10))
    }

    /// `chunk-size CRLF` (RFC 9112 §7.1).
    static func append(chunkSize: Int, to output: inout [UInt8]) {
        output.append(contentsOf: String(chunkSize, radix: 16).utf8)
        output.append(contentsOf: "\r\n".utf8)
    }
}

/// The time as HTTP writes it (RFC 9110 §5.6.7), made once a second.
struct HTTPDate {
    private var second = time_t(-1)
    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    private(set) var text: [UInt8] = []

    mutating func update() {
        let now = time(nil)
        if now != second {
            second = now
            text = Self.format(now)
        }
    }

    static func format(_ seconds: time_t) -> [UInt8] {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = "\(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900)"
        let clock = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
        return Array("\(days[Int(parts.tm_wday)]), \(date) \(clock) GMT".utf8)
    }
}
