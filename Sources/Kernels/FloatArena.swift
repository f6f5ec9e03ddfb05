import Foundation

/// One mapping of memory, divided once and reused for every tile. Pages are taken from the system as they are touched.
public final class FloatArena: @unchecked Sendable {
    // Safe to share: the mapping does not move; who may write which part is the owner's business.

    /// Where the parts go; a part is named by its offset in floats.
    public struct Plan {
        public private(set) var floats = 0
        public var bytes: Int { floats * MemoryLayout<Float>.stride }

        public init() {}

        /// Room for `count` floats. Parts start 64-byte aligned and not a multiple of a page apart, so that equal places
        /// of two maps do not fall into the same cache sets.
        public mutating func add(_ count: Int) -> Int {
            defer { floats += (count + 15) / 16 * 16 + 16 * 17 }
            return floats
        }
    }

    public let capacityBytes: Int
    private let base: UnsafeMutableRawPointer

    public convenience init(bytes: Int) {
        guard let base = Self.map(bytes) else { fatalError("no memory for a tile: \(bytes) bytes") }
        self.init(base, bytes)
    }

    /// For memory that grows with what a user sends: nil when the system has not that much.
    public convenience init?(ifAvailable bytes: Int) {
        guard let base = Self.map(bytes) else { return nil }
        self.init(base, bytes)
    }

    private init(_ base: UnsafeMutableRawPointer, _ bytes: Int) {
        self.base = base
        capacityBytes = Self.rounded(bytes)
        // Columns of a spectrum are far apart: large pages keep their addresses in the TLB. Advice only.
        madvise(base, capacityBytes, 14 /* MADV_HUGEPAGE */)
    }

    private static func rounded(_ bytes: Int) -> Int { max(bytes, 4096) }

    private static func map(_ bytes: Int) -> UnsafeMutableRawPointer? {
        let protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS
        let base = mmap(nil, rounded(bytes), protection, flags, -1, 0)
        return base == MAP_FAILED ? nil : base
    }

    deinit { munmap(base, capacityBytes) }

    public func pointer(_ part: Int) -> UnsafeMutablePointer<Float> {
        base.assumingMemoryBound(to: Float.self) + part
    }

    /// Gives all pages back; the contents are lost, the addresses stay.
    public func discard() { madvise(base, capacityBytes, 4 /* MADV_DONTNEED */) }
}
