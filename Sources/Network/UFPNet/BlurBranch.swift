import Kernels

/// What UFPNet adds to NAFNet: from the image to κ, a blur kernel of 19 × 19 taps for each pixel (specification 5), and
/// from κ to what the kernel blocks read of it.
///
/// κ at full resolution would be six times a feature map. It is made in bands of rows instead, and both its readers, the
/// first kernel block and the halving to 1/2 scale, follow band by band.
struct BlurBranch: Sendable {
    private let estimator: BlurEstimator
    /// `Conv_tail.mean.2` and `Conv_tail.var.2`.
    private let mean: Convolution3x3
    private let variance: Convolution3x3
    private let flow: BlurFlow
    private let names: [UInt32]
    /// `kernel_down`: conv 2×2 with stride 2, two segments.
    private let halving: [PackedMatrix]
    private let noise: BlurNoise?

    /// Which channel stands at each place of κ at full resolution; at the other scales they stand in order.
    var order: [Int] { flow.order }

    /// Pixels whose 361 values go through the flow together.
    private static let flowPixels = 96
    /// Pixels whose logits are kept at once.
    private static let tailPixels = 384

    /// - Parameter tensors: `encoder`.
    init(_ tensors: TensorReader, noise: BlurNoise?) {
        let extra = tensors["kernel_extra"], taps = BlurMap.channels, inputs = BlurEstimator.channels
        estimator = BlurEstimator(extra)
        // In full precision always: exponentials of its nets would magnify rounding, and it is 5 % of the work.
        flow = BlurFlow(tensors["flow"].using(.best))
        mean = Convolution3x3(extra["Conv_tail.mean.2"], out: taps, in: inputs, outputOrder: flow.order)
        variance = Convolution3x3(extra["Conv_tail.var.2"], out: taps, in: inputs)
        names = flow.order.map { UInt32($0) }
        halving = [
            Self.halving(tensors["kernel_down.0"], inputOrder: flow.order),
            Self.halving(tensors["kernel_down.1"], inputOrder: nil),
        ]
        self.noise = noise
    }

    private static func halving(_ tensors: TensorReader, inputOrder: [Int]?) -> PackedMatrix {
        let taps = BlurMap.channels
        // (out, in, dy, dx) → (out, dy, dx, in)
        return tensors.matrix([taps, taps, 2, 2], rows: taps, depth: 2 * taps, segments: 2) { row, column in
            let (pixel, place) = column.quotientAndRemainder(dividingBy: taps)
            return (row * taps + (inputOrder?[place] ?? place)) * 4 + pixel
        }
    }

    /// Fills κ at scales 1/2 and 1/4.
    ///
    /// - Parameters:
    ///   - image: the tile, `(height, width, 3)`.
    ///   - first: `conv_kernel.0` of the first kernel block, whose result after GELU goes to `y`; nil without that block.
    func run(
        _ image: UnsafePointer<Float>, first: Convolution3x3?, to y: UnsafeMutablePointer<Float>, kernels: KernelSet,
        in workspace: Workspace, _ memory: BlurWorkspace
    ) {
        let size = workspace.size(atScale: 0), team = workspace.team
        workspace.timed("estimator") {
            estimator.run(image, size: size, fields: memory.fields, kernels: kernels, team: team)
        }
        let pass = BlurBandPass(
            branch: self, size: size, band: memory.band, halved: memory.halved, first: first, y: y,
            tile: memory.tileIndex, probe: memory.probe, kernels: kernels, team: team)
        let estimate = BlurEstimate(memory.fields, firstRow: 0, size: size)
        pass.clearBorders()
        for start in stride(from: 0, to: size.height, by: pass.bandRows) {
            let rows = start..<min(size.height, start + pass.bandRows)
            workspace.timed("kernel codes") { pass.make(rows, from: estimate) }
            workspace.timed("kernel map") { pass.read(rows) }
        }
        workspace.timed("kernel map") { pass.halveAgain(0..<size.height / 4) }
    }

