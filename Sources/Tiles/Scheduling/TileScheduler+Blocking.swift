import Dispatch
import Synchronization

extension TileScheduler {
    /// Restores an image and waits for it; whatever the queue holds, it is not refused. For command lines. Not to be
    /// called from a callback.
    ///
    /// - Throws: ``TilesError``, or what the source or the sink throws.
    public func restore(
        source: any TileSource, sink: (any RowSink)?, options: RestorationOptions,
        progress: (@Sendable (TileProgress) -> Void)? = nil
    ) throws -> RestorationReport {
        let done = DispatchSemaphore(value: 0)
        let outcome = OutcomeBox()
        try enqueue(source: source, sink: sink, options: options, limited: false, progress: progress) {
            outcome.value.withLock { [result = $0] in $0 = result }
            done.signal()
        }
        done.wait()
        switch outcome.value.withLock({ $0 }) {
        case .succeeded(let report): return report
        case .failed(let error): throw error
        case .cancelled, nil: throw TilesError.cancelled
        }
    }

    private final class OutcomeBox: Sendable {
        let value = Mutex<RestorationOutcome?>(nil)
    }
}
