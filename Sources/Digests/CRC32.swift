import CZlib

/// The CRC-32 of zip archives (PKWARE APPNOTE 4.4.7), computed by zlib: finds damage, is no defence against forgery.
public enum CRC32 {
    public static func checksum(of bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard let start = bytes.baseAddress else { return 0 }
        return UInt32(truncatingIfNeeded: crc32_z(0, start.assumingMemoryBound(to: UInt8.self), bytes.count))
    }

    public static func checksum(of bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { checksum(of: $0) }
    }
}
