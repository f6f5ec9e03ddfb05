import HTTP
import Testing

/// SplitMix64: small, seeded, the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

@Suite struct ParserFuzzTests {
    private static let pieces: [String] = [
        "\r\n", "\r", "\n", "\0", " ", "\t", ":", ";", ",", "=", "\"", "\\", "%", "%41", "%4", "/", "//", "..", "?",
        "#", "*", "@", "[::1]", "http://a/", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "GET ", "POST ", "OPTIONS ", "Host: a\r\n",
        "Content-Length: 5\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n",
        "Expect: 100-continue\r\n", "5\r\nhello\r\n", "0\r\n\r\n", "1;a=b\r\nx\r\n", "\r\n\r\n", "\u{E9}", "\u{7F}",
        "FFFFFFFF", "7FFFFFFFFFFFFFFF", " \r\n", "X: y\r\n", "A: b\r\nC: d\r\nE: f\r\nG: h\r\n",
        "Long: \(String(repeating: "v", count: 150))\r\n", "/\(String(repeating: "t", count: 40))",
        "1;\(String(repeating: "e", count: 30))=f\r\nx\r\n", "gzip, ",
    ]

    /// 220,000 mutated messages, each read whole and in random pieces: no crash, no hang, one verdict.
    @Test func verdictDoesNotDependOnReads() {
        let seed: UInt64 = 0xDEB1_0B51
        var generator = SeededGenerator(state: seed)
        var limits = MessageLimits()
        // Small limits, so that mutations reach them.
        limits.requestLine = 60
        limits.headerBytes = 150
        limits.headerCount = 8
        limits.body = 40
        let corpus = MessageTable.messages.map { Array($0.text.utf8) }.filter { $0.count < 400 }
        // Most begin as sound messages: a broken one seldom gets anywhere new.
        let sound = corpus.filter { Verdict($0, limits: limits).summary == "ok" }
        let pieces = Self.pieces.map { Array($0.utf8) }
        var counts: [String: Int] = [:]
        for round in 0..<220_000 {
            let bytes = Self.mutate(round % 4 == 0 ? corpus : sound, pieces, &generator)
            let whole = Verdict(bytes, limits: limits)
            var cuts: [Int] = []
            let most = Int.random(in: 1...12, using: &generator)
            if bytes.count > 1 {
                for _ in 0..<most { cuts.append(Int.random(in: 0...bytes.count, using: &generator)) }
                cuts.sort()
            }
            let split = Verdict(bytes, cuts: cuts, limits: limits)
            counts[whole.summary, default: 0] += 1
            if whole != split {
                Issue.record(
                    """
                    seed \(seed) round \(round) cuts \(cuts): \(String(decoding: bytes, as: UTF8.self).debugDescription)
                    whole: \(whole)
                    split: \(split)
                    """)
                return
            }
        }
        // The mutations get everywhere: each kind of verdict is met often enough to mean something.
        for kind in ["ok", "incomplete", "400", "413", "414", "431", "501", "505"] {
            #expect(counts[kind, default: 0] >= 100, "only \(counts[kind, default: 0]) times \(kind): \(counts)")
        }
    }

    private static func mutate(
        _ corpus: [[UInt8]], _ pieces: [[UInt8]], _ generator: inout SeededGenerator
    ) -> [UInt8] {
        var bytes = corpus.randomElement(using: &generator) ?? []
        if Int.random(in: 0..<4, using: &generator) == 0 { bytes += corpus.randomElement(using: &generator) ?? [] }
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            var position = Int.random(in: 0...bytes.count, using: &generator)
            // Half of the time at the beginning of a line, where whole lines make sense.
            if Bool.random(using: &generator), let feed = bytes[position...].firstIndex(of: 0x0A) {
                position = feed + 1
            }
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: position)
            case 1: if position < bytes.count { bytes.remove(at: position) }
            case 2: if position < bytes.count { bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
            case 3: bytes.insert(contentsOf: pieces.randomElement(using: &generator) ?? [], at: position)
            case 4:
                let end = min(bytes.count, position + Int.random(in: 0...20, using: &generator))
                bytes.insert(contentsOf: bytes[position..<end], at: position)
            default:
                let end = min(bytes.count, position + Int.random(in: 0...10, using: &generator))
                bytes.removeSubrange(position..<end)
            }
        }
        return bytes
    }
}
