/// The name of a job: `<replica>-<random>`, or the random part alone where the replica has no name.
///
/// Who knows it may read and delete the job: it has 128 random bits from the system's generator. The random part holds
/// no dash, so that a proxy finds the replica before the last one.
struct JobID: Hashable, Sendable, CustomStringConvertible {
    let text: String

    var description: String { text }

    /// Nil when the text cannot be the name of a job; what it can be is safe as the name of a folder.
    init?(_ text: String) {
        let parts = text.utf8
        let random = parts.suffix(Self.randomDigits)
        guard random.count == Self.randomDigits, random.allSatisfy(Self.isHexDigit) else { return nil }
        let rest = parts.dropLast(Self.randomDigits)
        guard rest.isEmpty || rest.last == UInt8(ascii: "-") && ServeOptions.isReplicaName(String(Substring(rest.dropLast())))
        else { return nil }
        self.text = text
    }

    private init(checked text: String) { self.text = text }

    static func random(replica: String?) -> JobID {
        var generator = SystemRandomNumberGenerator()
        let random = [generator.next(), generator.next()].map { (word: UInt64) in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        return JobID(checked: (replica.map { "\($0)-" } ?? "") + random)
    }

    private static let randomDigits = 32

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
