/// A job on the wire. Every member is always there; what is not known is null.
struct JobDocument: Encodable {
    struct Tiles: Encodable {
        let total, done: Int
    }

    /// What is true only at this moment.
    struct Moment {
        var tilesDone = 0
        var exits: [String: Int] = [:]
        var etaSeconds: Double?
        var position: Int?
    }

    private let record: JobRecord
    private let state: JobState
    let moment: Moment

    /// - Parameter state: the record's own unless an earlier one is told of.
    init(_ record: JobRecord, state: JobState? = nil, _ moment: Moment? = nil) {
        self.record = record
        self.state = state ?? record.state
        self.moment = moment ?? Moment(tilesDone: record.tilesDone, exits: record.exits)
    }

    enum CodingKeys: String, CodingKey {
        case id, state, width, height, tiles, exits, position, error
        case createdAt = "created_at"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
        case etaSeconds = "eta_seconds"
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(record.id, forKey: .id)
        try values.encode(state, forKey: .state)
        try values.encode(record.createdAt.text, forKey: .createdAt)
        try values.encode(state == .queued ? nil : record.startedAt?.text, forKey: .startedAt)
        try values.encode(state.isFinal ? record.finishedAt?.text : nil, forKey: .finishedAt)
        try values.encode(record.width, forKey: .width)
        try values.encode(record.height, forKey: .height)
        try values.encode(Tiles(total: record.tiles, done: moment.tilesDone), forKey: .tiles)
        try values.encode(moment.exits, forKey: .exits)
        try values.encode(moment.etaSeconds.map { ($0 * 10).rounded() / 10 }, forKey: .etaSeconds)
        try values.encode(moment.position, forKey: .position)
        try values.encode(state.isFinal ? record.error?.document : nil, forKey: .error)
    }
}
