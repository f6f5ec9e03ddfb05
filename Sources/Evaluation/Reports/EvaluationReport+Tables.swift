extension EvaluationReport {
    private static let figures = ["PSNR dB", "SSIM", "blurred PSNR dB", "ΔPSNR dB", "D-Rate", "s/image"]

    /// One line per data set: the table of a paper.
    public var summary: String {
        var table = MarkdownTable(["data set", "images"] + Self.figures)
        table.add([dataSet, "\(images.count)"] + Self.cells(mean, dRate))
        return table.text
    }

    /// How far the pictures lie apart; empty for fewer than two.
    public var spreadTable: String {
        guard images.count > 1 else { return "" }
        var table = MarkdownTable(["spread", "std", "min", "25 %", "median", "75 %", "max"])
        let spread = spread
        for (name, values, digits) in [
            ("PSNR dB", spread.psnr, 3), ("SSIM", spread.ssim, 4), ("blurred PSNR dB", spread.blurredPSNR, 3),
            ("ΔPSNR dB", spread.gain, 3),
        ] {
            guard let values else { continue }
            table.add(
                [name]
                    + [
                        values.standardDeviation, values.least, values.lowerQuartile, values.median,
                        values.upperQuartile, values.most,
                    ].map { MarkdownTable.fixed($0, digits) })
        }
        return table.text
    }

    /// One line per picture, and their mean.
    public var details: String {
        var table = MarkdownTable(["image", "exits"] + Self.figures)
        for image in images {
            let failed = image.isAligned == false ? " (not aligned)" : ""
            table.add(
                [image.name + failed, Self.exits(image)]
                    + Self.cells(
                        Mean(
                            psnr: image.psnr, ssim: image.ssim, blurredPSNR: image.blurredPSNR, gain: image.gain,
                            seconds: image.run?.seconds), dRate(of: image)))
        }
        table.add(["mean", ""] + Self.cells(mean, dRate))
        return table.text
    }

    /// `1=2 4=6`: tiles by exit.
    static func exits(_ image: EvaluationRecord) -> String {
        let exits = (image.run?.exits ?? [:]).sorted { NaturalOrder.areInOrder($0.key, $1.key) }
        return exits.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }

    private static func cells(_ mean: Mean?, _ dRate: Double?) -> [String] {
        [
            MarkdownTable.fixed(mean?.psnr, 3), MarkdownTable.fixed(mean?.ssim, 4),
            MarkdownTable.fixed(mean?.blurredPSNR, 3), MarkdownTable.fixed(mean?.gain, 3, signed: true),
            MarkdownTable.percent(dRate), MarkdownTable.fixed(mean?.seconds, 2),
        ]
    }
}

extension EvaluationReport {
    private static let columns = [
        "name", "width", "height", "psnr", "psnr_blurred", "psnr_gain", "ssim", "aligned", "exits", "tiles",
        "sub_decoder_runs", "d_rate", "anomalies", "seconds",
    ]

    /// One line per picture, in full precision, by RFC 4180 but for its line ends; what a picture does not have is empty.
    public var csv: String {
        let rows = images.map { image in
            let run = image.run
            let cells: [(any CustomStringConvertible)?] = [
                image.name, image.width, image.height, image.psnr, image.blurredPSNR, image.gain, image.ssim,
                image.isAligned, Self.exits(image), run?.tiles, run?.subDecoderRuns, dRate(of: image), run?.anomalies,
                run?.seconds,
            ]
            return cells.map { $0.map { Self.quoted($0.description) } ?? "" }
        }
        return ([Self.columns] + rows).map { $0.joined(separator: ",") + "\n" }.joined()
    }

    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
