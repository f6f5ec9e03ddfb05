import Foundation

/// A model file of any size that takes no room on the disk: a header, and zeros that were never written.
public enum SparseModelFile {
    /// Writes safetensors, stored as bfloat16.
    ///
    /// - Parameters:
    ///   - shapes: by name.
    ///   - values: of tensors that are not zero, one value throughout; it must be exact in bfloat16.
    public static func write(_ shapes: [String: [Int]], values: [String: Float] = [:], to url: URL) throws {
        var header = "{", offset = 0
        var starts: [String: Int] = [:]
        for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
            let count = shape.reduce(1, *), end = offset + 2 * count
            starts[name] = offset
            header += header.count > 1 ? "," : ""
            header += "\"\(name)\":{\"dtype\":\"BF16\",\"shape\":\(shape),\"data_offsets\":[\(offset),\(end)]}"
            offset = end
        }
        header += "}"
        header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        var start = Data(capacity: header.utf8.count + 8)
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { start.append(contentsOf: $0) }
        start += Data(header.utf8)
        try start.write(to: url)
        let file = try FileHandle(forUpdating: url)
        defer { try? file.close() }
        try file.truncate(atOffset: UInt64(start.count + offset))
        for (name, value) in values {
            guard let shape = shapes[name], let first = starts[name] else { throw TestSupportError("no tensor \(name)") }
            let bits = UInt16(value.bitPattern >> 16)
            let bytes = [UInt16](repeating: bits.littleEndian, count: shape.reduce(1, *)).withUnsafeBytes { Data($0) }
            try file.seek(toOffset: UInt64(start.count + first))
            try file.write(contentsOf: bytes)
        }
    }
}
