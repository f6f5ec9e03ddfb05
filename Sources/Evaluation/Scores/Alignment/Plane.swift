/// One channel of a picture.
struct Plane {
    let width: Int
    let height: Int
    /// `(height, width)` row-major.
    var values: [Float]

    /// Luma of an RGB picture (ITU-R BT.601), as OpenCV's `COLOR_RGB2GRAY` weighs it.
    ///
    /// - Parameter rgb: `(height, width, 3)` row-major.
    init(grayOf rgb: [Float], width: Int, height: Int) {
        self.width = width
        self.height = height
        values = (0..<width * height).map { i in
            0.299 * rgb[3 * i] + 0.587 * rgb[3 * i + 1] + 0.114 * rgb[3 * i + 2]
        }
    }

    private init(width: Int, height: Int, values: [Float]) {
        self.width = width
        self.height = height
        self.values = values
    }

    /// Smoothed by the 5×5 binomial window, which stands for a Gaussian of that size; the edges are mirrored.
    func smoothed() -> Plane {
        let taps: [Float] = [0.0625, 0.25, 0.375, 0.25, 0.0625]
        return filtered(alongRows: taps).filtered(alongColumns: taps)
    }

    /// Half the difference of the neighbours on both sides.
    func slopes() -> (x: Plane, y: Plane) {
        let taps: [Float] = [-0.5, 0, 0.5]
        return (filtered(alongRows: taps), filtered(alongColumns: taps))
    }

    private func filtered(alongRows taps: [Float]) -> Plane {
        let radius = taps.count / 2
        var result = [Float](repeating: 0, count: values.count)
        for y in 0..<height {
            let line = y * width
            for x in 0..<width {
                var sum: Float = 0
                for (tap, weight) in taps.enumerated() {
                    sum += weight * values[line + Self.mirrored(x + tap - radius, width)]
                }
                result[line + x] = sum
            }
        }
        return Plane(width: width, height: height, values: result)
    }

    private func filtered(alongColumns taps: [Float]) -> Plane {
        let radius = taps.count / 2
        var result = [Float](repeating: 0, count: values.count)
        for y in 0..<height {
            for (tap, weight) in taps.enumerated() where weight != 0 {
                let from = Self.mirrored(y + tap - radius, height) * width
                for x in 0..<width { result[y * width + x] += weight * values[from + x] }
            }
        }
        return Plane(width: width, height: height, values: result)
    }

    /// The mirror image without repeating the edge.
    @inline(__always)
    private static func mirrored(_ position: Int, _ length: Int) -> Int {
        if position >= 0, position < length { return position }
        guard length > 1 else { return 0 }
        let period = 2 * (length - 1)
        let folded = ((position % period) + period) % period
        return folded < length ? folded : period - folded
    }
}
