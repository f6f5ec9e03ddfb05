import Foundation

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
