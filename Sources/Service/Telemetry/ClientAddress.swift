import HTTP

/// Whose request it is, behind proxies that are trusted to say.
package struct ClientAddress: Sendable {
    let trusted: [AddressRange]

    package init(trusted: [AddressRange]) { self.trusted = trusted }

    /// The nearest address that is no trusted proxy: X-Forwarded-For is read from its end, because a client can put
    /// anything at its beginning. The peer itself where it is not trusted.
    package func resolve(peer: String, headers: HTTPHeaders?) -> String {
        guard isTrusted(peer), let headers else { return peer }
        var nearest = peer
        for hop in headers.list("X-Forwarded-For").reversed() {
            let address = Self.withoutPort(hop)
            guard AddressRange.isAddress(address) else { break }
            nearest = address
            if !isTrusted(address) { break }
        }
        return nearest
    }

    /// Whether a trusted proxy says that the client's own connection was encrypted. Each proxy adds to the end of the
    /// list or replaces it: what stands before the words of the trusted ones is the client's.
    package func cameByHTTPS(peer: String, headers: HTTPHeaders) -> Bool {
        guard isTrusted(peer) else { return false }
        let hops = headers.list("X-Forwarded-For").reversed().prefix { isTrusted(Self.withoutPort($0)) }
        return headers.list("X-Forwarded-Proto").suffix(hops.count + 1).contains { $0.lowercased() == "https" }
    }

    private func isTrusted(_ address: String) -> Bool { trusted.contains { $0.contains(address) } }

    /// `192.0.2.1:80`, `[2001:db8::1]:80`, `[2001:db8::1]`: some proxies add a port.
    private static func withoutPort(_ hop: String) -> String {
        if hop.hasPrefix("["), let end = hop.firstIndex(of: "]") {
            return String(hop[hop.index(after: hop.startIndex)..<end])
        }
        let parts = hop.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? String(parts[0]) : hop
    }
}
