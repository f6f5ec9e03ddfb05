/// Exact conversions to float32, on the bits, so that they become vector code on every processor and give the same
/// values when the thread flushes subnormal numbers to zero.
enum Widening {
    /// IEEE 754 binary16 to binary32.
    @inline(__always)
    static func float16(_ half: UInt16) -> Float {
        let exponentMask: UInt32 = 0x0f80_0000
        let magnitude = UInt32(half & 0x7fff) << 13
        let exponent = magnitude & exponentMask
        // 127 − 15 more in the exponent; twice for infinities and NaN, whose exponent stays all ones.
        var bits = magnitude &+ (112 << 23)
        bits = exponent == exponentMask ? bits &+ (112 << 23) : bits
        // A subnormal half has no leading one: put one there as 2⁻¹⁴, then take it off again.
        let subnormal = (Float(bitPattern: bits &+ (1 << 23)) - Float(bitPattern: 113 << 23)).bitPattern
        bits = exponent == 0 ? subnormal : bits
        return Float(bitPattern: bits | UInt32(half & 0x8000) << 16)
    }

    /// bfloat16 is the upper half of binary32.
    @inline(__always)
    static func bfloat16(_ value: UInt16) -> Float {
        Float(bitPattern: UInt32(value) << 16)
    }
}
