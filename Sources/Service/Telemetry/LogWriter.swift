import Foundation
import Synchronization

/// Writes log lines to a descriptor on a thread of its own. Whoever logs never waits: where the reader is slower than
/// the lines come, what does not fit into a bounded buffer is dropped and counted, and a line says so afterwards.
public final class LogWriter: Sendable {
    /// Bytes of lines that wait for the reader.
    public static let capacity = 1 << 20

    /// The writer to standard error that every logger of a process shares.
    public static let standardError = LogWriter(descriptor: STDERR_FILENO)

    private struct State {
        var lines: [UInt8] = []
        /// Bytes the thread is writing.
        var writing = 0
        var dropped = 0
        /// Of those, how many a line has told of.
        var told = 0
    }

    private let descriptor: Int32
    private let capacity: Int
    private let state = Mutex(State())
    private let news = DispatchSemaphore(value: 0)

    public init(descriptor: Int32, capacity: Int = LogWriter.capacity) {
        self.descriptor = descriptor
        self.capacity = capacity
        // A thread and no queue: it stands still for as long as the reader does.
        Thread.detachNewThread { [self] in
            while true {
                news.wait()
                writeAll()
            }
        }
    }

    /// Lines that were dropped so far.
    public var droppedLines: Int { state.withLock { $0.dropped } }

    /// Takes a line with its line feed.
    public func write(_ line: String) {
        let isFirst = state.withLock { state in
            guard state.lines.count + state.writing + line.utf8.count <= capacity else {
                state.dropped += 1
                return false
            }
            let isFirst = state.lines.isEmpty
            state.lines.append(contentsOf: line.utf8)
            return isFirst
        }
        if isFirst { news.signal() }
    }

    /// Waits until everything has been written, or so long.
    ///
    /// - Returns: whether everything has.
    @discardableResult
    public func flush(within seconds: Double) -> Bool {
        let end = Date(timeIntervalSinceNow: seconds)
        while state.withLock({ !$0.lines.isEmpty || $0.writing > 0 }) {
            guard Date() < end else { return false }
            usleep(2000)
        }
        return true
    }

    private func writeAll() {
        let (bytes, dropped) = state.withLock { state in
            defer { (state.lines, state.writing, state.told) = ([], state.lines.count, state.dropped) }
            return (state.lines, state.dropped - state.told)
        }
        write(bytes)
        if dropped > 0 { write(Array("\(dropped) lines of the log were dropped: nobody read them in time\n".utf8)) }
        state.withLock { $0.writing = 0 }
    }

    private func write(_ bytes: [UInt8]) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, bytes.count - written) }
            if count > 0 { written += count } else if errno == EAGAIN { usleep(10_000) } else if errno != EINTR { return }
        }
    }
}
