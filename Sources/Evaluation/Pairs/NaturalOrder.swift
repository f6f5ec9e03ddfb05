/// Names with numbers in them in the order that people expect: 2 before 10.
enum NaturalOrder {
    static func areInOrder(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        var (a, b) = (first[...], second[...])
        while let x = a.first, let y = b.first {
            if isDigit(x), isDigit(y) {
                let (left, right) = (takeNumber(&a), takeNumber(&b))
                if left.count != right.count { return left.count < right.count }
                if left != right { return left.lexicographicallyPrecedes(right) }
            } else {
                if x != y { return x < y }
                a = a.dropFirst()
                b = b.dropFirst()
            }
        }
        // Equal but for leading zeros: the plain order decides, so that the order is one.
        return a.isEmpty && b.isEmpty ? first.lexicographicallyPrecedes(second) : a.isEmpty
    }

    static func areInOrder(_ first: String, _ second: String) -> Bool {
        areInOrder(Array(first.utf8), Array(second.utf8))
    }

    /// The digits without leading zeros.
    private static func takeNumber(_ text: inout ArraySlice<UInt8>) -> [UInt8] {
        let digits = text.prefix(while: isDigit)
        text = text.dropFirst(digits.count)
        return Array(digits.drop { $0 == 0x30 })
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
