import Kernels

/// What a tile costs: arithmetic and memory.
///
/// Arithmetic is that of convolutions and linear layers, by the shapes of their tensors; transforms and pointwise work are
/// not counted, as in the published figures. A multiply-add counts as two operations.
public struct TileCost: Sendable {
    /// GFLOP by step: `encoder` (with the classifier), `sub_decoder_1`…K, `head` (of the last sub-decoder).
    public private(set) var steps: [String: Double] = [:]
    /// The same by kind of layer, as ``StageClock`` names them.
    public private(set) var layers: [String: Double] = [:]

    /// - Parameters:
    ///   - side: of the tile in pixels.
    ///   - architecture: sizes of the network.
    public init(_ architecture: Architecture, side: Int) {
        for (name, shape) in architecture.tensorShapes where name.hasSuffix("weight") && shape.count >= 2 {
            guard let step = Self.step(of: name, last: architecture.subDecoders) else { continue }
            let gflop = 2e-9 * Double(shape.reduce(1, *) * Self.positions(of: name, tile: side))
            steps[step, default: 0] += gflop
            if let layer = Self.layer(of: name) { layers[layer, default: 0] += gflop }
        }
    }

    /// Memory of a tile in flight, besides the weights and each thread's scratch.
    public static func bytes(_ architecture: Architecture, side: Int) -> Int {
        let blur = architecture.encoder == .ufpnet ? BlurWorkspace() : nil
        return Workspace.Layout(MapSize(height: side, width: side), width: architecture.width, tenant: blur).bytes
    }

    /// The kind under which the network's clock books a tensor's work; nil for those without one.
    private static func layer(of name: String) -> String? {
        let parts = name.split(separator: ".")
        switch (parts[0], parts[1]) {
        case ("ape", _): return "classifier"
        case ("outputs", _): return "head"
        case ("encoder", "intro"): return "intro"
        case ("encoder", "downs"): return "down"
        case ("encoder", "kernel_extra"): return "estimator"
        case ("encoder", "flow"): return "kernel codes"
        case ("encoder", "kernel_down"): return "kernel map"
        case ("encoder", "encoders") where parts.contains("kernel_atttion"): return "kernel attention"
        case ("encoder", "encoders"), ("encoder", "middle_blks"):
            return "naf " + half(parts)
        case ("subdenets", _):
            if parts.contains("fusion") { return "fuse" }
            return name.contains("fft_block") ? "spectrum" : "fourier " + half(parts)
        default: return nil
        }
    }

    /// A block's passes: up to the pooling, and from there.
    private static func half(_ parts: [Substring]) -> String {
        parts.contains("conv3") || parts.contains("conv4") || parts.contains("conv5") ? "second half" : "first half"
    }

    /// Only the head of the last sub-decoder runs; the classifier is timed with the encoder.
    private static func step(of name: String, last: Int) -> String? {
        let parts = name.split(separator: ".")
        switch parts[0] {
        case "encoder", "ape": return "encoder"
        case "subdenets": return Int(parts[1]).map { "sub_decoder_\($0 + 1)" }
        case "outputs": return Int(parts[1]) == last - 1 ? "head" : nil
        default: return nil
        }
    }

    /// Scale of the pixels that a convolution of the kernel estimator is applied to (specification 5.1). The transposed
    /// ones multiply every pixel of their smaller input.
    private static func estimatorScale(_ parts: [Substring]) -> Int {
        switch parts[2] {
        case "Encoding_Block1", "Conv_tail": parts.contains("downsample") ? 1 : 0
        case "Encoding_Block2": parts.contains("downsample") ? 2 : 1
        case "Conv_mid": 2
        case "Decoding_Block1": parts.contains("Conv_t") ? 2 : 1
        default: parts.contains("Conv_t") ? 1 : 0
        }
    }

    /// How often a layer's matrix is applied: output pixels of a convolution, 1 where a pooled vector goes in.
    private static func positions(of name: String, tile: Int) -> Int {
        let parts = name.split(separator: ".")
        if parts.contains("sca") || parts.contains("classifier") { return 1 }
        func pixels(_ scale: Int) -> Int { (tile >> scale) * (tile >> scale) }
        switch (parts[0], parts[1]) {
        case ("encoder", "intro"), ("outputs", _): return pixels(0)
        case ("encoder", "encoders"): return pixels(Int(parts[2]) ?? 0)
        case ("encoder", "downs"), ("encoder", "kernel_down"): return pixels((Int(parts[2]) ?? 0) + 1)
        case ("encoder", "flow"): return pixels(0)
        case ("encoder", "kernel_extra"): return pixels(estimatorScale(parts))
        case ("encoder", _), ("ape", _): return pixels(4)
        default:
            // Level n of a sub-decoder works at scale 3 − n; what comes from below is multiplied before it is unfolded.
            let scale = 3 - (parts[2].last?.wholeNumberValue ?? 0)
            if parts.contains("up") { return pixels(scale + 1) }
            let side = tile >> scale
            // Half of a real image's spectrum.
            return name.contains("fft_block") ? side * (side / 2 + 1) : pixels(scale)
        }
    }
}
