import Drawing
import Files
import Foundation

/// The paper's Fig. 5 as a picture: what each sub-decoder gains, one line per class.
public struct IncrementPlot {
    private let calibration: Calibration
    private let tau: Double
    private let title: String

    public init(_ calibration: Calibration, tau: Double, title: String) {
        self.calibration = calibration
        self.tau = tau
        self.title = title
    }

    private static let large = Lettering(capitalHeight: 14)
    private static let words = Lettering(capitalHeight: 11)
    private static let size = (width: 900, height: 560)
    private static let area = (left: 100, top: 60, width: 560, height: 420)

    /// - Throws: `ImageError`, `FileError`.
    public func write(to file: FilePath) throws { try draw().write(to: file) }

    package func draw() -> ByteImage {
        var canvas = Canvas(width: Self.size.width, height: Self.size.height)
        let values = calibration.increments.joined().compactMap { $0 } + [0, tau]
        let axis = Ticks(from: values.min() ?? 0, to: values.max() ?? 1)
        let area = Self.area
        let depths = calibration.subDecoders
        func x(_ depth: Int) -> Double {
            Double(area.left) + (Double(depth) - 0.5) / Double(depths) * Double(area.width)
        }
        func y(_ value: Double) -> Double { Double(area.top) + (1 - axis.share(of: value)) * Double(area.height) }

        canvas.text(title, x: area.left, y: 14, Self.large)
        canvas.text("gain of a sub-decoder over the one before, dB", x: area.left, y: 38, Self.words, .muted)
        for tick in axis.values {
            let level = y(tick)
            canvas.line(
                from: (Double(area.left), level), to: (Double(area.left + area.width), level), thickness: 1, .rule)
            let label = axis.label(tick)
            canvas.text(label, x: area.left - 8 - Self.words.width(of: label), y: Int(level) - 5, Self.words)
        }
        for depth in 1...depths {
            let label = "\(depth)"
            canvas.text(
                label, x: Int(x(depth)) - Self.words.width(of: label) / 2, y: area.top + area.height + 12, Self.words)
        }
        let caption = "sub-decoder"
        canvas.text(
            caption, x: area.left + (area.width - Self.words.width(of: caption)) / 2, y: area.top + area.height + 38,
            Self.words, .muted)
        canvas.line(
            from: (Double(area.left), y(tau)), to: (Double(area.left + area.width), y(tau)), thickness: 2, dash: 6,
            .ink)
        canvas.frame(x: area.left, y: area.top, width: area.width, height: area.height, thickness: 1, .muted)
        for (index, row) in calibration.increments.enumerated() {
            draw(row, Colour.scale(index, of: calibration.increments.count), on: &canvas, x: x, y: y)
        }
        legend(on: &canvas)
        return canvas.picture
    }

    /// Each line and point has a dark edge: the lightest colours would be lost on paper.
    private func draw(
        _ row: [Double?], _ colour: Colour, on canvas: inout Canvas, x: (Int) -> Double, y: (Double) -> Double
    ) {
        let points = row.enumerated().compactMap { index, gain in gain.map { (x: x(index + 1), y: y($0)) } }
        for (edge, colour) in [(2, Colour.muted), (0, colour)] {
            for (point, next) in zip(points, points.dropFirst()) {
                canvas.line(from: point, to: next, thickness: 3 + edge, colour)
            }
            for point in points {
                let side = 9 + edge
                canvas.fill(x: Int(point.x) - side / 2, y: Int(point.y) - side / 2, width: side, height: side, colour)
            }
        }
    }

    private func legend(on canvas: inout Canvas) {
        let left = Self.area.left + Self.area.width + 20
        let columns = (left + 26, left + 84, left + 136)
        canvas.text("class", x: columns.0, y: Self.area.top, Self.words, .muted)
        canvas.text("exit", x: columns.1, y: Self.area.top, Self.words, .muted)
        canvas.text("tiles", x: columns.2, y: Self.area.top, Self.words, .muted)
        let table = calibration.exitTable(tau: tau)
        for (index, count) in calibration.counts.enumerated() {
            let top = Self.area.top + 28 + index * 26
            canvas.fill(
                x: left, y: top, width: 16, height: 14, Colour.scale(index, of: calibration.counts.count))
            canvas.frame(x: left, y: top, width: 16, height: 14, thickness: 1, .muted)
            canvas.text("\(index)", x: columns.0, y: top + 1, Self.words)
            canvas.text("\(table[index])", x: columns.1, y: top + 1, Self.words)
            canvas.text("\(count)", x: columns.2, y: top + 1, Self.words)
        }
        let top = Self.area.top + 40 + calibration.counts.count * 26
        canvas.line(from: (Double(left), Double(top + 7)), to: (Double(left + 40), Double(top + 7)), dash: 6, .ink)
        canvas.text("τ = \(tau) dB", x: left + 50, y: top + 1, Self.words)
    }
}

/// Round numbers along an axis: steps of 1, 2 or 5 times a power of ten, five to ten of them.
struct Ticks {
    let values: [Double]
    private let step: Double

    init(from low: Double, to high: Double) {
        let span = max(high - low, 1e-3)
        let power = pow(10, floor(log10(span / 5)))
        let step = [1.0, 2, 5, 10].map { $0 * power }.first { span / $0 <= 8 } ?? 10 * power
        self.step = step
        let first = (low / step).rounded(.down)
        let last = max((high / step).rounded(.up), first + 1)
        values = (Int(first)...Int(last)).map { Double($0) * step }
    }

    /// Where a value lies between the first (0) and the last tick (1).
    func share(of value: Double) -> Double { (value - values[0]) / (values[values.count - 1] - values[0]) }

    /// With as many digits as the step needs.
    func label(_ value: Double) -> String {
        String(format: "%.\(max(0, Int(-floor(log10(step) + 1e-9))))f", value)
    }
}
