import Kernels

/// The rate of fused multiply-adds that this machine reaches when nothing else is in the way.
enum MultiplyAddPeak {
    /// GFLOP/s of all threads together; nil where no measuring kernel exists for this CPU.
    static func gflops(threads: Int) -> Double? { nil }
}