    /// The layers of the estimator: ``BlurEstimator/layers(_:size:fields:kernels:team:)``.
    func estimate(
        _ image: UnsafePointer<Float>, size: MapSize, fields: [UnsafeMutablePointer<Float>], kernels: KernelSet,
        team: ThreadTeam
    ) -> [() -> Void] {
        estimator.layers(image, size: size, fields: fields, kernels: kernels, team: team)
    }

    /// A row of κ at scale 1/2^(`scale` + 1) from a pair of rows at twice that scale.
    func halve(
        _ scale: Int, _ pair: UnsafePointer<Float>, of source: BlurMap, to map: BlurMap, _ row: Int
    ) {
        let matrix = halving[scale]
        matrix.multiply(
            rows: map.width, pair, stride: matrix.depth, segmentStride: source.rowStride, to: map.pixels(row),
            stride: BlurMap.channels)
    }

    /// One row of κ from the estimator's two maps: softmax m and σ, the code u of specification 5.2, the flow.
    ///
    /// - Parameters:
    ///   - y: of the image.
    ///   - line: `(width, 361)`, sorted as ``order`` says.
    ///   - tile: whose noise is drawn.
    func makeRow(
        _ y: Int, from estimate: BlurEstimate, to line: UnsafeMutablePointer<Float>, tile: Int, probe: BlurProbe?,
        kernels: KernelSet
    ) {
        let channels = BlurMap.channels, inputs = mean.inputs, width = estimate.size.width
        let row = y - estimate.firstRow
        let stripCount = Strip.count(rows: 3, width: width, channels: inputs)
        let run = min(width, Self.tailPixels), flowCount = flow.scratchCount(pixels: Self.flowPixels)
        var scratch = Scratch(
            floats: 2 * Scratch.rounded(stripCount) + Scratch.rounded(run * channels) + 2 * Scratch.rounded(run)
                + Scratch.rounded(flowCount))
        func strip(_ field: UnsafePointer<Float>) -> Strip {
            Strip(
                StripSource(field, channels: inputs), rows: row - 1..<row + 2, size: estimate.size,
                memory: scratch.take(stripCount), kernels: kernels)
        }
        let means = strip(estimate.mean), variances = strip(estimate.variance)
        let logits = scratch.take(run * channels), sigma = scratch.take(run), gain = scratch.take(run)
        let work = scratch.take(flowCount)
        for start in stride(from: 0, to: width, by: run) {
            let pixels = min(run, width - start), x = line + start * channels
            variance.row(
                pixels: pixels, variances.row(row - 1) + start * inputs, rowStride: variances.rowStride, to: logits,
                stride: channels, .store)
            kernels.sigmoidMean(pixels: pixels, channels: channels, logits, stride: channels, to: sigma)
            mean.row(
                pixels: pixels, means.row(row - 1) + start * inputs, rowStride: means.rowStride, to: x, stride: channels,
                .store)
            kernels.softmax(pixels: pixels, channels: channels, x, stride: channels)
            let first = y * width + start
            probe?(.sigma, first, pixels, sigma)
            probe?(.softmax, first, pixels, x)
            for pixel in 0..<pixels { gain[pixel] = (1 - sigma[pixel] * sigma[pixel]).squareRoot() }
            kernels.standardise(pixels: pixels, channels: channels, gain: gain, x, stride: channels)
            if let noise {
                kernels.addNoise(
                    key: noise.key(tile: tile), first: first, pixels: pixels, names: names,
                    deviation: sigma, to: x, stride: channels)
            }
            probe?(.code, first, pixels, x)
            for part in stride(from: 0, to: pixels, by: Self.flowPixels) {
                flow.invert(
                    pixels: min(Self.flowPixels, pixels - part), x + part * channels, scratch: work, kernels: kernels)
            }
            probe?(.blurKernel, first, pixels, x)
        }
    }
}
