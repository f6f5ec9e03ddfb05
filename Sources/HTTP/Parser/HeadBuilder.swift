/// Gathers a head line by line and judges it when it is complete.
struct HeadBuilder {
    struct RequestLine {
        let method: HTTPMethod
        let target: RequestTarget
        /// Of an absolute-form or authority-form target.
        let authority: String?
        let version: RequestHead.Version
    }

    var requestLine: RequestLine?
    private var headers = HTTPHeaders()
    private var hosts = 0
    private var host = ""
    private var lengths = 0
    private var length = 0
    private var codings: [String] = []
    private var expectations: [String] = []
    private var connection: [String] = []

    var fieldCount: Int { headers.fields.count }

    typealias Line = UnsafeBufferPointer<UInt8>

    // MARK: Request line

    /// `method SP request-target SP HTTP-version` with single spaces (RFC 9112 §3): the lenient forms of §3 would let
    /// two servers read two targets in one line.
    mutating func readRequestLine(_ line: Line) throws(ParseFailure) {
        guard let first = line.firstIndex(of: 0x20), first > 0,
            line[..<first].allSatisfy({ ByteClass.isToken($0) })
        else { throw .broken("The request line does not begin with a method and a space.") }
        guard let last = line.lastIndex(of: 0x20), last > first else {
            throw .broken("The request line has no protocol version.")
        }
        let version = try Self.version(Line(rebasing: line[(last + 1)...]))
        let method = Self.method(Line(rebasing: line[..<first]))
        let (target, authority) = try RequestTarget.parse(
            Line(rebasing: line[(first + 1)..<last]), method: method)
        requestLine = RequestLine(method: method, target: target, authority: authority, version: version)
    }

    private static func method(_ bytes: Line) -> HTTPMethod {
        // The strings of the common ones are there already.
        for method in HTTPMethod.known where method.rawValue.utf8.elementsEqual(bytes) { return method }
        return HTTPMethod(rawValue: String(decoding: bytes, as: UTF8.self))
    }

    /// RFC 9112 §2.3: `HTTP/` DIGIT `.` DIGIT, case-sensitive. Another major version is answered with 505.
    private static func version(_ bytes: Line) throws(ParseFailure) -> RequestHead.Version {
        guard bytes.count == 8, bytes[0] == 0x48, bytes[1] == 0x54, bytes[2] == 0x54, bytes[3] == 0x50,
            bytes[4] == 0x2F, bytes[6] == 0x2E, ByteClass.isDigit(bytes[5]), ByteClass.isDigit(bytes[7])
        else { throw .broken("The request line does not end with a protocol version.") }
        guard bytes[5] == 0x31 else {
            throw ParseFailure(
                status: .versionNotSupported, code: "version_not_supported",
                detail: "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
        }
        return bytes[7] == 0x30 ? .http10 : .http11
    }

    // MARK: Fields

    /// `field-name ":" OWS field-value OWS` (RFC 9112 §5). A line that begins with white space is obs-fold (§5.2) or
    /// hides a field, and white space before the colon is refused by §5.1.
    mutating func readField(_ line: Line) throws(ParseFailure) {
        let field = try Self.field(line)
        headers.append(checked: field)
        let name = field.name
        switch name.utf8.count {
        case 4 where HTTPHeaders.same(name, "host"):
            hosts += 1
            host = field.value
        case 6 where HTTPHeaders.same(name, "expect"):
            expectations += FieldValue.listElements(field.value)
        case 10 where HTTPHeaders.same(name, "connection"):
            connection += FieldValue.listElements(field.value)
        case 14 where HTTPHeaders.same(name, "content-length"):
            lengths += 1
            length = try Self.contentLength(field.value)
        case 17 where HTTPHeaders.same(name, "transfer-encoding"):
            // Empty elements stay in: they have no place here.
            codings += FieldValue.split(field.value, at: UInt8(ascii: ","))
        default: break
        }
    }

    static func field(_ line: Line) throws(ParseFailure) -> HTTPHeaders.Field {
        guard !ByteClass.isSpace(line[0]) else {
            throw .broken("A header line begins with white space (folded lines are not accepted).")
        }
        var colon = 0
        while colon < line.count, ByteClass.isToken(line[colon]) { colon += 1 }
        guard colon > 0, colon < line.count, line[colon] == UInt8(ascii: ":") else {
            throw .broken("A header line does not begin with a field name and a colon.")
        }
        var start = colon + 1
        var end = line.count
        while start < end, ByteClass.isSpace(line[start]) { start += 1 }
        while end > start, ByteClass.isSpace(line[end - 1]) { end -= 1 }
        return HTTPHeaders.Field(
            name: String(decoding: line[..<colon], as: UTF8.self), value: text(Line(rebasing: line[start..<end])))
    }

    /// The text of a value: UTF-8, or ISO 8859-1 where it is not (RFC 9110 §5.5).
    private static func text(_ bytes: Line) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }

