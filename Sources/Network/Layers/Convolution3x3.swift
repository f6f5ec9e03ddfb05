import Kernels

/// conv 3×3 with zero padding 1, stride 1 or 2.
///
/// On (pixels, channels) rows with one zero pixel at either end the three pixels under a row of the kernel are one
/// contiguous vector, so that a row of the result is one product with three segments, the rows of the image above, at and
/// below it. Nothing is gathered but the padding: see ``Strip``.
struct Convolution3x3: Sendable {
    /// (out, dy, dx, in)
    let matrix: PackedMatrix
    /// Pixels between neighbouring results.
    let stride: Int
    var inputs: Int { matrix.depth / 3 }
    var outputs: Int { matrix.columns }

    /// - Parameters:
    ///   - inputOrder: which channel stands at each place of the input; nil when they stand in order.
    ///   - outputOrder: likewise for the result.
    init(
        _ tensors: TensorReader, out: Int, in input: Int, stride: Int = 1, inputOrder: [Int]? = nil,
        outputOrder: [Int]? = nil
    ) {
        matrix = tensors.matrix(
            [out, input, 3, 3], rows: out, depth: 3 * input, segments: 3, order: outputOrder
        ) { row, column in
            let (tap, place) = column.quotientAndRemainder(dividingBy: input)
            return ((outputOrder?[row] ?? row) * input + (inputOrder?[place] ?? place)) * 9 + tap
        }
        self.stride = stride
    }

    /// `pixels` results of one row.
    ///
    /// - Parameters:
    ///   - above: the padded row above the first result's own, from the pixel to the left of it; `(3, width + 2, inputs)`.
    ///   - rowStride: floats between neighbouring rows.
    func row(
        pixels: Int, _ above: UnsafePointer<Float>, rowStride: Int, to y: UnsafeMutablePointer<Float>, stride yStride: Int,
        _ epilogue: PackedMatrix.Epilogue
    ) {
        matrix.multiply(
            rows: pixels, above, stride: stride * inputs, segmentStride: rowStride, to: y, stride: yStride, epilogue)
    }

    /// The whole map, `(size, inputs)` to `(size / stride, outputs)`.
    ///
    /// - Parameters:
    ///   - yStride: floats between neighbouring pixels of y; nil for the number of outputs.
    func run(
        _ source: StripSource, size: MapSize, to y: UnsafeMutablePointer<Float>, stride yStride: Int? = nil,
        _ epilogue: PackedMatrix.Epilogue = .store, kernels: KernelSet, team: ThreadTeam
    ) {
        let pitch = yStride ?? outputs, width = size.width / stride
        forEachStrip(of: source, size: size, kernels: kernels, team: team) { strip, rows, _ in
            for row in rows {
                self.row(
                    pixels: width, strip.row(stride * row - 1), rowStride: strip.rowStride,
                    to: y + row * width * pitch, stride: pitch, epilogue)
            }
        }
    }

    /// Runs `body` for strips of the padded source, each with the rows of the result that it is enough for.
    ///
    /// - Parameter extra: floats of scratch that `body` gets besides, for each pixel of its result.
    func forEachStrip(
        of source: StripSource, size: MapSize, extra: Int = 0, kernels: KernelSet, team: ThreadTeam,
        _ body: (_ strip: Strip, _ rows: Range<Int>, _ extra: UnsafeMutablePointer<Float>) -> Void
    ) {
        precondition(source.channels == inputs, "\(source.channels) channels for \(inputs) inputs")
        let height = size.height / stride, width = size.width / stride
        let unit = Strip.rows(width: size.width, channels: inputs, height: height, stride: stride)
        team.parallelFor((height + unit - 1) / unit) { index in
            let rows = index * unit..<min(height, (index + 1) * unit)
            let first = stride * rows.lowerBound - 1, end = stride * (rows.upperBound - 1) + 2
            let floats = Strip.count(rows: end - first, width: size.width, channels: inputs)
            let more = extra * rows.count * width
            var scratch = Scratch(floats: Scratch.rounded(floats) + Scratch.rounded(more))
            let strip = Strip(
                source, rows: first..<end, size: size, memory: scratch.take(floats), kernels: kernels)
            body(strip, rows, scratch.take(more))
        }
    }
}
