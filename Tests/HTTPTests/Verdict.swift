import HTTP

/// What the parser makes of a stream of bytes, as one line per request: equal for every way to split the bytes.
struct Verdict: Equatable, CustomStringConvertible {
    var lines: [String] = []

    var description: String { lines.joined(separator: " | ") }

    /// - Parameter cuts: ascending positions at which a read ends.
    init(_ bytes: [UInt8], cuts: [Int] = [], limits: MessageLimits = MessageLimits()) {
        var parser = RequestParser(limits: limits)
        var body: [UInt8] = []
        var start = 0
        reading: for end in cuts + [bytes.count] {
            let piece = Array(bytes[start..<end])
            var offset = 0
            feeding: while true {
                let event = piece.withUnsafeBufferPointer { parser.next($0, at: &offset) }
                switch event {
                case .needsMore:
                    if offset != piece.count { lines.append("left \(piece.count - offset) bytes") }
                    break feeding
                case .head(let head):
                    let fields = head.headers.fields.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
                    lines.append(
                        "\(head.method) \(head.target.path)?\(head.target.query ?? "-") \(head.version) "
                            + "\(head.authority) \(head.framing) \(head.keepsAlive) [\(fields)]")
                case .body(let range): body += piece[range]
                case .end:
                    lines.append("end \(String(decoding: body, as: UTF8.self).debugDescription)")
                    body = []
                case .failure(let failure):
                    lines.append("\(failure.status.rawValue) \(failure.code): \(failure.detail)")
                    break reading
                }
            }
            start = end
        }
        if lines.isEmpty || !lines[lines.count - 1].hasPrefix("end"), failure == nil {
            lines.append("incomplete \(body.count)")
        }
    }

    /// The status of the failure that ended it.
    var failure: Int? {
        guard let last = lines.last, last.dropFirst(3).first == " " else { return nil }
        return Int(last.prefix(3))
    }

    /// "ok" for complete requests, "incomplete", or the status of the failure.
    var summary: String {
        if let failure { return "\(failure)" }
        return lines.last?.hasPrefix("end") == true ? "ok" : "incomplete"
    }
}
