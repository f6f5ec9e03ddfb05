import Drawing
import Files

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

        canvas.text(title, x: area.left, y: 16, size: 2)
        canvas.text("gain of a sub-decoder over the one before, dB", x: area.left, y: 38, size: 1)
        for tick in axis.values {
            let level = y(tick)
            canvas.line(
                from: (Double(area.left), level), to: (Double(area.left + area.width), level), thickness: 1, .gray)
            let label = axis.label(tick)
            canvas.text(label, x: area.left - 8 - Canvas.textWidth(label), y: Int(level) - 7)
        }
        for depth in 1...depths {
            canvas.text("\(depth)", x: Int(x(depth)) - 5, y: area.top + area.height + 10)
        }
        let caption = "sub-decoder"
        canvas.text(
            caption, x: area.left + (area.width - Canvas.textWidth(caption)) / 2, y: area.top + area.height + 36)
        canvas.line(
            from: (Double(area.left), y(tau)), to: (Double(area.left + area.width), y(tau)), thickness: 2, dash: 6,
            .black)
        canvas.frame(x: area.left, y: area.top, width: area.width, height: area.height, thickness: 1, .black)
        for (index, row) in calibration.increments.enumerated() {
            draw(row, Colour.scale(index, of: calibration.increments.count), on: &canvas, x: x, y: y)
        }
        legend(on: &canvas)
        return canvas.picture
    }

    private func draw(
        _ row: [Double?], _ colour: Colour, on canvas: inout Canvas, x: (Int) -> Double, y: (Double) -> Double
    ) {
        var last: (x: Double, y: Double)?
        for (index, gain) in row.enumerated() {
            guard let gain else { continue }
            let point = (x: x(index + 1), y: y(gain))
            if let last { canvas.line(from: last, to: point, thickness: 3, colour) }
            canvas.fill(x: Int(point.x) - 4, y: Int(point.y) - 4, width: 9, height: 9, colour)
            last = point
        }
    }

    private func legend(on canvas: inout Canvas) {
        let left = Self.area.left + Self.area.width + 20
        canvas.text("class exit tiles", x: left, y: Self.area.top)
        let table = calibration.exitTable(tau: tau)
        for (index, count) in calibration.counts.enumerated() {
            let top = Self.area.top + 28 + index * 26
            canvas.fill(
                x: left, y: top, width: 16, height: 14, Colour.scale(index, of: calibration.counts.count))
            canvas.text("\(index)", x: left + 26, y: top)
            canvas.text("\(table[index])", x: left + 84, y: top)
            canvas.text("\(count)", x: left + 132, y: top)
        }
        let top = Self.area.top + 40 + calibration.counts.count * 26
        canvas.line(from: (Double(left), Double(top + 7)), to: (Double(left + 40), Double(top + 7)), dash: 6, .black)
        canvas.text("tau = \(tau) dB", x: left + 50, y: top)
    }
}
