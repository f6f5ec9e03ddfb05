/// A media type (RFC 9110 §8.3.1), such as `multipart/form-data; boundary=x`.
public struct MediaType: Sendable, Hashable {
    /// Lower-cased.
    public let type: String
    /// Lower-cased.
    public let subtype: String
    /// Names lower-cased, values unquoted.
    public let parameters: [String: String]

    /// Nil when the text is no media type.
    public init?(_ text: String) {
        guard let (essence, parameters) = FieldValue.parameterised(text) else { return nil }
        let parts = essence.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ FieldValue.isToken(String($0)) }) else { return nil }
        type = String(parts[0])
        subtype = String(parts[1])
        self.parameters = parameters
    }

    /// `type/subtype` without parameters.
    public var essence: String { "\(type)/\(subtype)" }
}

/// What a client accepts, from its Accept fields (RFC 9110 §12.5.1).
public struct AcceptedTypes: Sendable {
    private struct Range {
        let type: String
        let subtype: String
        /// 0 … 1000 thousandths.
        let quality: Int
    }

    private let ranges: [Range]
    /// Ranges that are looked at.
    private static let mostRanges = 64

    /// Reads all lines of Accept; ranges that cannot be read are passed over, as if they were not there.
    ///
    /// - Parameters:
    ///   - aliases: names that clients use for a type, with the type's registered one: `image/jpg` for
    ///     `image/jpeg`.
    ///   - headers: of the request.
    public init(_ headers: HTTPHeaders, aliases: [String: String] = [:]) {
        ranges = headers.list("Accept").prefix(Self.mostRanges).compactMap { element in
            guard let named = MediaType(element) else { return nil }
            let type = aliases[named.essence].flatMap { MediaType($0) } ?? named
            guard let text = named.parameters["q"] else {
                return Range(type: type.type, subtype: type.subtype, quality: 1000)
            }
            guard let quality = Self.quality(text) else { return nil }
            return Range(type: type.type, subtype: type.subtype, quality: quality)
        }
    }

    /// The weight of a type, 0 … 1: that of the most specific range that fits it. 1 for all without Accept.
    public func quality(of essence: String) -> Double {
        guard !ranges.isEmpty else { return 1 }
        let parts = essence.lowercased().split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return 0 }
        var best = (specificity: -1, quality: 0)
        for range in ranges {
            let specificity =
                switch (range.type, range.subtype) {
                case (parts[0], parts[1]): 2
                case (parts[0], "*"): 1
                case ("*", "*"): 0
                default: -1
                }
            if specificity > best.specificity { best = (specificity, range.quality) }
        }
        return best.specificity < 0 ? 0 : Double(best.quality) / 1000
    }

    /// The offered type with the highest weight, the first of equals; nil when none is acceptable.
    public func preferred(among offered: [String]) -> String? {
        var best: (type: String, quality: Double)?
        for type in offered {
            let quality = quality(of: type)
            if quality > best?.quality ?? 0 { best = (type, quality) }
        }
        return best?.type
    }

    /// A weight (RFC 9110 §12.4.2) in thousandths: `0`, `0.5`, `1.000`; nil when it is none.
    static func quality(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1"), bytes.count <= 5 else {
            return nil
        }
        var thousandths = first == UInt8(ascii: "1") ? 1000 : 0
        if bytes.count > 1 {
            guard bytes[1] == UInt8(ascii: ".") else { return nil }
            var scale = 100
            for byte in bytes[2...] {
                guard ByteClass.isDigit(byte) else { return nil }
                thousandths += Int(byte - 48) * scale
                scale /= 10
            }
        }
        return thousandths <= 1000 ? thousandths : nil
    }
}
