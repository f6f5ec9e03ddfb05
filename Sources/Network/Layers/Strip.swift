import Kernels

/// A map, or two side by side, as a convolution reads it.
struct StripSource {
    /// One part of the channels.
    struct Part {
        /// `(pixels, channels)` with that stride.
        let map: UnsafePointer<Float>
        let channels: Int
        let stride: Int
        /// Whether max(·, 0) comes first.
        let rectified: Bool
    }

    let first: Part
    let second: Part?

    init(_ map: UnsafePointer<Float>, channels: Int, stride: Int? = nil, rectified: Bool = false) {
        first = Part(map: map, channels: channels, stride: stride ?? channels, rectified: rectified)
        second = nil
    }

    private init(_ first: Part, _ second: Part) {
        self.first = first
        self.second = second
    }

    /// The channels of both, this one's first.
    func joined(with other: StripSource) -> StripSource { StripSource(first, other.first) }

    var channels: Int { first.channels + (second?.channels ?? 0) }
}

/// Some rows of a map with a zero pixel at either end, and zero rows where the map has none: `(rows, width + 2,
/// channels)`. Small enough to stay in the second cache while the product reads it once per panel of weights.
struct Strip {
    let memory: UnsafeMutablePointer<Float>
    /// The map's row that the first one is; −1 is the zero row above the map.
    let firstRow: Int
    /// Floats between neighbouring rows.
    let rowStride: Int

    /// The map's row `y` with its padding, from the zero pixel on the left.
    func row(_ y: Int) -> UnsafePointer<Float> { UnsafePointer(memory + (y - firstRow) * rowStride) }

    static func count(rows: Int, width: Int, channels: Int) -> Int { rows * (width + 2) * channels }

    /// How many rows of a result to make from one strip: as many as 640 KiB of padded source allow, so that
    /// strip, weights and result fit into the second cache, but two at least, since each strip copies two rows more than
    /// it needs.
    static func rows(width: Int, channels: Int, height: Int, stride: Int) -> Int {
        let fitting = (160 * 1024) / count(rows: 1, width: width, channels: channels) - 2
        return min(height, max(2, min(8, fitting / stride)))
    }

    init(
        _ source: StripSource, rows: Range<Int>, size: MapSize, memory: UnsafeMutablePointer<Float>, kernels: KernelSet
    ) {
        let channels = source.channels
        self.memory = memory
        firstRow = rows.lowerBound
        rowStride = (size.width + 2) * channels
        for y in rows {
            let line = memory + (y - rows.lowerBound) * rowStride
            guard (0..<size.height).contains(y) else {
                line.update(repeating: 0, count: rowStride)
                continue
            }
            line.update(repeating: 0, count: channels)
            (line + rowStride - channels).update(repeating: 0, count: channels)
            Self.copy(source.first, row: y, width: size.width, to: line + channels, stride: channels, kernels)
            if let second = source.second {
                Self.copy(
                    second, row: y, width: size.width, to: line + channels + source.first.channels, stride: channels,
                    kernels)
            }
        }
    }

    private static func copy(
        _ part: StripSource.Part, row: Int, width: Int, to line: UnsafeMutablePointer<Float>, stride: Int,
        _ kernels: KernelSet
    ) {
        let x = part.map + row * width * part.stride, packed = part.stride == part.channels && stride == part.channels
        let pixels = packed ? 1 : width, channels = packed ? width * part.channels : part.channels
        if part.rectified {
            kernels.rectify(pixels: pixels, channels: channels, x, stride: part.stride, to: line, stride: stride)
        } else {
            for pixel in 0..<pixels { (line + pixel * stride).update(from: x + pixel * part.stride, count: channels) }
        }
    }
}
