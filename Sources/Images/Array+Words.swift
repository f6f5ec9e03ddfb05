import Glibc

extension [UInt8] {
    /// Where `word` stands next, from `start` on. Words are short: the cost is the array's length.
    func firstIndex(of word: StaticString, from start: Int = 0) -> Int? {
        precondition(word.utf8CodeUnitCount > 0)
        return withUnsafeBytes { text in
            guard let base = text.baseAddress else { return nil }
            var at = start
            // In bounds: memchr and memcmp stay before the end.
            while at <= text.count - word.utf8CodeUnitCount,
                let found = memchr(base + at, Int32(word.utf8Start[0]), text.count - word.utf8CodeUnitCount + 1 - at)
            {
                at = base.distance(to: UnsafeRawPointer(found))
                if memcmp(base + at, word.utf8Start, word.utf8CodeUnitCount) == 0 { return at }
                at += 1
            }
            return nil
        }
    }

    /// Whether `word` stands at `offset`.
    func contains(_ word: StaticString, at offset: Int) -> Bool {
        self[offset...].starts(with: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }
}
