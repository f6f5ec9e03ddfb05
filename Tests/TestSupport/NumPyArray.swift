import Foundation

/// An array of a `.npy` file (NumPy format versions 1 to 3), C order, little-endian.
public struct NumPyArray: Sendable {
    public let shape: [Int]
    /// Row-major; integers and float64 are rounded to float32.
    public let floats: [Float]

    public init(contentsOf url: URL) throws {
        try self.init(Data(contentsOf: url), name: url.lastPathComponent)
    }

    /// - Parameter name: for messages.
    public init(_ data: Data, name: String) throws {
        let bytes = [UInt8](data)
        guard bytes.count >= 12, bytes.starts(with: [0x93] + Array("NUMPY".utf8)) else {
            throw TestSupportError("\(name): not a .npy file")
        }
        let wide = bytes[6] >= 2
        let lengthBytes = bytes[8..<(wide ? 12 : 10)]
        let headerStart = 8 + lengthBytes.count
        let headerEnd = headerStart + lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        guard headerEnd <= bytes.count else { throw TestSupportError("\(name): header is cut off") }
        let header = String(decoding: bytes[headerStart..<headerEnd], as: UTF8.self)

        guard let kind = Self.value(of: "descr", in: header)?.split(separator: "'").first,
            let order = Self.value(of: "fortran_order", in: header), order.hasPrefix("False"),
            let list = Self.value(of: "shape", in: header)?.split(separator: ")").first
        else { throw TestSupportError("\(name): unexpected header \(header)") }
        shape = list.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
        floats = try Self.decode(Array(bytes[headerEnd...]), kind: String(kind), count: shape.reduce(1, *), name: name)
    }

    /// What follows `'key':` in the header, a Python dictionary in a fixed form.
    private static func value(of key: String, in header: String) -> Substring? {
        guard let range = header.range(of: "'\(key)':") else { return nil }
        return header[range.upperBound...].drop { $0 == " " || $0 == "(" }
    }

    private static func decode(_ bytes: [UInt8], kind: String, count: Int, name: String) throws -> [Float] {
        func each<T>(_: T.Type, _ convert: (T) -> Float) throws -> [Float] {
            guard bytes.count == count * MemoryLayout<T>.size else {
                throw TestSupportError("\(name): \(bytes.count) bytes for \(count) values of \(kind)")
            }
            return bytes.withUnsafeBytes { raw in
                (0..<count).map { convert(raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self)) }
            }
        }
        return switch kind {
        case "<f4": try each(Float.self) { $0 }
        case "<f8": try each(Double.self) { Float($0) }
        case "<i4": try each(Int32.self) { Float($0) }
        case "<i8": try each(Int64.self) { Float($0) }
        case "|u1", "|b1": try each(UInt8.self) { Float($0) }
        default: throw TestSupportError("\(name): element type \(kind) is not read")
        }
    }
}
