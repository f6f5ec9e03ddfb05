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
