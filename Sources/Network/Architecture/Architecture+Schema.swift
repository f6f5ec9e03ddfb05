/// Names and shapes of all tensors of an architecture (specification 12.1).
extension Architecture {
    /// By name, without the buffers that inference does not use.
    public func tensorShapes() throws -> [String: [Int]] {
        var schema = Schema()
        schema.convolution("encoder.intro", out: width, in: 3, kernel: 3)
        for scale in 0..<4 {
            let c = channels(atScale: scale)
            for block in 0..<encoderBlocks[scale] { schema.nafBlock("encoder.encoders.\(scale).\(block)", c) }
            schema.convolution("encoder.downs.\(scale)", out: 2 * c, in: c, kernel: 2)
        }
        for block in 0..<middleBlocks { schema.nafBlock("encoder.middle_blks.\(block)", channels(atScale: 4)) }
        for scale in 0...4 { schema.shapes["conv_features.\(scale)"] = [1, channels(atScale: scale), 1, 1] }
        for decoder in 0..<subDecoders {
            for level in 0..<4 {
                let c = channels(atScale: 3 - level), prefix = "subdenets.\(decoder).level\(level)"
                schema.shapes["subdenets.\(decoder).alpha\(level)"] = [1, c, 1, 1]
                schema.shapes["\(prefix).fusion.up.0.weight"] = [4 * c, 2 * c, 1, 1]
                if level < 3 {
                    schema.convolution("\(prefix).fusion.down.0", out: c, in: c / 2, kernel: 2)
                    schema.norm("\(prefix).fusion.down.1.body", c)
                }
                schema.fourierBlock("\(prefix).blocks.0", c)
            }
            schema.convolution("outputs.\(decoder).0", out: 3, in: width, kernel: 3)
        }
        addExitHead(to: &schema)
        if encoder == .ufpnet { addBlurBranch(to: &schema) }
        return schema.shapes
    }

    private func addExitHead(to schema: inout Schema) {
        switch exitHead {
        case .none:
            break
        case .classifier(let input, let classes):
            let c = channels(atScale: 4)
            var index = 0
            if input == .e3 {
                schema.convolution("ape.0", out: c, in: c / 2, kernel: 2)
                index = 1
            }
            schema.nafBlock("ape.\(index)", c)
            schema.head("ape.\(index + 1)", c, outputs: classes)
        case .regressor(let input, let shared):
            let c = input.channels(width: width)
            if shared {
                schema.head("ape", c, outputs: 1)
            } else {
                for step in 0..<max(0, subDecoders - 1) { schema.head("ape.\(step)", c, outputs: 1) }
            }
        }
    }

    struct Schema {
        var shapes: [String: [Int]] = [:]

        mutating func convolution(_ name: String, out: Int, in input: Int, kernel: Int) {
            shapes["\(name).weight"] = [out, input, kernel, kernel]
            shapes["\(name).bias"] = [out]
        }

        mutating func norm(_ name: String, _ channels: Int) {
            shapes["\(name).weight"] = [channels]
            shapes["\(name).bias"] = [channels]
        }

        mutating func nafBlock(_ name: String, _ c: Int, attention: String = "sca.1") {
            shapes["\(name).beta"] = [1, c, 1, 1]
            shapes["\(name).gamma"] = [1, c, 1, 1]
            norm("\(name).norm1", c)
            norm("\(name).norm2", c)
            convolution("\(name).conv1", out: 2 * c, in: c, kernel: 1)
            convolution("\(name).conv2", out: 2 * c, in: 1, kernel: 3)
            convolution("\(name).conv3", out: c, in: c, kernel: 1)
            convolution("\(name).\(attention)", out: c, in: c, kernel: 1)
            convolution("\(name).conv4", out: 2 * c, in: c, kernel: 1)
            convolution("\(name).conv5", out: c, in: c, kernel: 1)
        }

        mutating func fourierBlock(_ name: String, _ c: Int) {
            nafBlock(name, c, attention: "sca.0")
            for part in ["fft_block1", "fft_block2"] {
                convolution("\(name).\(part).complex_conv1", out: 4 * c, in: 2 * c, kernel: 1)
                convolution("\(name).\(part).complex_conv2", out: 2 * c, in: 4 * c, kernel: 1)
            }
        }

        mutating func head(_ name: String, _ c: Int, outputs: Int) {
            shapes["\(name).alpha"] = [1, outputs]
            norm("\(name).classifier.0", c)
            shapes["\(name).classifier.1.weight"] = [c / 2, c]
            shapes["\(name).classifier.1.bias"] = [c / 2]
            shapes["\(name).classifier.3.weight"] = [outputs, c / 2]
            shapes["\(name).classifier.3.bias"] = [outputs]
        }
    }
}
