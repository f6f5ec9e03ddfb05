import Foundation
import HTTP

/// On whose account a request is: the key it came with, else the address it came from. What one caller takes is bounded
/// so that others get their part; who it is told nowhere.
package struct Callers: Sendable {
    let keys: APIKeys?
    let clients: ClientAddress

    /// A short name, the same for every request of a caller and in every process: its key's digest, or its address; of
    /// IPv6 the /64, because whoever has one address of it has them all.
    func name(of exchange: Exchange) -> String {
        if let key = keys?.name(of: exchange.head) { return "key \(key)" }
        let address = clients.resolve(peer: exchange.remoteAddress.host, headers: exchange.head.headers)
        return AddressRange.network(of: address)
    }
}
