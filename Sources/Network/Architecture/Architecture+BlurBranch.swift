import Checkpoints

/// The tensors that UFPNet has besides NAFNet's (specification 5 and 12.1).
extension Architecture {
    /// Whether the block at that scale is a kernel block: only where it is alone, and only at scales 1, 1/2 and 1/4.
    func hasBlurBlock(atScale scale: Int) -> Bool { encoder == .ufpnet && scale < 3 && encoderBlocks[scale] == 1 }

    func addBlurBranch(to schema: inout Schema) {
        let taps = BlurFlow.channels, estimator = "encoder.kernel_extra"
        func stage(_ name: String, out: Int, in input: Int) {
            schema.convolution("\(name).Conv_head", out: out, in: input, kernel: 3)
            for block in 1...2 {
                for layer in [1, 3] {
                    schema.convolution("\(name).ResBlock\(block).body.\(layer)", out: out, in: out, kernel: 3)
                }
            }
        }
        for (index, (out, input)) in [(64, 3), (128, 64)].enumerated() {
            let name = "\(estimator).Encoding_Block\(index + 1)"
            stage(name, out: out, in: input)
            schema.convolution("\(name).downsample", out: out, in: out, kernel: 3)
        }
        for (index, input) in [128, 256, 256, 256, 256].enumerated() {
            schema.convolution("\(estimator).Conv_mid.body.\(2 * index)", out: 256, in: input, kernel: 3)
        }
        for (index, out) in [128, 64].enumerated() {
            let name = "\(estimator).Decoding_Block\(index + 1)"
            schema.shapes["\(name).Conv_t.weight"] = [2 * out, out, 3, 3]
            schema.shapes["\(name).Conv_t.bias"] = [out]
            stage(name, out: out, in: 2 * out)
        }
        for part in ["mean", "var"] {
            schema.convolution("\(estimator).Conv_tail.\(part).0", out: 64, in: 64, kernel: 3)
            schema.convolution("\(estimator).Conv_tail.\(part).2", out: taps, in: 64, kernel: 3)
        }
        addFlow(to: &schema, taps: taps)
        for index in 0...1 { schema.convolution("encoder.kernel_down.\(index)", out: taps, in: taps, kernel: 2) }
        for scale in 0..<3 where hasBlurBlock(atScale: scale) {
            let c = channels(atScale: scale), name = "encoder.encoders.\(scale).0.kernel_atttion"
            schema.convolution("\(name).conv_1.0", out: c, in: c, kernel: 3)
            schema.convolution("\(name).conv_kernel.0", out: c, in: taps, kernel: 3)
            schema.convolution("\(name).conv_kernel.2", out: c, in: c, kernel: 3)
            schema.convolution("\(name).conv_2.0", out: c, in: 2 * c, kernel: 3)
        }
    }

    private func addFlow(to schema: inout Schema, taps: Int) {
        let units = 25
        for name in ["kernel_size", "alpha", "normalization"] { schema.shapes["encoder.flow.\(name)"] = [1] }
        for entry in 0..<10 {
            let name = "encoder.flow.net.\(entry)"
            guard entry % 2 == 0 else {
                for part in ["log_gamma", "beta", "running_mean", "running_var"] {
                    schema.shapes["\(name).\(part)"] = [taps]
                }
                continue
            }
            schema.shapes["\(name).mask"] = [taps]
            for net in ["s_net", "t_net"] {
                for (layer, out, input) in [(0, units, taps), (2, units, units), (4, taps, units)] {
                    schema.shapes["\(name).\(net).\(layer).weight"] = [out, input]
                    schema.shapes["\(name).\(net).\(layer).bias"] = [out]
                }
            }
        }
    }

    /// Buffers that checkpoints carry and inference does not use.
    static func isUnused(_ name: String) -> Bool { name.hasPrefix("encoder.flow.base_dist_") }

    /// Checks the flow's buffers for values that its formulas cannot take.
    ///
    /// - Throws: ``ModelError/unsupported(_:)``.
    func checkBlurBuffers(_ archive: TensorArchive) throws {
        guard encoder == .ufpnet else { return }
        func value(_ name: String) -> Float { archive["encoder.flow.\(name)"]?.floats().first ?? .nan }
        guard value("kernel_size") == 19 else {
            throw ModelError.unsupported("blur kernels of side \(value("kernel_size")) (encoder.flow.kernel_size); 19 is")
        }
        guard value("alpha") != 0.5 else {
            throw ModelError.unsupported("encoder.flow.alpha = 0.5, which divides by zero")
        }
        for entry in stride(from: 1, to: 10, by: 2) {
            let name = "net.\(entry).running_var"
            guard archive["encoder.flow.\(name)"]?.floats().allSatisfy({ $0 >= 0 }) ?? false else {
                throw ModelError.unsupported("negative variances in encoder.flow.\(name)")
            }
        }
    }

    /// - Throws: ``ModelError/noiseWithoutBlur``.
    func check(kernelNoise: UInt64?) throws {
        guard kernelNoise == nil || encoder == .ufpnet else { throw ModelError.noiseWithoutBlur }
    }

    /// Values for a buffer of the flow of which random numbers make no sense; nil for all other tensors.
    static func plainBuffer(_ name: String, count: Int) -> [Float]? {
        guard name.hasPrefix("encoder.flow.") else { return nil }
        let parts = name.split(separator: ".")
        switch parts.last {
        case "kernel_size": return [19]
        case "alpha": return [1e-6]
        case "normalization": return [1]
        case "running_var": return [Float](repeating: 1, count: count)
        case "mask":
            let entry = Int(parts[parts.count - 2]) ?? 0
            return (0..<count).map { Float(($0 + entry / 2) % 2) }
        default: return nil
        }
    }
}
