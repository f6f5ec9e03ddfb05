import HTTP

/// Which web pages of other origins may call the service: `--cors` (the CORS protocol of the Fetch standard, §3.3).
///
/// Browsers ask with a preflight, which never carries a key, and hide an answer, errors included, that does not name the
/// page's origin.
public struct CrossOriginPolicy: Sendable, Equatable {
    /// As browsers write them; nil for any.
    private let origins: Set<String>?

    /// - Parameter text: `*`, or origins with commas between: `https://a.example,http://localhost:3000`. Nil when one is
    ///   none.
    public init?(_ text: String) {
        let entries = FieldValue.listElements(text)
        guard !entries.isEmpty else { return nil }
        if entries == ["*"] {
            origins = nil
            return
        }
        let origins = entries.compactMap(Self.origin)
        guard origins.count == entries.count else { return nil }
        self.origins = Set(origins)
    }

    /// `scheme://host[:port]` as browsers write it (RFC 6454 §6.2): in lower case, without the scheme's own port.
    private static func origin(_ text: String) -> String? {
        let parts = text.lowercased().split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        // RFC 3986 allows an asterisk in a name, but whoever writes one means a pattern.
        guard parts.count == 2, Authority.isOrigin(String(parts[1])), isScheme(parts[0]), !parts[1].contains("*") else {
            return nil
        }
        for (scheme, port) in [("http", ":80"), ("https", ":443")] where parts[0] == scheme && parts[1].hasSuffix(port) {
            return "\(scheme)://\(parts[1].dropLast(port.count))"
        }
        return "\(parts[0])://\(parts[1])"
    }

    /// RFC 3986 §3.1, in lower case.
    private static func isScheme(_ text: Substring) -> Bool {
        text.wholeMatch(of: /[a-z][a-z0-9+.-]*/) != nil
    }

    /// Seconds for which a browser keeps what a preflight told it.
    private static let maximumAge = 3600
    /// What answers tell beyond the fields that every page may read.
    private static let exposed = [
        "Accept-Post", "Allow", "Deblur-Anomalies", "Deblur-Deadline", "Deblur-Exits", "Deblur-Model", "Deblur-Ticket",
        "Deblur-Tiles", "ETag", "Location", "Preference-Applied", "Retry-After", "Server-Timing", "WWW-Authenticate",
        "X-Request-Id",
    ].joined(separator: ", ")
    /// What requests may tell beyond the fields that every page may send.
    private static let taken = [
        "Authorization", "Cache-Control", "Content-Type", "Deblur-Ticket", "If-None-Match", "Last-Event-ID", "Prefer",
        "X-Request-Id", "traceparent", "tracestate",
    ].joined(separator: ", ")

    /// Whether a browser asks if a page may send a request, before it sends it (Fetch §3.3.3).
    func isPreflight(_ head: RequestHead) -> Bool {
        head.method == .options && head.headers.contains("Origin")
            && head.headers.contains("Access-Control-Request-Method")
    }

    /// What an answer to that request carries.
    func fields(for head: RequestHead?) -> HTTPHeaders {
        var fields = HTTPHeaders()
        // What is allowed depends on who asks, so a cache must not give one origin's answer to another.
        if origins != nil { fields.add("Vary", "Origin") }
        guard let allowed = allowedOrigin(head) else { return fields }
        fields.add("Access-Control-Allow-Origin", allowed)
        if let head, isPreflight(head) {
            fields.add("Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE")
            fields.add("Access-Control-Allow-Headers", Self.taken)
            fields.add("Access-Control-Max-Age", String(Self.maximumAge))
        } else {
            fields.add("Access-Control-Expose-Headers", Self.exposed)
        }
        return fields
    }

    private func allowedOrigin(_ head: RequestHead?) -> String? {
        guard let origins else { return "*" }
        guard let sent = head?.headers.values("Origin"), sent.count == 1, origins.contains(sent[0]) else { return nil }
        return sent[0]
    }
}
