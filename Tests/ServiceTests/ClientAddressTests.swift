import HTTP
import Service
import Testing

@Suite struct ClientAddressTests {
    private func resolve(_ peer: String, _ forwarded: String...) -> String {
        var headers = HTTPHeaders()
        for value in forwarded { headers.add("X-Forwarded-For", value) }
        let trusted = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"].compactMap(AddressRange.init)
        return ClientAddress(trusted: trusted).resolve(peer: peer, headers: headers)
    }

    @Test func nearestUntrustedAddressCounts() {
        #expect(resolve("203.0.113.1", "1.2.3.4") == "203.0.113.1")
        #expect(resolve("127.0.0.1") == "127.0.0.1")
        #expect(resolve("127.0.0.1", "198.51.100.7") == "198.51.100.7")
        // A client that claims to be somebody else stands left of what the proxy saw.
        #expect(resolve("127.0.0.1", "1.2.3.4, 198.51.100.7, 10.1.1.1") == "198.51.100.7")
        #expect(resolve("127.0.0.1", "1.2.3.4", "198.51.100.7") == "198.51.100.7")
        #expect(resolve("127.0.0.1", "198.51.100.7:5000") == "198.51.100.7")
        #expect(resolve("127.0.0.1", "[2001:db9::1]:443") == "2001:db9::1")
        #expect(resolve("127.0.0.1", "garbage") == "127.0.0.1")
        #expect(resolve("127.0.0.1", "garbage, 10.0.0.2") == "10.0.0.2")
    }

    /// Believed are the words of as many proxies as are trusted, counted from the end.
    @Test(arguments: [
        ("127.0.0.1", "1.2.3.4", "https", true), ("127.0.0.1", "1.2.3.4", "http", false),
        ("127.0.0.1", "", "https", true), ("127.0.0.1", "1.2.3.4", "", false), ("203.0.113.1", "1.2.3.4", "https", false),
        ("127.0.0.1", "1.2.3.4", "https, http", false), ("127.0.0.1", "1.2.3.4, 10.0.0.1", "https, http", true),
        ("127.0.0.1", "1.2.3.4, 10.0.0.1", "https, http, http", false), ("127.0.0.1", "1.2.3.4", "ftp", false),
    ])
    func schemeOfTheClient(peer: String, forwarded: String, proto: String, isHTTPS: Bool) {
        var headers = HTTPHeaders()
        if !forwarded.isEmpty { headers.add("X-Forwarded-For", forwarded) }
        if !proto.isEmpty { headers.add("X-Forwarded-Proto", proto) }
        let clients = ClientAddress(trusted: ["127.0.0.1", "10.0.0.0/8"].compactMap(AddressRange.init))
        #expect(clients.cameByHTTPS(peer: peer, headers: headers) == isHTTPS)
    }
}
