/// What a tile costs, in floating-point operations: 2 per multiply-add of convolutions and linear layers; transforms and
/// pointwise work are not counted (specification 1).
extension Architecture {
    /// Operations by kind of work, named as in ``StageClock``.
    public struct Cost: Sendable, Equatable {
        public var encoder: [String: Double] = [:]
        public var classifier = 0.0
        public var subDecoder: [String: Double] = [:]
        public var head = 0.0

        public var encoderTotal: Double { encoder.values.reduce(0, +) }
        public var subDecoderTotal: Double { subDecoder.values.reduce(0, +) }
        /// Encoder, classifier, `depth` sub-decoders and one head.
        public func total(depth: Int) -> Double {
            encoderTotal + classifier + Double(depth) * subDecoderTotal + head
        }
    }

    /// The cost of a tile of that size; only for the NAFNet encoder.
    ///
    /// - Parameters:
    ///   - height: pixels, a multiple of 16; so is `width`.
    public func cost(height: Int, width tileWidth: Int) -> Cost {
        func pixels(_ scale: Int) -> Double { Double((height >> scale) * (tileWidth >> scale)) }
        func c(_ scale: Int) -> Double { Double(channels(atScale: scale)) }
        /// conv1, conv2 and the attention; conv3, conv4 and conv5.
        func halves(_ scale: Int) -> (Double, Double) {
            let n = pixels(scale), c = c(scale)
            return (2 * n * (2 * c * c + 18 * c) + 2 * c * c, 2 * n * 4 * c * c)
        }
        var cost = Cost()
        cost.encoder["intro"] = 2 * pixels(0) * 27 * c(0)
        for scale in 0...4 {
            let count = Double(scale < 4 ? encoderBlocks[scale] : middleBlocks), half = halves(scale)
            cost.encoder["naf first half", default: 0] += count * half.0
            cost.encoder["naf second half", default: 0] += count * half.1
            if scale < 4 { cost.encoder["down", default: 0] += 2 * pixels(scale + 1) * 8 * c(scale) * c(scale) }
        }
        if case .classifier(let input, let classes) = exitHead {
            let half = halves(4)
            cost.classifier = half.0 + half.1 + c(4) * c(4) + c(4) * Double(classes)
            if input == .e3 { cost.classifier += 2 * pixels(4) * 8 * c(3) * c(3) }
        }
        for scale in 0..<4 {
            let half = halves(scale), n = pixels(scale)
            let bins = Double((height >> scale) * ((tileWidth >> scale) / 2 + 1))
            // up: 2C → 4C on a quarter of the pixels; down: 2×2, C/2 → C.
            cost.subDecoder["fuse", default: 0] += 2 * n * 2 * c(scale) * c(scale) + (scale > 0 ? 2 * n * 2 * c(scale) * c(scale) : 0)
            cost.subDecoder["fourier first half", default: 0] += half.0
            cost.subDecoder["fourier second half", default: 0] += half.1
            cost.subDecoder["spectrum", default: 0] += 2 * 2 * bins * 16 * c(scale) * c(scale)
        }
        cost.head = 2 * pixels(0) * 27 * c(0)
        return cost
    }
}
