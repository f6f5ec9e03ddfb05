import Tiles

/// What happened to one tile of a job.
struct JobTile: Sendable, Codable, Equatable {
    /// Upright pixels of the photo.
    var x, y, width, height: Int
    /// Degradation class, 0 = hardest; nil without a classifier.
    var degradationClass: Int?
    /// 0: left as it came.
    var exit: Int
    var milliseconds: Double
    /// Why its output was not believed; nil when it was.
    var anomaly: String?
    /// From this tile to the job's end, as it was estimated then.
    var etaSeconds: Double?

    enum CodingKeys: String, CodingKey {
        case x, y, width, height, exit, milliseconds, anomaly
        case degradationClass = "class"
        case etaSeconds = "eta_seconds"
    }

    init(_ record: TileRecord, etaSeconds: Double?) {
        (x, y) = (record.rectangle.x, record.rectangle.y)
        (width, height) = (record.rectangle.width, record.rectangle.height)
        degradationClass = record.degradationClass
        exit = record.exit ?? 0
        milliseconds = (record.milliseconds * 10).rounded() / 10
        anomaly = record.anomaly?.rawValue
        self.etaSeconds = etaSeconds
    }

    /// Whether it can be a tile of a picture of that size.
    func isSound(width limitX: Int, height limitY: Int) -> Bool {
        let isInside =
            x >= 0 && y >= 0 && width >= 1 && height >= 1 && x <= limitX && y <= limitY && width <= limitX - x
            && height <= limitY - y
        return isInside && (0...1024).contains(exit) && milliseconds.isFinite && milliseconds >= 0
            && (anomaly.map { TileAnomaly(rawValue: $0) != nil } ?? true) && (degradationClass ?? 0) >= 0
    }
}

/// A tile on the wire: in `GET /jobs/{id}/exits`, and with ``progress`` as the data of a `tile` event. What is not
/// known is null, never absent.
struct TileDocument: Encodable {
    struct Progress {
        let done, total: Int
    }

    let tile: JobTile
    var progress: Progress?

    enum CodingKeys: String, CodingKey {
        case x, y, width, height, exit, milliseconds, anomaly, done, total
        case degradationClass = "class"
        case etaSeconds = "eta_seconds"
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(tile.x, forKey: .x)
        try values.encode(tile.y, forKey: .y)
        try values.encode(tile.width, forKey: .width)
        try values.encode(tile.height, forKey: .height)
        try values.encode(tile.degradationClass, forKey: .degradationClass)
        try values.encode(tile.exit, forKey: .exit)
        try values.encode(tile.milliseconds, forKey: .milliseconds)
        try values.encode(tile.anomaly, forKey: .anomaly)
        guard let progress else { return }
        try values.encode(progress.done, forKey: .done)
        try values.encode(progress.total, forKey: .total)
        try values.encode(tile.etaSeconds, forKey: .etaSeconds)
    }
}

/// `GET /jobs/{id}/exits` as JSON.
struct ExitsDocument: Encodable {
    let width, height: Int
    let tiles: [TileDocument]

    init(width: Int, height: Int, tiles: [JobTile]) {
        (self.width, self.height) = (width, height)
        self.tiles = tiles.map { TileDocument(tile: $0) }
    }
}
