import CKernels

/// The two-dimensional real Fourier transform of all channels of a map of one size; made once, shared by all threads.
///
/// The half spectrum is `(width/2 + 1, height + 1, 2·channels)`: column after column; in each bin all real parts, then all
/// imaginary parts (specification 2.2, step 2). The last bin of a column is none, and never touched: without it columns
/// could lie a multiple of a page apart, and would fall into the same few sets of the caches. Rows and columns are transformed one at a time, so that a caller can do
/// its other work on them while they are near. No direction scales: a round trip multiplies by height · width.
public final class FourierTransform: @unchecked Sendable {
    // Safe to share: the plan is constant once made.
    public let height: Int
    public let width: Int
    public let channels: Int
    /// Floats of working memory for each of the four transforms.
    public let scratchCount: Int

    private let table: UnsafePointer<kernel_set>
    private let plan: OpaquePointer

    /// Nil when there is no memory for it.
    ///
    /// - Parameters:
    ///   - width: pixels, even. Sides may have prime factors up to 61.
    ///   - height: pixels.
    ///   - channels: of the maps.
    ///   - kernels: what computes it.
    public init?(height: Int, width: Int, channels: Int, kernels: KernelSet) {
        precondition(height > 0 && width > 0 && width % 2 == 0 && channels > 0, "\(height)×\(width)×\(channels)")
        self.height = height
        self.width = width
        self.channels = channels
        table = kernels.table
        guard let plan = table.pointee.fourier_make(height, width, channels) else { return nil }
        self.plan = plan
        scratchCount = table.pointee.fourier_scratch(plan)
    }

    deinit { table.pointee.fourier_free(plan) }

    /// Floats of the half spectrum.
    public var spectrumCount: Int { (width / 2 + 1) * columnStride }
    /// Floats from one column of the spectrum to the next.
    public var columnStride: Int { (height + 1) * 2 * channels }

    /// Along x: row `y` of the map, `(width, channels)` with that stride, into bin `y` of every column.
    public func transformRow(
        _ y: Int, _ row: UnsafePointer<Float>, stride: Int, into spectrum: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        table.pointee.fourier_row(plan, row, stride, y, spectrum, scratch)
    }

    /// Along y: column `x` of the spectrum into bins `(height, 2·channels)` with that stride.
    public func transformColumn(
        _ x: Int, of spectrum: UnsafePointer<Float>, into bins: UnsafeMutablePointer<Float>, stride: Int,
        scratch: UnsafeMutablePointer<Float>
    ) {
        table.pointee.fourier_column(plan, spectrum + x * columnStride, bins, stride, scratch)
    }

    /// The inverse of ``transformColumn(_:of:into:stride:scratch:)`` but for the scale.
    public func invertColumn(
        _ x: Int, _ bins: UnsafePointer<Float>, stride: Int, into spectrum: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        table.pointee.inverse_column(plan, bins, stride, spectrum + x * columnStride, scratch)
    }

    /// The inverse of ``transformRow(_:_:stride:into:scratch:)`` but for the scale. The imaginary parts of columns 0 and
    /// width/2 do not count (specification 2.2: they are dropped after the inverse along the columns).
    public func invertRow(
        _ y: Int, of spectrum: UnsafePointer<Float>, into row: UnsafeMutablePointer<Float>, stride: Int,
        scratch: UnsafeMutablePointer<Float>
    ) {
        table.pointee.inverse_row(plan, spectrum, y, row, stride, scratch)
    }
}
