import CKernels
import Foundation

/// The C kernels for one instruction set, chosen at run time by what the CPU has.
public struct KernelSet: @unchecked Sendable {
    // Safe to share: points to a constant table of pure functions.
    let table: UnsafePointer<kernel_set>

    /// `portable`, `neon`, `avx2`, `avx512` or `avx512-bf16`.
    public var name: String { String(cString: table.pointee.name) }

    /// OpenBLAS, FFTW and loops without instructions of one CPU's own.
    public static let portable = KernelSet(table: kernel_set_portable())

    /// Those of full precision that this CPU can run, slowest first.
    public static let all: [KernelSet] =
        [kernel_set_portable(), kernel_set_neon(), kernel_set_avx2(), kernel_set_avx512()].compactMap { $0.map(KernelSet.init) }

    /// The fastest that this CPU can run. Twice the register width is twice the speed in the matrix products, where
    /// nearly all time goes, and the products of this network's shapes run 2.2 times as fast as OpenBLAS 0.3.21's.
    ///
    /// The environment's `DEBLUR_KERNELS` names another one, for comparing and for finding faults; a name that this CPU
    /// cannot run is ignored.
    public static let best = ProcessInfo.processInfo.environment["DEBLUR_KERNELS"].flatMap(named) ?? all.last ?? portable

    /// As the fastest, with operands of the matrix products rounded to bfloat16 (sums, transforms and norms stay float32);
    /// nil where the CPU has no instructions for it.
    public static let bfloat16: KernelSet? = kernel_set_avx512bf16().map(KernelSet.init)

    /// Number formats of the matrix products' operands.
    public enum Precision: String, Sendable, CaseIterable {
        case fp32, bf16
    }

    /// The fastest set of that precision; nil where the CPU has none.
    public static func fastest(_ precision: Precision) -> KernelSet? {
        switch precision {
        case .fp32: best
        case .bf16: bfloat16
        }
    }

    /// The fastest set of that precision.
    ///
    /// - Throws: ``Missing`` where the CPU has none.
    public static func required(_ precision: Precision) throws(Missing) -> KernelSet {
        guard let set = fastest(precision) else { throw Missing(precision: precision) }
        return set
    }

    /// This CPU has no instructions for products of that precision.
    public struct Missing: Error, Sendable, CustomStringConvertible {
        public let precision: Precision
        public var description: String { "this CPU has no \(precision.rawValue) products (AVX-512 BF16); use fp32" }
    }

    public var precision: Precision { name == Self.bfloat16?.name ? .bf16 : .fp32 }

    /// The set of that name, if this CPU can run it.
    public static func named(_ name: String) -> KernelSet? { all.first { $0.name == name } }

    // MARK: Layers

    /// y = LayerNorm(x) over the channels of each pixel (specification 2, LN2d and LNfuse), or y += with `accumulate`.
    ///
    /// - Parameters:
    ///   - x: `(pixels, channels)` with stride `xStride`; `y` likewise.
    ///   - norm: gain, bias and epsilon.
    ///   - pixels: how many.
    ///   - xStride: floats from one pixel of x to the next.
    ///   - y: receives the result.
    ///   - yStride: floats from one pixel of y to the next.
    ///   - accumulate: adds to what is there.
    public func layerNorm(
        _ norm: LayerNorm, pixels: Int, _ x: UnsafePointer<Float>, stride xStride: Int,
        to y: UnsafeMutablePointer<Float>, stride yStride: Int, accumulate: Bool = false
    ) {
        var op = kernel_layer_norm()
        op.rows = pixels
        op.channels = norm.channels
        op.x = x
        op.x_stride = xStride
        op.weight = norm.weight.constant
        op.bias = norm.bias.constant
        op.epsilon = norm.epsilon
        op.y = y
        op.y_stride = yStride
        op.accumulate = accumulate ? 1 : 0
        table.pointee.layer_norm(&op)
    }

    /// One row of depthwise 3×3 with zero padding, then the gate: `(width, 2C)` rows to a `(width, C)` row. The row's
    /// sums over x are added to `sums` (C).
    public func depthwiseGate(
        _ convolution: DepthwiseConvolution, width: Int, above: UnsafePointer<Float>?, here: UnsafePointer<Float>,
        below: UnsafePointer<Float>?, to y: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Double>
    ) {
        var op = kernel_depthwise()
        op.width = width
        op.channels = convolution.channels
        op.above = above
        op.here = here
        op.below = below
        op.weights = convolution.taps.constant
        op.bias = convolution.bias.constant
        op.y = y
        op.sums = sums
        table.pointee.depthwise_gate(&op)
    }

    /// y = x · scale, per channel.
    public func scaleRows(
        pixels: Int, channels: Int, _ x: UnsafePointer<Float>, stride xStride: Int, by scale: UnsafePointer<Float>,
        to y: UnsafeMutablePointer<Float>, stride yStride: Int
    ) {
        table.pointee.scale_rows(pixels, channels, x, xStride, scale, y, yStride)
    }

    /// y += factor · x.
    public func addRows(
        pixels: Int, channels: Int, _ x: UnsafePointer<Float>, stride xStride: Int, times factor: Float,
        to y: UnsafeMutablePointer<Float>, stride yStride: Int
    ) {
        table.pointee.add_rows(pixels, channels, factor, x, xStride, y, yStride)
    }

    /// d = α·d + (z + factor·x), or its inverse d = (d − (z + factor·x)) / α; α per channel (Eq. 9, Eq. 10).
    public func combineRows(
        pixels: Int, channels: Int, _ z: UnsafePointer<Float>, stride zStride: Int, _ x: UnsafePointer<Float>,
        stride xStride: Int, times factor: Float, alpha: UnsafePointer<Float>, inverse: Bool,
        into d: UnsafeMutablePointer<Float>, stride dStride: Int
    ) {
        table.pointee.combine_rows(
            pixels, channels, z, zStride, factor, x, xStride, alpha, inverse ? 1 : 0, d, dStride)
    }
}
