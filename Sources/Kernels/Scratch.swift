import CKernels

/// The calling thread's working memory, divided as it is taken. Valid until the same thread makes the next one.
public struct Scratch {
    private var next: UnsafeMutablePointer<Float>
    private var left: Int

    /// - Parameter floats: all that will be taken, each part rounded up as ``rounded(_:)`` does.
    public init(floats: Int) {
        next = kernel_scratch(floats)
        left = floats
    }

    /// Floats that the calling thread keeps for this.
    public static var capacity: Int { kernel_scratch_capacity() }

    /// How the process's allocator treats blocks from `largeBytes` on: see `kernel_bound_allocator`.
    public static func boundAllocator(largeBytes: Int, arenas: Int) {
        kernel_bound_allocator(Int32(clamping: largeBytes), Int32(clamping: arenas))
    }

    /// Parts start at 64-byte boundaries.
    public static func rounded(_ floats: Int) -> Int { (floats + 15) & ~15 }

    /// The next part; its contents are undefined.
    public mutating func take(_ floats: Int) -> UnsafeMutablePointer<Float> {
        let count = Self.rounded(floats)
        precondition(count <= left, "scratch is \(count - left) floats short")
        defer {
            next += count
            left -= count
        }
        return next
    }
}
