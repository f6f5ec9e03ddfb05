import Foundation

/// The one way JSON is written: keys in order, slashes as they are, so that equal values give equal bytes.
package enum JSON {
    package static func encode(_ value: some Encodable, pretty: Bool = false) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return try encoder.encode(value)
        } catch {
            // Plain structures of numbers and text cannot fail to encode.
            preconditionFailure("not encodable: \(error)")
        }
    }
}
