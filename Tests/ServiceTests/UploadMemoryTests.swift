import Testing

/// What bodies take of the memory budget while they arrive.
@Suite struct UploadMemoryTests {
    /// Ten clients that announce the largest body, or none in particular, and send next to nothing.
    @Test func whoSendsNothingKeepsNobodyOut() throws {
        let rig = try Rig(["max-body": "4MiB", "memory-budget": "16MiB"])
        let silent = try (0..<10).map { index in
            let client = try rig.client()
            let framing = index % 2 == 0 ? "Content-Length: 4194304" : "Transfer-Encoding: chunked"
            client.send("POST /deblur HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n")
            return client
        }
        #expect(try rig.post("/deblur", Pictures.png(32, 32)).status == 200)
        // The answer's own share lasts until its last byte is sent, which its reader may see first.
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 0 })
        withExtendedLifetime(silent) {}
    }

    @Test func bodiesThatOverrunTheBudgetTogetherAreRefusedBeforeTheirEnd() throws {
        let rig = try Rig(["max-body": "4MiB", "memory-budget": "16MiB"])
        let part = [UInt8](repeating: 0, count: 3 << 20)
        let clients = try (0..<3).map { _ in try rig.client() }
        for client in clients.prefix(2) {
            client.send("POST /deblur HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n400000\r\n")
            client.send(part)
        }
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 6_291_456 })
        // 8 MiB are for uploads: the third one's last part is too much.
        clients[2].send("POST /deblur HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n300000\r\n")
        clients[2].send(part)
        let refused = try clients[2].answer()
        #expect(refused.status == 429 && refused.headers["Retry-After"] != nil)
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 6_291_456 })
        for client in clients { client.reset() }
        #expect(try rig.eventually { try rig.metric("deblur_memory_reserved_bytes") == 0 })
        // Those that left; the refused one is none of them.
        #expect(try rig.eventually { try rig.metric("deblur_cancelled_total{stage=\"upload\"}") == 2 })
    }
}
