import Foundation

/// Sizes, durations and counts as people write them.
package enum Quantity {
    /// Bytes: a whole number, alone or with B, KiB, MiB, GiB, kB, MB or GB. `32MiB` is 33,554,432.
    package static func bytes(_ text: String) -> Int? {
        scaled(
            text,
            ["": 1, "B": 1, "KiB": 1024, "MiB": 1_048_576, "GiB": 1_073_741_824, "kB": 1e3, "MB": 1e6, "GB": 1e9])
    }

    /// Pixels: a whole number, or megapixels as `50MP`.
    package static func pixels(_ text: String) -> Int? {
        scaled(text, ["": 1, "MP": 1e6])
    }

    /// Seconds: `30s`, `2m`, `1h`, `500ms`; a bare number means seconds.
    package static func seconds(_ text: String) -> Double? {
        guard let (number, unit) = split(text),
            let scale = ["": 1.0, "s": 1, "ms": 1e-3, "m": 60, "h": 3600, "d": 86_400][unit]
        else { return nil }
        let seconds = number * scale
        return seconds.isFinite && seconds <= 1e9 ? seconds : nil
    }

    /// A decimal number of digits and one point: no sign, exponent, blanks or words such as `nan`.
    package static func decimal(_ text: String) -> Double? {
        guard let (number, unit) = split(text), unit.isEmpty else { return nil }
        return number
    }

    /// A whole number of ASCII digits, no sign.
    package static func whole(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy(isDigit) else { return nil }
        return Int(text)
    }

    private static func scaled(_ text: String, _ units: [String: Double]) -> Int? {
        guard let (number, unit) = split(text), let scale = units[unit] else { return nil }
        let product = number * scale
        return product <= 1e15 ? Int(exactly: product.rounded()) : nil
    }

    private static func split(_ text: String) -> (number: Double, unit: String)? {
        let digits = text.prefix { $0 == "." || ($0.isASCII && $0.isNumber) }
        guard digits.utf8.contains(where: isDigit), digits.count(where: { $0 == "." }) <= 1,
            let number = Double(digits), number.isFinite
        else { return nil }
        return (number, String(text.dropFirst(digits.count)))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
