import Kernels

/// One block at work on one map.
///
/// The layers are fused so that the map passes through memory as few times as the data flow allows: a first pass (norm,
/// conv1, depthwise, gate) up to the pooling, which needs all pixels; a second (attention, conv3, norm, conv4, gate,
/// conv5) from there to the result. A FourierBlock transforms rows inside these two passes, where they are in the
/// cache, and has one pass over the columns of the spectrum after each, and a third over rows to end.
struct BlockPass {
    let block: Block
    /// `(size, channels)`, changed in place.
    let map: UnsafeMutablePointer<Float>
    let size: MapSize
    let kernels: KernelSet
    let workspace: Workspace
    /// Set for a FourierBlock.
    let transform: FourierTransform?
    /// What norm1 reads instead of the map, `(size, channels)`: in a kernel block the kernel attention's result.
    var firstInput: UnsafePointer<Float>?

    private var channels: Int { block.channels }
    /// Strips are padded so that neighbouring pixels do not fall into the same cache sets.
    private var pitch: Int { channels + 16 }
    private var rows: RowPlan { RowPlan(size) }

    /// map ← block(map). Of a FourierBlock all but the last sum: map ← y + gamma·conv5(…), and the spectrum holds what
    /// ``FourierFinish`` adds.
    func run() {
        workspace.timed(transform == nil ? "naf first half" : "fourier first half", floats: firstHalfFloats) {
            firstHalf()
        }
        attend()
        if let fourier = block.fourier {
            workspace.timed("spectrum", floats: spectrumPassFloats) { convolveSpectrum(fourier.0) }
        }
        workspace.timed(transform == nil ? "naf second half" : "fourier second half", floats: secondHalfFloats) {
            secondHalf()
        }
        if let fourier = block.fourier {
            workspace.timed("spectrum", floats: spectrumPassFloats) { convolveSpectrum(fourier.1) }
        }
    }

    // MARK: what passes through memory

    private var spectrumFloats: Int { transform == nil ? 0 : (size.width / 2 + 1) * size.height * 2 * channels }

    /// Reads the map, writes and reads back conv1's result where it does not stay in a ring, writes the gate's; conv1.
    private var firstHalfFloats: Int {
        size.pixels * (rows.ringRows == nil ? 6 : 2) * channels + spectrumFloats + 2 * channels * channels
    }

    /// Reads the gate's result and the map, writes the map; conv3, conv4, conv5.
    private var secondHalfFloats: Int {
        size.pixels * 3 * channels + 2 * spectrumFloats + 4 * channels * channels
    }

    /// Reads and writes the spectrum; two matrices between 2C and 4C.
    private var spectrumPassFloats: Int { 2 * spectrumFloats + 16 * channels * channels }

    // MARK: norm1, conv1, conv2, gate

    private func firstHalf() {
        let plan = rows, chunks = plan.chunks, input = firstInput ?? UnsafePointer(map)
        let c = channels, width = size.width
        clearSums(count: chunks + max(0, chunks - 1))
        workspace.team.parallelFor(chunks) { chunk in
            let span = plan.rows(of: chunk), inner = plan.innerRows(of: span)
            let stripPixels = plan.unitRows * width, ringCount = (plan.ringRows ?? 0) * wideRow
            var scratch = Scratch(
                floats: Scratch.rounded(stripPixels * pitch) + Scratch.rounded(transform?.scratchCount ?? 0)
                    + Scratch.rounded(ringCount))
            let strip = scratch.take(stripPixels * pitch), work = scratch.take(transform?.scratchCount ?? 0)
            let wide = WideRows(workspace.wide, rowCount: wideRow, plan, of: span, ring: scratch.take(ringCount))
            var next = inner.lowerBound
            for unit in plan.units(in: span) {
                let first = unit.lowerBound * width, pixels = unit.count * width
                kernels.layerNorm(block.norm1, pixels: pixels, input + first * c, stride: c, to: strip, stride: pitch)
                if let transform {
                    for y in unit {
                        transform.transformRow(
                            y, strip + (y - unit.lowerBound) * width * pitch, stride: pitch,
                            into: workspace.spectrum, scratch: work)
                    }
                }
                let together = wide.contiguous(unit), following = plan.unit(after: unit, in: span)
                for y in stride(from: unit.lowerBound, to: unit.upperBound, by: together) {
                    block.conv1.multiply(
                        rows: together * width, strip + (y - unit.lowerBound) * width * pitch, stride: pitch, to: wide[y],
                        stride: 2 * c, ahead: y == unit.lowerBound ? ahead(following, of: input) : nil)
                }
                // The rows whose neighbours this chunk has just made; those at its borders follow below.
                while next < inner.upperBound, next + 1 < unit.upperBound || unit.upperBound == size.height {
                    gate(next, of: wide, sums: chunk)
                    next += 1
                }
            }
        }
        workspace.team.parallelFor(max(0, chunks - 1)) { border in
            let y = plan.rows(of: border).upperBound
            let wide = WideRows(workspace.wide, rowCount: wideRow)
            gate(y - 1, of: wide, sums: chunks + border)
            gate(y, of: wide, sums: chunks + border)
        }
    }

    /// The rows that the calling thread takes next.
    private func ahead(_ rows: Range<Int>?, of map: UnsafePointer<Float>) -> Ahead? {
        let row = size.width * channels
        return rows.map { Ahead(map + $0.lowerBound * row, count: $0.count * row) }
    }

    /// Floats of a row of conv1's result.
    private var wideRow: Int { size.width * 2 * channels }

