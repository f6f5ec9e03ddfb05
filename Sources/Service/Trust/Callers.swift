import Foundation
import HTTP

/// On whose account a request is: the key it came with, else the address it came from. What one caller takes is bounded
/// so that others get their part; who it is told nowhere.
package struct Callers: Sendable {
    let keys: APIKeys?
    let clients: ClientAddress

    func caller(of exchange: Exchange) -> Caller {
        if let tenant = keys?.tenant(of: exchange.head) {
            return Caller(account: tenant.accounts[0], tenant: tenant, owner: .accounts(tenant.accounts))
        }
        let address = clients.resolve(peer: exchange.remoteAddress.host, headers: exchange.head.headers)
        let account = AddressRange.network(of: address)
        return Caller(account: account, tenant: nil, owner: keys == nil ? .anybody : .accounts([account]))
    }
}

struct Caller: Sendable {
    /// A short name, the same for every request of a caller and in every process: its key's name or digest, or its address; of
    /// IPv6 the /64, because whoever has one address of it has them all.
    let account: String
    /// Nil where the service has no keys.
    let tenant: Tenant?
    /// As whom it asks for jobs.
    let owner: JobOwner

    /// The names that its own jobs are kept under.
    var accounts: [String] { tenant?.accounts ?? [account] }
}

/// Whose request it is, behind proxies that are trusted to say.
package struct ClientAddress: Sendable {
    let trusted: [AddressRange]

    package init(trusted: [AddressRange]) { self.trusted = trusted }

    /// The nearest address that is no trusted proxy: X-Forwarded-For is read from its end, because a client can put
    /// anything at its beginning. The peer itself where it is not trusted.
    package func resolve(peer: String, headers: HTTPHeaders?) -> String {
        guard isTrusted(peer), let headers else { return peer }
        var nearest = peer
        for hop in Self.hops("X-Forwarded-For", headers).reversed() {
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
        let hops = Self.hops("X-Forwarded-For", headers).reversed().prefix { isTrusted(Self.withoutPort($0)) }
        return Self.hops("X-Forwarded-Proto", headers).suffix(hops.count + 1).contains { $0.lowercased() == "https" }
    }

    /// The last entries of a list that proxies add to; more of them are not looked at, so that a long field costs no more
    /// than a usual one.
    private static func hops(_ field: String, _ headers: HTTPHeaders) -> [String] {
        var hops: [String] = []
        for value in headers.values(field).suffix(longestList) {
            let last = String(decoding: value.utf8.suffix(longestField), as: UTF8.self)
            hops += last.split(separator: ",").suffix(longestList).map { $0.trimmingCharacters(in: .whitespaces) }
        }
        return hops.filter { !$0.isEmpty }.suffix(longestList)
    }

    private static let longestList = 32
    private static let longestField = 2048

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
