import CKernels
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

    /// Nil when the system has not that much memory.
    public init?(ifAvailable bytes: Int) {
        capacityBytes = max(bytes, 4096)
        guard let base = kernel_map(capacityBytes) else { return nil }
        self.base = base
        // Columns of a spectrum are far apart: large pages keep their addresses in the TLB. Advice only.
        madvise(base, capacityBytes, 14 /* MADV_HUGEPAGE */)
    }

    deinit { kernel_unmap(base, capacityBytes) }

    public func pointer(_ part: Int) -> UnsafeMutablePointer<Float> {
        base.assumingMemoryBound(to: Float.self) + part
    }
}
