import Files
import Foundation
import Tiles

/// What `--report` writes.
struct ImageReport: Encodable {
    struct Tile: Encodable {
        let x, y, width, height: Int
        /// 0 = hardest; null without a classifier.
        let `class`: Int?
        let exit: Int?
        let milliseconds: Double
        /// Why the output was not believed and was replaced; absent when it was.
        let anomaly: String?

        init(_ tile: TileRecord) {
            (x, y) = (tile.rectangle.x, tile.rectangle.y)
            (width, height) = (tile.rectangle.width, tile.rectangle.height)
            self.class = tile.degradationClass
            exit = tile.exit
            milliseconds = (tile.milliseconds * 1e3).rounded() / 1e3
            anomaly = tile.anomaly?.rawValue
        }
    }

    struct Milliseconds: Encodable {
        var decode = 0.0
        var infer = 0.0
        var encode = 0.0
    }

    struct File: Encodable {
        enum Status: String, Encodable {
            case done, skipped, failed
            /// An input before it failed, and --keep-going was not given.
            case notTried = "not_tried"
        }

        /// As text; bytes that are not UTF-8 as `\xE9`.
        let input, output: String
        /// The names in full, where they are not UTF-8: base64.
        let inputBytes, outputBytes: Data?
        var status: Status
        var format: String?
        var width, height: Int?
        var tiles: [Tile]?
        /// Number of tiles by exit.
        var exits: [String: Int]?
        var milliseconds: Milliseconds?
        /// True where transparency was laid over white, because the format has none.
        var isFlattened: Bool?
        var error: String?

        init(_ item: ImageBatch.Item, _ status: Status) {
            let (input, output) = (item.input.label, item.output.label)
            self.input = input.description
            self.output = output.description
            inputBytes = input.text == nil ? Data(input.bytes) : nil
            outputBytes = output.text == nil ? Data(output.bytes) : nil
            self.status = status
        }

        enum CodingKeys: String, CodingKey {
            case input, output, status, format, width, height, tiles, exits, milliseconds, error
            case isFlattened = "flattened"
            case inputBytes = "input_base64"
            case outputBytes = "output_base64"
        }
    }

    struct LeftOut: Encodable {
        let input: String
        let reason: String
    }

    /// Counts that add up: over the parts of a batch, and done, skipped, failed and not tried to the inputs.
    struct Summary: Encodable {
        /// Of this part.
        var inputs = 0
        var done = 0
        var skipped = 0
        var failed = 0
        var notTried = 0
        var leftOut = 0
        /// Of all parts together.
        var inputsOfAllParts = 0
        var seconds = 0.0

        enum CodingKeys: String, CodingKey {
            case inputs, done, skipped, failed, seconds
            case notTried = "not_tried"
            case leftOut = "left_out"
            case inputsOfAllParts = "inputs_of_all_parts"
        }
    }

    struct Part: Encodable {
        let index: Int
        let of: Int
    }

    let model: String
    let kernels: String
    let threads: Int
    var part: Part?
    var summary = Summary()
    var files: [File] = []
    /// What was found in folders and is no picture.
    var leftOut: [LeftOut] = []

    enum CodingKeys: String, CodingKey {
        case model, kernels, threads, part, summary, files
        case leftOut = "left_out"
    }

    mutating func finish(_ batch: ImageBatch, seconds: Double) {
        func count(_ status: File.Status) -> Int { files.count { $0.status == status } }
        leftOut = batch.leftOut.map { LeftOut(input: $0.input.description, reason: $0.reason.rawValue) }
        summary = Summary(
            inputs: batch.items.count, done: count(.done), skipped: count(.skipped), failed: count(.failed),
            notTried: count(.notTried), leftOut: leftOut.count, inputsOfAllParts: batch.total,
            seconds: (seconds * 1e3).rounded() / 1e3)
    }
}
