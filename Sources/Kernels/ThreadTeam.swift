import CKernels
import Foundation
import Synchronization

/// The threads that do the arithmetic.
///
/// Each member asks for a task of its own (a tile) and leads it. A member that finds none helps: it takes chunks of the
/// parallel loops that the leaders run. So as many tiles as there are threads run side by side without talking to each
/// other, and a lone tile still uses every core.
///
/// The chunks of a loop are fixed by whoever starts it, never by the number of threads. What a chunk computes
/// therefore does not depend on who runs it, and results are the same bytes for any thread count and any load.
public final class ThreadTeam: @unchecked Sendable {
    // Safe to share: `loops`, `sleeping`, `stopping` and `running` are touched with `mutex` held only; the rest is
    // constant or atomic.

    /// Asked by the idle member of that index (0 ..< threads) for a task to lead; nil when there is none.
    public typealias TaskSource = @Sendable (_ member: Int) -> (() -> Void)?

    /// Threads that take part: the members, and the caller of ``parallelFor(_:_:)`` when the team has no task source.
    public let threadCount: Int

    private let nextTask: TaskSource?
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var loops: [Loop] = []
    private var sleeping = 0
    private var running = 0
    private var stopping = false
    /// Counts what could give an idle member something to do: loops started, tasks announced, the stop.
    private let epoch = Atomic<Int>(0)
    private let idleMembers = Atomic<Int>(0)

    /// How many times an idle member looks for work before it sleeps; about 50 µs, longer than the gap between two
    /// loops of one tile and shorter than anyone notices in a process list.
    private static let spins = 2_000

    /// - Parameters:
    ///   - threads: at least 1.
    ///   - nextTask: where members find tiles. Without it the team has `threads − 1` members that only help the
    ///     thread that calls ``parallelFor(_:_:)``.
    public init(threads: Int, nextTask: TaskSource? = nil) {
        precondition(threads >= 1, "a team needs a thread")
        threadCount = threads
        self.nextTask = nextTask
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
        let members = nextTask == nil ? threads - 1 : threads
        loops.reserveCapacity(threads)
        running = members
        idleMembers.store(members, ordering: .relaxed)
        for index in 0..<members {
            let thread = Thread { [self] in serve(as: index) }
            thread.name = "worker-\(index)"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Says that the task source has something new.
    public func wake() {
        pthread_mutex_lock(mutex)
        announce()
        pthread_mutex_unlock(mutex)
    }

    /// Lets running tasks end, ends the members, and returns when the last one has left. The team holds itself alive
    /// until then: a team that is not needed any more has to be stopped.
    public func stop() {
        pthread_mutex_lock(mutex)
        stopping = true
        announce()
        while running > 0 { pthread_cond_wait(changed, mutex) }
        pthread_mutex_unlock(mutex)
    }

    /// Runs `body(0)`, …, `body(chunks − 1)`, in any order and on any idle members besides the caller, and returns when
    /// all have run. Everything a chunk wrote is visible to the caller afterwards.
    ///
    /// - Parameters:
    ///   - chunks: fixed by the shape of the work alone, so that results do not depend on the team.
    ///   - body: the work of one chunk, called from several threads at once.
    @inline(__always)
    public func parallelFor(_ chunks: Int, _ body: (_ chunk: Int) -> Void) {
        if chunks <= 1 || threadCount == 1 || idleMembers.load(ordering: .relaxed) == 0 {
            for chunk in 0..<chunks { body(chunk) }
        } else {
            share(chunks, body)
        }
    }

    /// The same; every chunk is told which one its thread will run next, nil when that is the last, so that its memory can
    /// be brought near. Who has taken a chunk ahead keeps it: for loops of many chunks.
    @inline(__always)
    public func parallelFor(_ chunks: Int, ahead body: (_ chunk: Int, _ next: Int?) -> Void) {
        if chunks <= 1 || threadCount == 1 || idleMembers.load(ordering: .relaxed) == 0 {
            for chunk in 0..<chunks { body(chunk, chunk + 1 < chunks ? chunk + 1 : nil) }
        } else {
            let next = Atomic<Int>(0)
            // A chunk of this loop is a turn: what a thread takes until none is left.
            share(threadCount) { _ in
                var chunk = next.add(1, ordering: .relaxed).oldValue
                while chunk < chunks {
                    let following = next.add(1, ordering: .relaxed).oldValue
                    body(chunk, following < chunks ? following : nil)
                    chunk = following
                }
            }
        }
    }

    // MARK: Loops

    private final class Loop: @unchecked Sendable {
        // Safe to share: constants and atomics. `body` points into the leader's frame, which stays until no helper runs
        // chunks any more; a helper may hold the loop itself for longer, so the closure is not a member.
        let chunks: Int
        let body: UnsafePointer<(Int) -> Void>
        let next = Atomic<Int>(0)
        let helpers = Atomic<Int>(0)

        init(chunks: Int, body: UnsafePointer<(Int) -> Void>) {
            self.chunks = chunks
            self.body = body
        }

        /// Not inlined, so that whatever a call retains is released before the helper says that it is done.
        @inline(never)
        func run() {
            while true {
                let chunk = next.add(1, ordering: .relaxed).oldValue
                if chunk >= chunks { return }
                body.pointee(chunk)
            }
        }
    }

    @inline(never)
    private func share(_ chunks: Int, _ body: (Int) -> Void) {
        // The check below names this file by its whole path, so that builds in two folders would differ (docs/releasing.md).
        #sourceLocation(file:"ThreadTeam",line:129)
        withoutActuallyEscaping(body) { body in
            withUnsafePointer(to: body) { lead(Loop(chunks: chunks, body: $0)) }
        }
        #sourceLocation()
    }

    private func lead(_ loop: Loop) {
        pthread_mutex_lock(mutex)
        loops.append(loop)
        announce()
        pthread_mutex_unlock(mutex)

        loop.run()

        pthread_mutex_lock(mutex)
        loops.removeAll { $0 === loop }
        pthread_mutex_unlock(mutex)
        // Nobody new can join; those inside are finishing their last chunk.
        while loop.helpers.load(ordering: .acquiring) > 0 { kernel_relax() }
    }

    /// Takes chunks of a running loop. False when there is none.
    private func help() -> Bool {
        pthread_mutex_lock(mutex)
        let loop = loops.first { $0.next.load(ordering: .relaxed) < $0.chunks }
        loop?.helpers.add(1, ordering: .relaxed)
        pthread_mutex_unlock(mutex)
        guard let loop else { return false }
        loop.run()
        loop.helpers.subtract(1, ordering: .releasing)
        return true
    }

    // MARK: Members

    private func serve(as index: Int) {
        while true {
            let seen = epoch.load(ordering: .acquiring)
            if let task = nextTask?(index) {
                idleMembers.subtract(1, ordering: .relaxed)
                task()
                idleMembers.add(1, ordering: .relaxed)
            } else if !help(), !waitForChange(since: seen) {
                break
            }
        }
        pthread_mutex_lock(mutex)
        running -= 1
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    /// False when the team stops and nothing has changed since.
    private func waitForChange(since seen: Int) -> Bool {
        for _ in 0..<Self.spins {
            if epoch.load(ordering: .acquiring) != seen { return true }
            kernel_relax()
        }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while epoch.load(ordering: .relaxed) == seen {
            if stopping { return false }
            sleeping += 1
            pthread_cond_wait(changed, mutex)
            sleeping -= 1
        }
        return true
    }

    /// With `mutex` held.
    private func announce() {
        epoch.add(1, ordering: .releasing)
        if sleeping > 0 { pthread_cond_broadcast(changed) }
    }
}
