import Digests
import TestSupport
import Testing

/// Test vectors of FIPS 180-4 (NIST's examples).
struct DigestsTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func knownAnswers(text: String, hex: String) {
        #expect(SHA256.hash(text.utf8).hex == hex)
        var hash = SHA256()
        for character in text { hash.update(String(character)) }
        #expect(hash.finalize().description == hex)
    }

    @Test func piecesMakeNoDifference() {
        var random = SeededRandom(seed: 5)
        let bytes = (0..<1000).map { _ in UInt8(random.integer(0...255)) }
        var hash = SHA256()
        hash.update(bytes[..<1])
        hash.update([])
        hash.update(bytes[1..<700].lazy.map { $0 })
        hash.update(Array(bytes[700...]))
        #expect(hash.finalize() == SHA256.hash(bytes))
    }

    @Test func constantTime() {
        #expect(constantTimeEqual([], []))
        #expect(constantTimeEqual([1, 2], [1, 2]))
        #expect(!constantTimeEqual([1, 2], [1, 3]))
        #expect(!constantTimeEqual([1, 2], [1, 2, 3]))
    }
}
