/// Takes requests apart, from bytes that come in any pieces (RFC 9112).
///
/// Every verdict falls at a byte of the message, never at the end of a read, so that it is the same however the bytes
/// are split. Each byte is looked at a fixed number of times, and no more than one line is ever held back.
package struct RequestParser {
    package enum Event {
        /// All input has been used and more is needed.
        case needsMore
        case head(RequestHead)
        /// A part of the body: this range of the input.
        case body(Range<Int>)
        /// The request is complete; what follows is the next one.
        case end
        /// Nothing can be read after this.
        case failure(ParseFailure)
    }

    enum State {
        /// Before a request line; counts the empty lines passed over.
        case start(emptyLines: Int)
        case requestLine
        case fieldLine
        case body(remaining: Int)
        case chunkLine
        case chunkData(remaining: Int)
        /// The CRLF after a chunk's data; the number of its bytes that have come.
        case chunkEnd(Int)
        case trailerLine
        case failed(ParseFailure)
    }

    let limits: MessageLimits
    var state = State.start(emptyLines: 0)
    /// The beginning of a line that is not complete.
    var partial: [UInt8] = []
    /// Bytes of the lines of the head, or of the trailers.
    var sectionBytes = 0
    var head = HeadBuilder()
    var trailerCount = 0
    var bodyBytes = 0
    /// Bytes of chunk lines beyond what the data excuses.
    var chunkOverhead = 0

    /// Most bytes of a body; may be set between the head and the body. A chunked body that grows beyond it fails with
    /// 413; a Content-Length beyond it is for whoever got the head to refuse.
    package var bodyLimit: Int

    package init(limits: MessageLimits = MessageLimits()) {
        self.limits = limits
        bodyLimit = limits.body
    }

    /// Between two requests, with no byte of the next one.
    package var isIdle: Bool {
        if case .start = state { partial.isEmpty } else { false }
    }

    /// What is known of the request line, for the log of a broken request.
    var requestLine: (method: HTTPMethod, target: RequestTarget)? { head.requestLine.map { ($0.method, $0.target) } }

    /// Goes on at `offset` and moves it behind what was used.
    package mutating func next(_ input: UnsafeBufferPointer<UInt8>, at offset: inout Int) -> Event {
        do throws(ParseFailure) {
            while true {
                switch state {
                case .start(let emptyLines):
                    guard try skipEmptyLine(input, at: &offset, emptyLines) else { return .needsMore }
                case .requestLine:
                    guard try readRequestLine(input, at: &offset) else { return .needsMore }
                case .fieldLine:
                    guard
                        let isLast = try readSectionLine(
                            input, at: &offset,
                            { parser, line throws(ParseFailure) in
                                try parser.readField(line)
                            })
                    else { return .needsMore }
                    if isLast { return try finishHead() }
                case .body(let remaining):
                    if remaining == 0 { return finishMessage() }
                    guard offset < input.count else { return .needsMore }
                    let count = min(remaining, input.count - offset)
                    state = .body(remaining: remaining - count)
                    bodyBytes += count
                    offset += count
                    return .body(offset - count..<offset)
                case .chunkLine:
                    guard try readChunkLine(input, at: &offset) else { return .needsMore }
                case .chunkData(let remaining):
                    guard offset < input.count else { return .needsMore }
                    let count = min(remaining, input.count - offset)
                    state = count == remaining ? .chunkEnd(0) : .chunkData(remaining: remaining - count)
                    bodyBytes += count
                    offset += count
                    return .body(offset - count..<offset)
                case .chunkEnd(let seen):
                    guard offset < input.count else { return .needsMore }
                    guard input[offset] == (seen == 0 ? 0x0D : 0x0A) else {
                        throw .broken("A chunk's data is not followed by CRLF.")
                    }
                    offset += 1
                    state = seen == 0 ? .chunkEnd(1) : .chunkLine
                case .trailerLine:
                    guard
                        let isLast = try readSectionLine(
                            input, at: &offset,
                            { parser, line throws(ParseFailure) in
                                try parser.readTrailer(line)
                            })
                    else { return .needsMore }
                    if isLast { return finishMessage() }
                case .failed(let failure):
                    return .failure(failure)
                }
            }
        } catch {
            state = .failed(error)
            partial = []
            return .failure(error)
        }
    }

    /// A robust server passes over an empty line before a request line (RFC 9112 §2.2); not endlessly many. False when
    /// more input is needed.
    private mutating func skipEmptyLine(
        _ input: UnsafeBufferPointer<UInt8>, at offset: inout Int, _ emptyLines: Int
    ) throws(ParseFailure) -> Bool {
        guard offset < input.count else { return false }
        let byte = input[offset]
        if partial.isEmpty {
            if byte == 0x0D, emptyLines < 8 {
                partial.append(byte)
                offset += 1
            } else if ByteClass.isToken(byte) {
                state = .requestLine
            } else {
                throw .broken("A request does not begin with a method.")
            }
        } else {
            guard byte == 0x0A else { throw .broken("A carriage return stands without a line feed.") }
            offset += 1
            partial.removeAll(keepingCapacity: true)
            state = .start(emptyLines: emptyLines + 1)
        }
        return true
    }

    private mutating func finishHead() throws(ParseFailure) -> Event {
        let head = try head.finish()
        sectionBytes = 0
        switch head.framing {
        case .none: state = .body(remaining: 0)
        case .length(let length): state = .body(remaining: length)
        case .chunked: state = .chunkLine
        }
        return .head(head)
    }

    private mutating func finishMessage() -> Event {
        state = .start(emptyLines: 0)
        head = HeadBuilder()
        sectionBytes = 0
        bodyBytes = 0
        chunkOverhead = 0
        bodyLimit = limits.body
        return .end
    }
}

/// Why a message cannot be read on. The connection ends after the answer: where the next message would begin is not
/// known.
package struct ParseFailure: Error, Sendable, Equatable {
    package let status: HTTPStatus
    package let code: String
    package let detail: String
    /// The number that was exceeded, where one was.
    package var limit: Int?

    static func broken(_ detail: String) -> ParseFailure {
        ParseFailure(status: .badRequest, code: "bad_request", detail: detail)
    }

    static func tooLarge(limit: Int) -> ParseFailure {
        ParseFailure(
            status: .contentTooLarge, code: "content_too_large",
            detail: "The body is larger than \(limit) bytes.", limit: limit)
    }

    static func headerTooLarge(_ detail: String, limit: Int) -> ParseFailure {
        ParseFailure(status: .headerFieldsTooLarge, code: "header_fields_too_large", detail: detail, limit: limit)
    }

    /// The answer's content.
    var problem: Problem {
        Problem(
            status, code: code, detail: detail, members: limit.map { [("limit", .integer($0))] } ?? [],
            closesConnection: true)
    }
}

/// What is accepted of one message, in bytes where nothing else is said.
public struct MessageLimits: Sendable {
    /// The request line without its CRLF; beyond: 414.
    public var requestLine = 16 << 10
    /// All header lines together; beyond: 431. Trailers have the same bound.
    public var headerBytes = 64 << 10
    /// Header lines; beyond: 431.
    public var headerCount = 100
    /// Whole body, where the handler names no smaller limit; beyond: 413 before it is read.
    public var body = 64 << 20
    /// How much of an unwanted body is read and thrown away to keep a connection usable.
    public var discardedBody = 64 << 10

    public init() {}
}
