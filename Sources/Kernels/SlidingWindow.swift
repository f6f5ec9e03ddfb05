import CKernels

/// Where a box lies that slides along one axis and stops at its ends: the local pooling (TLC) of specification 11, whose
/// means at the border are copies of the nearest full box's.
public struct SlidingWindow: Sendable, Hashable {
    /// Pixels of the axis.
    public let length: Int
    /// Pixels of the box, at most `length`.
    public let size: Int

    /// - Parameters:
    ///   - window: pixels of the box on a long axis.
    ///   - length: pixels of the axis.
    public init(length: Int, window: Int) {
        precondition(length > 0 && window > 0, "a window of \(window) on \(length) pixels")
        self.length = length
        size = min(length, window)
    }

    /// First pixel of the box at `position`: clamp(position − ⌊(size − 1)/2⌋, 0, length − size).
    public func start(at position: Int) -> Int {
        min(max(position - (size - 1) / 2, 0), length - size)
    }

    /// Whether the box at `position` is one pixel further than that of the position before; else it is the same one.
    public func moves(at position: Int) -> Bool {
        position > 0 && start(at: position) > start(at: position - 1)
    }
}

/// Sums of boxes that slide side by side, one per channel and lane.
public enum SlidingSums {
    /// sums += entering − leaving; then mean = sums · factor, where a destination is given. All of `count` values.
    @inline(__always)
    public static func slide(
        _ sums: UnsafeMutablePointer<Double>, count: Int, entering: UnsafePointer<Float>?,
        leaving: UnsafePointer<Float>?, times factor: Double = 1, to mean: UnsafeMutablePointer<Float>? = nil
    ) {
        kernel_slide(count, entering, leaving, sums, factor, mean)
    }

    /// y = y · x; `(pixels, channels)` with their strides.
    @inline(__always)
    public static func multiplyRows(
        pixels: Int, channels: Int, _ x: UnsafePointer<Float>, stride xStride: Int,
        into y: UnsafeMutablePointer<Float>, stride yStride: Int
    ) {
        kernel_multiply_rows(pixels, channels, x, xStride, y, yStride)
    }
}
