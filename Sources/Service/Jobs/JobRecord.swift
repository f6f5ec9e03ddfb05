import Foundation
import HTTP

/// What is kept of a job on disk, besides the photo and the result.
struct JobRecord: Sendable, Codable, Equatable {
    /// A file beside the record: what it has to hold.
    struct StoredFile: Sendable, Codable, Equatable {
        var bytes: Int
        /// SHA-256, 64 hexadecimal digits.
        var digest: String

        var isSound: Bool { bytes > 0 && digest.utf8.count == 64 && digest.allSatisfy(\.isHexDigit) }
    }

    static let currentVersion = 1
    /// A job that has been begun so often and was never ended by anybody's wish is not begun any more.
    static let mostTries = 3

    var version = currentVersion
    var id: String
    var state = JobState.queued
    /// Photo and result are gone, only the memory of the job is left: 410 and not 404.
    var isExpired = false
    var createdAt: JobTime
    var startedAt: JobTime?
    var finishedAt: JobTime?
    /// Upright pixels of the photo.
    var width, height: Int
    var tiles: Int
    /// Tiles that were finished.
    var tilesDone = 0
    /// Finished tiles by exit.
    var exits: [String: Int] = [:]
    /// The parameters of `POST /deblur`, with `format` decided by the Accept of that request.
    var parameters: [String: String]
    /// The most memory that working on it takes besides its file; decoding the result takes no more.
    var workBytes: Int
    /// What the result takes at most, bytes; nil from an older release.
    var resultBytes: Int?
    var requestID: String
    /// Of the model that was there when the job came. Where another one is there when it runs, that one counts.
    var model: String
    /// Who brought it, see ``Callers``; nil from an older release.
    var caller: String?
    /// How often the work was begun and not ended by anybody's wish; nil: never.
    var tries: Int?
    /// While the job is not finished.
    var input: StoredFile?
    /// Of a job that succeeded, until it expires.
    var result: StoredFile?
    /// What heat maps are drawn on, with the result; nil from an older release.
    var preview: StoredFile?
    var answer: DeblurAnswer?
    var error: JobProblem?

    /// What is wrong with a record from disk, in words for the log; nil when it can be used. Everything that the
    /// service would act on is checked, whatever its checksum says.
    func defect(expecting id: JobID) -> String? {
        if version != Self.currentVersion { return "version \(version) of the record" }
        if self.id != id.text { return "another job's record" }
        if state == .running { return "a running job" }
        guard [createdAt, startedAt, finishedAt].allSatisfy({ $0?.isSound ?? true }) else { return "times" }
        if state.isFinal != (finishedAt != nil) { return "state and times disagree" }
        let sides = 1...(1 << 20)
        guard sides.contains(width), sides.contains(height), (1...width * height).contains(tiles) else { return "size" }
        guard (0...tiles).contains(tilesDone) else { return "tiles" }
        guard workBytes > 0, workBytes <= 1 << 50, (0...1 << 50).contains(resultBytes ?? 0) else { return "memory" }
        guard RequestID.isAcceptable(requestID), model.utf8.count <= 512, (caller?.utf8.count ?? 0) <= 256 else {
            return "names"
        }
        guard (0...1 << 20).contains(tries ?? 0) else { return "tries" }
        if (try? savedParameters()) == nil { return "parameters" }
        if let input, !input.isSound { return "photo" }
        if let result, !result.isSound { return "result" }
        if let preview, !preview.isSound { return "preview" }
        if let answer, !answer.isSound { return "answer" }
        if let error, !error.isSound { return "error" }
        if isExpired { return state.isFinal && input == nil && result == nil ? nil : "expired, with files" }
        switch state {
        case .queued: return input != nil ? nil : "no photo"
        case .succeeded: return result != nil && answer != nil ? nil : "no result"
        case .failed: return error != nil ? nil : "no error"
        case .running, .cancelled: return nil
        }
    }

    /// - Throws: ``Problem`` where a newer or older release knew other parameters.
    func savedParameters() throws(Problem) -> DeblurParameters {
        let items = parameters.sorted { $0.key < $1.key }.map { QueryItem(name: $0.key, value: $0.value) }
        let read = try DeblurParameters(items)
        guard read.format != .auto, !read.dryRun else { throw .badParameter("format", "jpeg or png") }
        return read
    }
}

/// Where a job is. Only ``queued`` and the final states are ever written to disk: a job that was running when the
/// process ended is queued again.
enum JobState: String, Sendable, Codable, CaseIterable {
    /// Accepted; its photo lies on disk, no pixel is decoded.
    case queued
    /// It has its memory: it is decoded, its tiles take turns, or its result is being written.
    case running
    case succeeded, failed, cancelled

    /// Whether nothing will change any more.
    var isFinal: Bool { self != .queued && self != .running }
}

/// A moment of a job by the wall clock, in whole milliseconds: the same after a restart.
struct JobTime: Hashable, Sendable, Codable, Comparable {
    /// Since 1970, UTC.
    let milliseconds: Int64

    init(milliseconds: Int64) { self.milliseconds = milliseconds }

    static var now: JobTime { JobTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

    /// ISO 8601 with milliseconds, as `2026-01-31T12:00:00.250Z`.
    var text: String {
        let seconds = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let whole = Date(timeIntervalSince1970: Double(seconds.quotient)).ISO8601Format()
        let fraction = String(seconds.remainder + 1000).dropFirst()
        return "\(whole.dropLast()).\(fraction)Z"
    }

    /// Negative when the clock was set back.
    var secondsUntilNow: Double { Double(Self.now.milliseconds - milliseconds) / 1000 }

    /// Between 1970 and the year 9999.
    var isSound: Bool { (0...253_402_300_799_999).contains(milliseconds) }

    static func < (a: JobTime, b: JobTime) -> Bool { a.milliseconds < b.milliseconds }

    init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}
