/// NumPy's file format, version 1.0 (NEP 1), for the network's result as it is.
public enum NPYFile {
    /// `(height, width, 3)` little-endian float32, C order.
    ///
    /// - Parameters:
    ///   - rgb: `(height, width, 3)` row-major.
    ///   - width: pixels.
    ///   - height: pixels.
    public static func encode(_ rgb: UnsafePointer<Float>, height: Int, width: Int) -> [UInt8] {
        let count = height * width * 3
        var file = header(height: height, width: width)
        file.reserveCapacity(file.count + 4 * count)
        if UInt16(littleEndian: 1) == 1 {
            // Floats lie in memory as in the file.
            file.append(contentsOf: UnsafeRawBufferPointer(start: rgb, count: 4 * count))
        } else {
            for index in 0..<count {
                withUnsafeBytes(of: rgb[index].bitPattern.littleEndian) { file.append(contentsOf: $0) }
            }
        }
        return file
    }

    /// Magic, version, length, and a Python dictionary padded with blanks so that the data begin at a multiple of 64.
    private static func header(height: Int, width: Int) -> [UInt8] {
        var text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(height), \(width), 3), }"
        let unpadded = 10 + text.utf8.count + 1
        text += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
        let length = UInt16(text.utf8.count)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
    }
}