    /// RFC 9110 §8.6: digits only; no list, even of equal values (RFC 9112 §6.3 item 5 allows to refuse it).
    private static func contentLength(_ text: String) throws(ParseFailure) -> Int {
        guard !text.isEmpty, text.utf8.allSatisfy({ ByteClass.isDigit($0) }) else {
            throw .broken("Content-Length is not a number.")
        }
        return text.utf8.reduce(0) { sum, digit in
            let (product, overflow) = sum.multipliedReportingOverflow(by: 10)
            let (total, overflow2) = product.addingReportingOverflow(Int(digit - 48))
            return overflow || overflow2 ? .max : total
        }
    }

    // MARK: The whole

    /// The head, when all its parts fit together.
    func finish() throws(ParseFailure) -> RequestHead {
        guard let line = requestLine else { throw .broken("There is no request line.") }
        // RFC 9112 §3.2: exactly one Host in HTTP/1.1, a sound one wherever there is one.
        guard hosts <= 1 else { throw .broken("There is more than one Host.") }
        guard hosts == 1 || line.version == .http10 else { throw .broken("There is no Host.") }
        guard hosts == 0 || Authority.isHost(host) else { throw .broken("Host is not a host and port.") }
        let framing = try framing(line.version)
        let keepsAlive: Bool
        // RFC 9112 §9.3.
        if connection.contains(where: { HTTPHeaders.same($0, "close") }) {
            keepsAlive = false
        } else {
            keepsAlive = line.version == .http11 || connection.contains { HTTPHeaders.same($0, "keep-alive") }
        }
        return RequestHead(
            method: line.method, target: line.target, version: line.version, headers: headers,
            // RFC 9112 §3.2.2: the authority of the target replaces Host.
            authority: line.authority ?? host, framing: framing,
            // RFC 9110 §10.1.1: an expectation in HTTP/1.0 is ignored; a request without a body has nothing to wait
            // for.
            expectations: line.version == .http11 ? expectations : [], keepsAlive: keepsAlive)
    }

    /// RFC 9112 §6.3. Everything that two servers could read in two ways is refused.
    private func framing(_ version: RequestHead.Version) throws(ParseFailure) -> RequestHead.Framing {
        guard lengths <= 1 else { throw .broken("There is more than one Content-Length.") }
        guard headers.contains("transfer-encoding") else { return lengths == 1 ? .length(length) : .none }
        guard version == .http11 else { throw .broken("Transfer-Encoding is not part of HTTP/1.0.") }
        guard lengths == 0 else { throw .broken("There are both Content-Length and Transfer-Encoding.") }
        let chunked = codings.indices.filter { HTTPHeaders.same(codings[$0], "chunked") }
        if codings.count == 1, chunked.count == 1 { return .chunked }
        guard codings.allSatisfy({ FieldValue.isToken($0) }), chunked.isEmpty || chunked == [codings.count - 1] else {
            throw .broken("Transfer-Encoding does not end with a single \"chunked\".")
        }
        throw ParseFailure(
            status: .notImplemented, code: "not_implemented",
            detail: "The only transfer coding that is understood here is chunked.")
    }
}
