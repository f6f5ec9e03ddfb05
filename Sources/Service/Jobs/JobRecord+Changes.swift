/// The changes of a job: each from where it may happen and once. Values alone, whoever keeps them.
extension JobRecord {
    /// The most memory that it takes: its file and the work on it.
    var memoryBytes: Int { workBytes + (input?.bytes ?? 0) }

    /// The process has ended so often in the middle of its work that it is not begun any more.
    var isAbandoned: Bool { (tries ?? 0) >= Self.mostTries }

    /// Nobody can ask it for anything any more but whether it was there.
    var isGone: Bool { isExpired || state == .cancelled }

    /// It has its memory. False when it does not wait any more.
    ///
    /// - Parameter tiles: another model than the one that it came for may have others.
    mutating func begin(tiles: Int) -> Bool {
        guard state == .queued else { return false }
        (state, startedAt, self.tiles) = (.running, .now, tiles)
        return true
    }

    /// False when it is not worked on any more.
    mutating func finish(_ tile: JobTile) -> Bool {
        guard state == .running else { return false }
        tilesDone += 1
        exits[String(tile.exit), default: 0] += 1
        return true
    }

    /// As it is once its result is kept; nil when it has ended otherwise.
    func succeeded(_ answer: DeblurAnswer, _ result: StoredFile, _ preview: StoredFile?) -> JobRecord? {
        guard state == .running else { return nil }
        var record = self
        record.end(.succeeded)
        (record.answer, record.result, record.preview, record.tries) = (answer, result, preview, nil)
        // A deadline's result is not the same every time, but this one stays as it is.
        if answer.etag == nil { record.answer?.etag = "\"\(result.digest.prefix(32))\"" }
        return record
    }

    /// False when it has ended before.
    mutating func fail(_ problem: JobProblem) -> Bool {
        guard !state.isFinal else { return false }
        end(.failed)
        error = problem
        return true
    }

    /// False when it has ended before.
    mutating func cancel() -> Bool {
        guard !state.isFinal else { return false }
        end(.cancelled)
        return true
    }

    /// Photo and result are to go. False when they have gone, or it has not ended.
    mutating func expire() -> Bool {
        guard state.isFinal, !isExpired else { return false }
        isExpired = true
        (input, result, answer, preview) = (nil, nil, nil, nil)
        return true
    }

    /// Counts another try, or one less.
    ///
    /// - Returns: as it has to be found after an end of the process, which is never running; nil when it has ended.
    mutating func countTries(_ more: Int) -> JobRecord? {
        guard !state.isFinal else { return nil }
        let count = max(0, (tries ?? 0) + more)
        tries = count > 0 ? count : nil
        var record = self
        record.requeue()
        return record
    }

    /// Whatever was done of it is done again.
    mutating func requeue() { (state, startedAt, tilesDone, exits) = (.queued, nil, 0, [:]) }

    private mutating func end(_ state: JobState) {
        (self.state, input, finishedAt) = (state, nil, .now)
    }
}
