extension EvaluationReport {
    /// One line per data set: the table of a paper.
    public var summary: String {
        var table = MarkdownTable(["data set", "images", "PSNR dB", "SSIM", "blurred PSNR dB", "D-Rate", "s/image"])
        table.add(Self.cells(dataSet, "\(images.count)", mean, dRate))
        return table.text
    }

    /// One line per picture, and their mean.
    public var details: String {
        var table = MarkdownTable(["image", "exits", "PSNR dB", "SSIM", "blurred PSNR dB", "D-Rate", "s/image"])
        for image in images {
            let exits = image.exits.sorted { NaturalOrder.areInOrder($0.key, $1.key) }
            let failed = image.isAligned == false ? " (not aligned)" : ""
            table.add(
                Self.cells(
                    image.name + failed, exits.map { "\($0.key)=\($0.value)" }.joined(separator: " "),
                    Mean(
                        psnr: image.psnr, ssim: image.ssim, blurredPSNR: image.blurredPSNR, seconds: image.seconds),
                    Double(image.subDecoderRuns) / Double(max(1, subDecoders * image.tiles))))
        }
        table.add(Self.cells("mean", "", mean, dRate))
        return table.text
    }

    private static func cells(_ name: String, _ second: String, _ mean: Mean?, _ dRate: Double?) -> [String] {
        [
            name, second, MarkdownTable.fixed(mean?.psnr, 3), MarkdownTable.fixed(mean?.ssim, 4),
            MarkdownTable.fixed(mean?.blurredPSNR, 3), MarkdownTable.percent(dRate),
            MarkdownTable.fixed(mean?.seconds, 2),
        ]
    }
}
