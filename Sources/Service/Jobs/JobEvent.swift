/// One event of a job. Numbers count from 1 and are the same in every run of the job: `queued` is 1, `started` 2, the tiles
/// follow in the order of the grid. So a client that resumes after a restart misses nothing and sees nothing twice.
struct JobEvent: Sendable {
    enum Name: String, Sendable {
        case queued, started, tile, succeeded, failed, cancelled
    }

    let number: Int
    let name: Name
    /// JSON.
    let data: [UInt8]

    /// As an event stream has it (WHATWG HTML §9.2).
    var text: [UInt8] {
        var text = Array("id: \(number)\nevent: \(name.rawValue)\ndata: ".utf8)
        text += data
        text += [0x0A, 0x0A]
        return text
    }
}

extension JobState {
    /// The event that tells of a final state.
    var lastEvent: JobEvent.Name {
        switch self {
        case .succeeded: .succeeded
        case .cancelled: .cancelled
        case .failed, .queued, .running: .failed
        }
    }
}
