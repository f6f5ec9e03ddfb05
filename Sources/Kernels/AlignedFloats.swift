import Foundation

/// Floats at a 64-byte boundary that live as long as this object; zero at first.
///
/// Filled while it is made or used by one owner, then only read: that is what makes sharing it between threads safe.
public final class AlignedFloats: @unchecked Sendable {
    public let count: Int
    public let pointer: UnsafeMutablePointer<Float>

    public init(count: Int) {
        self.count = count
        let bytes = max(64, count * MemoryLayout<Float>.stride)
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        pointer = raw.assumingMemoryBound(to: Float.self)
    }

    public convenience init(_ values: [Float]) {
        self.init(count: values.count)
        for (index, value) in values.enumerated() { pointer[index] = value }
    }

    deinit { pointer.deallocate() }

    public var constant: UnsafePointer<Float> { UnsafePointer(pointer) }
    public var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
}
