import Foundation
import Service
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
        enum Status: String, Encodable { case done, skipped, failed }

        let input, output: String
        var status: Status
        var width, height: Int?
        var tiles: [Tile]?
        /// Number of tiles by exit.
        var exits: [String: Int]?
        var milliseconds: Milliseconds?
        var error: String?
    }

    let model: String
    let kernels: String
    let threads: Int
    var files: [File] = []

    func write(to path: String) throws {
        try (JSON.encode(self, pretty: true) + Data("\n".utf8)).write(to: URL(filePath: path), options: .atomic)
    }
}
