import Synchronization
import Tiles

/// A photo that may be worked on, with everything that its admission gave it, whoever it is for. Each thing is held until
/// the step that needs it last takes it, and given back with what took it.
final class AdmittedPhoto: Sendable {
    /// Where the photo lies as it was sent.
    struct File: Sendable {
        /// Holds the photo at `range`.
        let bytes: [UInt8]
        let range: Range<Int>
        /// For `bytes`; nil where the photo's own memory covers them.
        var upload: MemoryReservation?
    }

    private struct Held {
        var file: File?
        var place: QueueTicket?
        var memory: MemoryReservation?
    }

    let plan: DeblurPlan
    /// Seconds it has waited so far.
    let queueSeconds: Double
    private let held: Mutex<Held>

    /// - Parameters:
    ///   - place: in the tile queue.
    ///   - memory: for the work on the photo; what its result takes of it is held until that is let go.
    init(_ plan: DeblurPlan, _ file: File, place: QueueTicket, memory: MemoryReservation, queueSeconds: Double) {
        self.plan = plan
        self.queueSeconds = queueSeconds
        held = Mutex(Held(file: file, place: place, memory: memory))
    }

    /// Nil for all but the first who takes it, as with the others.
    func takeFile() -> File? { held.withLock { $0.file.take() } }
    func takePlace() -> QueueTicket? { held.withLock { $0.place.take() } }
    func takeMemory() -> MemoryReservation? { held.withLock { $0.memory.take() } }
}
