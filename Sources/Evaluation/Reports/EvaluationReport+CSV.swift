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