    private func gate(_ y: Int, of wide: WideRows, sums index: Int) {
        let c = channels
        kernels.depthwiseGate(
            block.conv2, width: size.width, above: y > 0 ? wide[y - 1] : nil, here: wide[y],
            below: y + 1 < size.height ? wide[y + 1] : nil,
            to: workspace.gated + y * size.width * c, sums: workspace.sums + index * c)
    }

    private func clearSums(count: Int) { workspace.sums.update(repeating: 0, count: count * channels) }

    // MARK: pooling and attention

    private func attend() {
        let c = channels, pooled = workspace.vectors[0], scale = workspace.vectors[1]
        let parts = 2 * rows.chunks - 1
        for channel in 0..<c {
            var total = 0.0
            for part in 0..<parts { total += workspace.sums[part * c + channel] }
            pooled[channel] = Float(total / Double(size.pixels))
        }
        block.attention.multiply(rows: 1, pooled, stride: c, to: scale, stride: c)
    }

    // MARK: attention, conv3, norm2, conv4, gate, conv5

    private func secondHalf() {
        let plan = rows, c = channels, width = size.width
        let scale = workspace.vectors[1], gated = workspace.gated, spectrum = workspace.spectrum
        let inverse = 1 / Float(size.pixels)
        // The attention acts on conv3's weights instead of the map, where the kernels can do that.
        let scaled = block.conv3.scaleWeights(by: scale, into: workspace.wide) ? UnsafePointer(workspace.wide) : nil
        workspace.team.parallelFor(plan.unitCount) { index, next in
            let unit = plan.unit(index), following = next.map(plan.unit)
            let first = unit.lowerBound * width, pixels = unit.count * width
            let product = block.conv4.productCount(rows: pixels), transformCount = transform?.scratchCount ?? 0
            var scratch = Scratch(
                floats: 2 * Scratch.rounded(pixels * pitch) + Scratch.rounded(product)
                    + Scratch.rounded(transformCount))
            let strip = scratch.take(pixels * pitch), hidden = scratch.take(pixels * pitch)
            let products = scratch.take(product), work = scratch.take(transformCount)
            let x = map + first * c

            if let transform {
                for y in unit {
                    transform.invertRow(
                        y, of: spectrum, into: strip + (y - unit.lowerBound) * width * pitch, stride: pitch,
                        scratch: work)
                }
                kernels.addRows(pixels: pixels, channels: c, strip, stride: pitch, times: inverse, to: x, stride: c)
            }
            if let scaled {
                block.conv3.multiply(
                    rows: pixels, gated + first * c, stride: c, to: x, stride: c, .add, scaled: scaled,
                    ahead: ahead(following, of: gated))
            } else {
                kernels.scaleRows(
                    pixels: pixels, channels: c, gated + first * c, stride: c, by: scale, to: strip, stride: pitch)
                block.conv3.multiply(
                    rows: pixels, strip, stride: pitch, to: x, stride: c, .add, ahead: ahead(following, of: gated))
            }

            kernels.layerNorm(block.norm2, pixels: pixels, x, stride: c, to: strip, stride: pitch)
            if let transform {
                for y in unit {
                    transform.transformRow(
                        y, strip + (y - unit.lowerBound) * width * pitch, stride: pitch, into: spectrum, scratch: work)
                }
            }
            block.conv4.multiplyGated(
                rows: pixels, strip, stride: pitch, to: hidden, stride: pitch, product: products,
                ahead: ahead(following, of: map))
            block.conv5.multiply(rows: pixels, hidden, stride: pitch, to: x, stride: c, .add)
        }
    }

    // MARK: along the columns of the spectrum

    /// Forward along y, the two 1×1 convolutions on every bin, inverse along y; a few columns at a time.
    private func convolveSpectrum(_ convolution: FourierConvolution) {
        guard let transform else { return }
        let c = channels, height = size.height, columns = size.width / 2 + 1, spectrum = workspace.spectrum
        let group = max(1, RowPlan.stripPixels / height)
        let binPitch = 2 * c + 16, hiddenPitch = 4 * c + 16
        func columnsOf(_ chunk: Int) -> Range<Int> { chunk * group..<min(columns, (chunk + 1) * group) }
        workspace.team.parallelFor((columns + group - 1) / group) { chunk, next in
            let span = columnsOf(chunk), following = next.map(columnsOf) ?? 0..<0
            let bins = span.count * height, strip = min(bins, RowPlan.stripPixels)
            var scratch = Scratch(
                floats: Scratch.rounded(bins * binPitch) + Scratch.rounded(strip * hiddenPitch)
                    + Scratch.rounded(transform.scratchCount))
            let line = scratch.take(bins * binPitch), hidden = scratch.take(strip * hiddenPitch)
            let work = scratch.take(transform.scratchCount)
            for (index, x) in span.enumerated() {
                transform.transformColumn(
                    x, of: spectrum, into: line + index * height * binPitch, stride: binPitch, scratch: work)
            }
            for start in stride(from: 0, to: bins, by: strip) {
                let count = min(strip, bins - start), part = line + start * binPitch
                // A share of the next columns with every strip.
                let share = following.count * transform.columnStride * start / bins
                let end = following.count * transform.columnStride * (start + count) / bins
                let ahead = Ahead(spectrum + following.lowerBound * transform.columnStride + share, count: end - share)
                convolution.conv1.multiply(
                    rows: count, part, stride: binPitch, to: hidden, stride: hiddenPitch, .gelu, ahead: ahead)
                convolution.conv2.multiply(rows: count, hidden, stride: hiddenPitch, to: part, stride: binPitch)
            }
            for (index, x) in span.enumerated() {
                transform.invertColumn(
                    x, line + index * height * binPitch, stride: binPitch, into: spectrum, scratch: work)
            }
        }
    }
}
