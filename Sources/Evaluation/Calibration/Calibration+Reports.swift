extension Calibration {
    /// The means by class: the paper's Fig. 5 as numbers.
    public var table: String {
        var table = MarkdownTable(
            ["class (\(grouping == .label ? "PSNR of the blurred tile" : "by the classifier"))", "tiles"]
                + (1...subDecoders).map { "O \($0) dB" })
        for (index, row) in increments.enumerated() {
            table.add(
                ["\(index) \(range(of: index))", "\(counts[index])"]
                    + row.map { MarkdownTable.fixed($0, 4, signed: true) })
        }
        return table.text
    }

    /// Says which classes have no tile here, and what becomes of them; nil when all have.
    public func note(tau: Double) -> String? {
        guard !unseen.isEmpty else { return nil }
        let table = exitTable(tau: tau)
        let names = unseen.map { "\($0) (exit \(table[$0]))" }.joined(separator: ", ")
        let fate = previous == nil ? "all sub-decoders run" : "the model's own rows are kept"
        return "no tile of class \(names) in these pictures: \(fate)"
    }

    private func range(of index: Int) -> String {
        guard grouping == .label, index < thresholds.classes else { return "" }
        func text(_ value: Double) -> String { MarkdownTable.fixed(value, value == value.rounded() ? 0 : 2) }
        let limits = thresholds.decibels
        if index == 0 { return limits.first.map { "up to \(text($0)) dB" } ?? "" }
        if index == limits.count { return "over \(text(limits[index - 1])) dB" }
        return "\(text(limits[index - 1])) to \(text(limits[index])) dB"
    }

    /// The paper's Table 6 on these pictures.
    public static func table(of outlooks: [Outlook]) -> String {
        var table = MarkdownTable(["τ dB", "exit table", "PSNR dB", "D-Rate"])
        for outlook in outlooks {
            table.add([
                outlook.tau.map { "\($0)" } ?? "all sub-decoders",
                outlook.table.map(String.init).joined(separator: ","),
                MarkdownTable.fixed(outlook.psnr, 3), MarkdownTable.percent(outlook.dRate),
            ])
        }
        return table.text
    }
}

/// As `deblur calibrate --json` writes it.
public struct CalibrationReport: Sendable, Encodable {
    let model: String
    let grouping: Calibration.Grouping
    let thresholds: [Double]
    let counts: [Int]
    /// Classes without a tile; what the table says of them is the model's own.
    let kept: [Int]
    let increments: [[Double?]]
    let tau: Double
    let exitTable: [Int]
    let classifierAccuracy: Double?
    let sweep: [Calibration.Outlook]

    public init(_ calibration: Calibration, model: String, tau: Double, sweep: [Calibration.Outlook]) {
        self.model = model
        grouping = calibration.grouping
        thresholds = calibration.thresholds.decibels
        counts = calibration.counts
        kept = calibration.unseen
        increments = calibration.completed
        self.tau = tau
        exitTable = calibration.exitTable(tau: tau)
        classifierAccuracy = calibration.classifierAccuracy
        self.sweep = sweep
    }

    enum CodingKeys: String, CodingKey {
        case model, tau, sweep
        case kept = "classes_kept"
        case grouping = "classes_by"
        case thresholds = "thresholds_db"
        case counts = "tiles"
        case increments = "increments_db"
        case exitTable = "exit_table"
        case classifierAccuracy = "classifier_accuracy"
    }
}
