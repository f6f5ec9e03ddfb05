import HTTP
import Tiles

/// What `dry_run=1` answers: where and how much the photo is blurred, and what restoring it would take.
struct DryRunReport: Encodable {
    struct Tile: Encodable {
        let x, y, width, height: Int
        /// 0 = hardest; null without a classifier.
        let `class`: Int?
        /// Null where only a run would tell.
        let exit: Int?
    }

    let width, height: Int
    /// Degradation class by row and column of tiles, 0 = hardest.
    let blurMap: [[Int?]]
    let tiles: [Tile]
    /// Number of tiles by exit.
    let exits: [String: Int]
    /// On the service as it is now without other work; null as long as nothing was measured.
    let estimatedSeconds: Double?
    let model: String

    enum CodingKeys: String, CodingKey {
        case width, height, tiles, exits, model
        case blurMap = "blur_map"
        case estimatedSeconds = "estimated_seconds"
    }

    init(_ report: RestorationReport, engine: Engine) {
        width = report.grid.width
        height = report.grid.height
        let columns = report.grid.columns.count
        blurMap = (0..<report.grid.rows.count).map { row in
            report.tiles[row * columns..<(row + 1) * columns].map(\.degradationClass)
        }
        tiles = report.tiles.map { tile in
            let area = tile.rectangle
            return Tile(
                x: area.x, y: area.y, width: area.width, height: area.height, class: tile.degradationClass,
                exit: tile.exit)
        }
        exits = Dictionary(uniqueKeysWithValues: report.exits.map { (String($0.key), $0.value) })
        estimatedSeconds = engine.estimatedSeconds(exits: report.tiles.map(\.exit))
        model = engine.model.reference
    }
}
