import Files
import Foundation
import Synchronization

/// A progress bar on a terminal, with the time that is left.
final class ProgressLine: Sendable {
    private struct State {
        var total: Int
        var done = 0
        var file = ""
        var lastShown = ContinuousClock.now - .seconds(1)
        var began: ContinuousClock.Instant?
    }

    private let unit: String
    private let state: Mutex<State>

    /// - Parameter totalTiles: as far as they are known, see ``expect(_:)``.
    /// - Returns: nil unless standard error is a terminal: pipes and logs get no bar.
    init?(totalTiles: @autoclosure () -> Int, unit: String = "tiles") {
        guard isatty(STDERR_FILENO) == 1 else { return nil }
        self.unit = unit
        state = Mutex(State(total: totalTiles()))
    }

    /// Further tiles, of an input that could not be looked at before.
    func expect(_ tiles: Int) { state.withLock { $0.total += tiles } }

    /// - Parameter file: printable, as `FilePath.description` is.
    func start(_ file: String) {
        state.withLock { state in
            state.file = file
            if state.began == nil { state.began = .now }
        }
        show()
    }

    /// One more tile is done, or will never be.
    func advance(by tiles: Int = 1) {
        state.withLock { $0.done += tiles }
        show()
    }

    /// Takes the bar away, for a message or the end.
    func clear() { Self.write("\r\u{1B}[K") }

    private func show() {
        let line: String? = state.withLock { state in
            let now = ContinuousClock.now
            guard state.total > 0, now - state.lastShown > .milliseconds(100) || state.done >= state.total else { return nil }
            state.lastShown = now
            let share = min(1, Double(state.done) / Double(state.total))
            let filled = Int(share * 24)
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
            var left = "--:--"
            if state.done > 0, let began = state.began {
                left = Self.time((now - began) / .seconds(1) * (1 - share) / share)
            }
            let counts = "\(Int(share * 100))% \(state.done)/\(state.total) \(unit), \(left) left"
            return "\(bar) \(counts)  \(state.file)"
        }
        // A terminal is rarely narrower; a wrapped line would not be cleared.
        if let line { Self.write("\r\u{1B}[K\(line.prefix(79))") }
    }

    private static func time(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded())
        return whole >= 3600
            ? String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
            : String(format: "%d:%02d", whole / 60, whole % 60)
    }

    private static func write(_ text: String) { Console.note(text) }
}
