extension RequestTarget {
    /// Reads a target (RFC 9112 §3.2) and checks every character of it against RFC 3986: no fragment, no quotation
    /// marks or angle brackets, nothing outside ASCII, no bad percent sign.
    ///
    /// - Returns: the target, and the authority that stands in it.
    static func parse(
        _ bytes: UnsafeBufferPointer<UInt8>, method: HTTPMethod
    ) throws(ParseFailure) -> (RequestTarget, authority: String?) {
        guard let first = bytes.first else { throw .broken("The request line has no target.") }
        if method == .connect {
            // Authority form (§3.2.3): host and port, both needed.
            guard Authority.isHost(bytes), let last = bytes.last, ByteClass.isDigit(last), bytes.contains(0x3A) else {
                throw .broken("The target of CONNECT is not a host and port.")
            }
            let raw = String(decoding: bytes, as: UTF8.self)
            return (RequestTarget(form: .authority, raw: raw, path: "", query: nil), raw)
        }
        if first == UInt8(ascii: "/") { return (try origin(bytes), nil) }
        if first == UInt8(ascii: "*"), bytes.count == 1 {
            guard method == .options else { throw .broken("The target * is for OPTIONS alone.") }
            return (RequestTarget(form: .asterisk, raw: "*", path: "*", query: nil), nil)
        }
        return try absolute(bytes, method: method)
    }

    /// Origin form (§3.2.1): `absolute-path [ "?" query ]`.
    private static func origin(_ bytes: UnsafeBufferPointer<UInt8>) throws(ParseFailure) -> RequestTarget {
        try check(bytes)
        let raw = String(decoding: bytes, as: UTF8.self)
        guard let mark = bytes.firstIndex(of: UInt8(ascii: "?")) else {
            return RequestTarget(form: .origin, raw: raw, path: raw, query: nil)
        }
        return RequestTarget(
            form: .origin, raw: raw, path: String(decoding: bytes[..<mark], as: UTF8.self),
            query: String(decoding: bytes[(mark + 1)...], as: UTF8.self))
    }

    /// Absolute form (§3.2.2): an http or https URI. User information is treated as an error (RFC 9110 §4.2.4).
    private static func absolute(
        _ bytes: UnsafeBufferPointer<UInt8>, method: HTTPMethod
    ) throws(ParseFailure) -> (RequestTarget, authority: String?) {
        var start = 0
        for scheme in ["http://", "https://"] where bytes.count > scheme.utf8.count {
            if zip(bytes, scheme.utf8).allSatisfy({ ByteClass.lowercase($0) == $1 }) { start = scheme.utf8.count }
        }
        guard start > 0 else { throw .broken("The target is neither a path nor an http URI.") }
        let end = bytes[start...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? bytes.count
        let authority = UnsafeBufferPointer(rebasing: bytes[start..<end])
        guard Authority.isHost(authority) else { throw .broken("The target's authority is not a host and port.") }
        let rest = UnsafeBufferPointer(rebasing: bytes[end...])
        try check(rest)
        let mark = rest.firstIndex(of: UInt8(ascii: "?"))
        var path = String(decoding: rest[..<(mark ?? rest.count)], as: UTF8.self)
        // RFC 9112 §3.2.4: OPTIONS of an authority without a path is about the server as a whole.
        let isServer = path.isEmpty && mark == nil && method == .options
        if path.isEmpty { path = isServer ? "*" : "/" }
        let target = RequestTarget(
            form: isServer ? .asterisk : .absolute, raw: String(decoding: bytes, as: UTF8.self), path: path,
            query: mark.map { String(decoding: rest[($0 + 1)...], as: UTF8.self) },
            isHTTPS: start == "https://".utf8.count)
        return (target, String(decoding: authority, as: UTF8.self))
    }

    private static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(ParseFailure) {
        for (index, byte) in bytes.enumerated() where !ByteClass.isTarget(byte) {
            if byte == UInt8(ascii: "%") {
                guard index + 2 < bytes.count, ByteClass.isHex(bytes[index + 1]), ByteClass.isHex(bytes[index + 2])
                else { throw .broken("A percent sign in the target is not followed by two hexadecimal digits.") }
            } else {
                throw .broken("The target holds a character that a URI cannot have.")
            }
        }
    }
}
