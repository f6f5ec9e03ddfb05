extension Architecture {
    /// What UFPNet adds to a tile's cost, by kind of work. The flow is counted in full, as in the specification; half of
    /// it is skipped where the masks alternate.
    func kernelBranchCost(height: Int, width tileWidth: Int) -> [String: Double] {
        func pixels(_ scale: Int) -> Double { Double((height >> scale) * (tileWidth >> scale)) }
        /// 3×3, per pixel.
        func conv(_ input: Double, _ out: Double) -> Double { 2 * 9 * input * out }
        func blocks(_ c: Double) -> Double { 4 * conv(c, c) }
        let taps = Double(KernelFlow.channels), units = 25.0
        let full = conv(3, 64) + blocks(64) + conv(128, 64) + blocks(64) + 2 * conv(64, 64)
        let half = conv(64, 64) + conv(64, 128) + blocks(128) + conv(128, 64) + conv(256, 128) + blocks(128)
        let quarter = conv(128, 128) + conv(128, 256) + 4 * conv(256, 256) + conv(256, 128)
        var cost: [String: Double] = [:]
        cost["estimator"] = pixels(0) * full + pixels(1) * half + pixels(2) * quarter
        cost["kernel codes"] = pixels(0) * (2 * conv(64, taps) + 10 * 2 * (2 * taps * units + units * units))
        cost["kernel map"] = (pixels(1) + pixels(2)) * 2 * 4 * taps * taps
        for scale in 0..<3 where hasKernelBlock(atScale: scale) {
            let c = Double(channels(atScale: scale))
            cost[scale == 0 ? "kernel map" : "kernel attention", default: 0] += pixels(scale) * conv(taps, c)
            cost["kernel attention", default: 0] += pixels(scale) * 4 * conv(c, c)
        }
        return cost
    }
}
