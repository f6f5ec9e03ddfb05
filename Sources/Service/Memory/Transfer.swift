/// How fast bytes move between a client and the service lately, and how long the rest will take at that rate: what tells
/// whose memory is worth holding.
struct Transfer: Sendable {
    /// Over how many seconds the rate is taken; a younger transfer has none yet.
    static let window = 5.0
    private static let marksPerWindow = 5.0

    /// Bytes of the whole; nil: not known.
    let total: Int?
    private let began: Double
    private var moved = 0
    private var movedAt: Double
    /// Bytes that had moved at those times, oldest first; the first one is a window old, or the beginning.
    private var marks: [(at: Double, moved: Int)] = []

    /// - Parameter now: seconds of a monotonic clock.
    init(total: Int?, at now: Double) {
        self.total = total
        began = now
        movedAt = now
        marks = [(now, 0)]
    }

    mutating func move(to bytes: Int, at now: Double) {
        if bytes != moved { movedAt = now }
        moved = bytes
        if now - marks[marks.count - 1].at >= Self.window / Self.marksPerWindow { marks.append((now, bytes)) }
        while marks.count > 1, now - marks[1].at >= Self.window { marks.removeFirst() }
    }

    /// Seconds until the end at the present rate; nil while it is too young to tell. One whose size is not known is
    /// taken to have as much before it as behind it.
    func secondsLeft(at now: Double) -> Double? {
        guard now - began >= Self.window else { return nil }
        // A burst that ended long ago says nothing about now.
        guard now - movedAt < Self.window else { return .infinity }
        let start = marks.last { now - $0.at >= Self.window } ?? marks[0]
        let rate = Double(moved - start.moved) / max(now - start.at, Self.window)
        let left = Double(max(1, total.map { $0 - moved } ?? moved))
        return rate > 0 ? left / rate : .infinity
    }
}
