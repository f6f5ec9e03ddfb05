import Foundation

/// A `sockaddr` of any family.
struct RawAddress {
    var storage = sockaddr_storage()
    var length = socklen_t(0)

    var family: sa_family_t { storage.ss_family }

    init(storage: sockaddr_storage, length: socklen_t) {
        self.storage = storage
        self.length = length
    }

    /// Copies what getaddrinfo found.
    init(_ found: UnsafePointer<sockaddr>, length: socklen_t) {
        self.length = length
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: found, count: min(Int(length), $0.count)))
        }
    }

    init(_ address: SocketAddress) throws(SocketError) {
        switch address {
        case .unix(let path): try self.init(unixPath: path)
        case .internet(let host, let port, _):
            guard let first = try Self.resolve(host: host, port: port).first else {
                throw SocketError(call: "getaddrinfo", code: EAI_NONAME, subject: host)
            }
            self = first
        }
    }

    /// - Throws: ENAMETOOLONG where the path does not fit (107 bytes).
    init(unixPath path: String) throws(SocketError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
            guard bytes.count < room.count else { return false }
            room.copyBytes(from: bytes)
            return true
        }
        guard fits, !bytes.isEmpty else { throw SocketError(call: "bind", code: ENAMETOOLONG, subject: path) }
        length = socklen_t(MemoryLayout<sockaddr_un>.size)
        withUnsafeMutableBytes(of: &storage) { room in
            withUnsafeBytes(of: address) { room.copyMemory(from: $0) }
        }
    }

    /// All stream addresses of a name, in the resolver's order.
    static func resolve(host: String, port: Int) throws(SocketError) -> [RawAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { throw SocketError(call: "getaddrinfo", code: code, subject: host) }
        defer { freeaddrinfo(list) }
        var result: [RawAddress] = []
        var next = list
        while let info = next {
            if let address = info.pointee.ai_addr {
                result.append(RawAddress(address, length: info.pointee.ai_addrlen))
            }
            next = info.pointee.ai_next
        }
        return result
    }

    func withPointer<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// The address in words. IPv4 peers of a dual-stack socket are shown as IPv4.
    var description: SocketAddress {
        switch Int32(family) {
        case AF_INET:
            let address = withUnsafeBytes(of: storage) { $0.load(as: sockaddr_in.self) }
            let number = UInt32(bigEndian: address.sin_addr.s_addr)
            return .internet(host: Self.ipv4(number), port: Int(UInt16(bigEndian: address.sin_port)), isIPv6: false)
        case AF_INET6:
            var address = withUnsafeBytes(of: storage) { $0.load(as: sockaddr_in6.self) }
            let port = Int(UInt16(bigEndian: address.sin6_port))
            let bytes = withUnsafeBytes(of: address.sin6_addr) { Array($0) }
            if bytes[0..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
                let number = bytes[12...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                return .internet(host: Self.ipv4(number), port: port, isIPv6: false)
            }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            inet_ntop(AF_INET6, &address.sin6_addr, &text, socklen_t(text.count))
            let end = text.firstIndex(of: 0) ?? text.count
            let host = String(decoding: text[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return .internet(host: host, port: port, isIPv6: true)
        default:
            let path = withUnsafeBytes(of: storage) { bytes -> String in
                let used = bytes[MemoryLayout<sa_family_t>.size..<max(Int(length), MemoryLayout<sa_family_t>.size)]
                return String(decoding: used.prefix { $0 != 0 }, as: UTF8.self)
            }
            return .unix(path: path)
        }
    }

    private static func ipv4(_ number: UInt32) -> String {
        "\(number >> 24).\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
    }
}
