extension MemoryBudget {
    enum Kind: Sendable { case upload, image }

    struct Holding: Sendable {
        var bytes: Int
        let kind: Kind
        let client: String
        let isSmall: Bool
        /// While it waits for a client.
        var transfer: Transfer?
        var giveUp: (@Sendable () -> Void)?
    }

    struct Waiter: Sendable {
        let ticket: Int
        let bytes: Int
        let client: String
        let completion: @Sendable (Result<MemoryReservation, Refusal>) -> Void
    }

    /// Who holds how much and who waits; lives under the budget's lock. What it returns is called without it.
    struct State: Sendable {
        typealias GiveUp = @Sendable () -> Void

        let limit: Int
        /// What tiles in work take of it.
        var tileBytes = 0
        var nextTicket = 0
        var holdings: [Int: Holding] = [:]
        var waiters: [Waiter] = []
        /// Whether somebody will look again soon, because something waits.
        var isWatched = false
        private(set) var uploadBytes = 0
        private(set) var imageBytes = 0
        /// Of small images.
        private(set) var smallBytes = 0
        private(set) var smallImages = 0
        private(set) var images = 0

        init(limit: Int) { self.limit = limit }

        var bytes: Int { uploadBytes + imageBytes }
        /// What uploads and images may take together.
        var photoLimit: Int { limit - tileBytes }
        /// What large images leave to small ones.
        private var keptForSmall: Int { limit / 8 }
        private func isSmall(_ bytes: Int) -> Bool { bytes <= limit / 16 }

        // MARK: Holdings

        mutating func hold(_ bytes: Int, _ kind: Kind, client: String) -> Int {
            nextTicket += 1
            let isSmall = kind == .image && isSmall(bytes)
            holdings[nextTicket] = Holding(bytes: 0, kind: kind, client: client, isSmall: isSmall)
            if kind == .image { images += 1 }
            if isSmall { smallImages += 1 }
            change(nextTicket, to: bytes)
            return nextTicket
        }

        mutating func change(_ ticket: Int, to bytes: Int) {
            guard let holding = holdings[ticket] else { return }
            let more = bytes - holding.bytes
            holdings[ticket]?.bytes = bytes
            switch holding.kind {
            case .upload: uploadBytes += more
            case .image: imageBytes += more
            }
            if holding.isSmall { smallBytes += more }
        }

        mutating func release(_ ticket: Int) {
            change(ticket, to: 0)
            guard let holding = holdings.removeValue(forKey: ticket), holding.kind == .image else { return }
            images -= 1
            if holding.isSmall { smallImages -= 1 }
        }

        // MARK: Uploads

        /// Nil when so many bytes more of an upload fit.
        private func refusal(ofUpload bytes: Int) -> Refusal? {
            guard bytes <= limit / 2 else { return .tooLarge(limit: limit / 2, actual: bytes) }
            guard uploadBytes + bytes <= limit / 2, self.bytes + bytes <= photoLimit else {
                return .full(limit: photoLimit, actual: self.bytes + bytes)
            }
            return nil
        }

        /// Lets transfers go that are too far from their end where that makes room.
        mutating func makeRoom(forUpload bytes: Int, sparing own: Int?) -> ([GiveUp], Refusal?) {
            guard let refusal = refusal(ofUpload: bytes) else { return ([], nil) }
            if case .tooLarge = refusal { return ([], refusal) }
            let gone = giveUpSlowest(sparing: own) { $0.refusal(ofUpload: bytes) == nil }
            return (gone ?? [], gone == nil ? refusal : nil)
        }

        /// Takes memory back from the slowest transfers until it is enough; nil, and nothing taken, where it never is.
        private mutating func giveUpSlowest(sparing own: Int?, until isEnough: (State) -> Bool) -> [GiveUp]? {
            let now = MemoryBudget.now
            let slow = holdings.compactMap { ticket, holding -> (ticket: Int, seconds: Double)? in
                guard ticket != own, let seconds = holding.transfer?.secondsLeft(at: now),
                    seconds > MemoryBudget.patienceSeconds
                else { return nil }
                return (ticket, seconds)
            }.sorted { ($1.seconds, $0.ticket) < ($0.seconds, $1.ticket) }
            var next = self
            var gone: [GiveUp] = []
            for (ticket, _) in slow {
                if let giveUp = next.holdings[ticket]?.giveUp { gone.append(giveUp) }
                next.release(ticket)
                guard isEnough(next) else { continue }
                self = next
                return gone
            }
            return nil
        }

        // MARK: Images

        /// Serves whom there is memory for.
        mutating func serve() -> (served: [(Waiter, Result<Int, Refusal>)], gone: [GiveUp]) {
            var served: [(Waiter, Result<Int, Refusal>)] = []
            var gone: [GiveUp] = []
            while let index = nextWaiter {
                let waiter = waiters[index]
                if !fits(waiter), let slow = giveUpSlowest(sparing: nil, until: { $0.fits(waiter) }) { gone += slow }
                if fits(waiter) {
                    waiters.remove(at: index)
                    served.append((waiter, .success(hold(waiter.bytes, .image, client: waiter.client))))
                } else if images == 0 {
                    // Only uploads are in the way, and they may be waiting themselves.
                    waiters.remove(at: index)
                    served.append((waiter, .failure(.full(limit: photoLimit, actual: bytes + waiter.bytes))))
                } else {
                    break
                }
            }
            return (served, gone)
        }

        /// A small image that fits; else the first of the client that has the fewest images in work.
        private var nextWaiter: Int? {
            if let small = waiters.firstIndex(where: { isSmall($0.bytes) && fits($0) }) { return small }
            var inWork: [String: Int] = [:]
            for holding in holdings.values where holding.kind == .image { inWork[holding.client, default: 0] += 1 }
            let large = waiters.indices.filter { !isSmall(waiters[$0].bytes) }
            return (large.isEmpty ? Array(waiters.indices) : large).min { one, other in
                (inWork[waiters[one].client] ?? 0, one) < (inWork[waiters[other].client] ?? 0, other)
            }
        }

        private func fits(_ waiter: Waiter) -> Bool {
            guard bytes + waiter.bytes <= photoLimit else { return false }
            if isSmall(waiter.bytes) {
                // Those that wait for much get what is not kept.
                return smallBytes + waiter.bytes <= keptForSmall || !waiters.contains { !isSmall($0.bytes) }
            }
            // A single large image may take it all.
            return images == smallImages || bytes - smallBytes + waiter.bytes <= photoLimit - keptForSmall
        }

        func checkInvariants() -> [String] {
            var violations: [String] = []
            func require(_ holds: Bool, _ what: String) {
                if !holds { violations.append(what) }
            }
            let all = holdings.values
            require(all.allSatisfy { $0.bytes >= 0 }, "negative")
            require(uploadBytes == all.reduce(0) { $0 + ($1.kind == .upload ? $1.bytes : 0) }, "uploads do not add up")
            require(imageBytes == all.reduce(0) { $0 + ($1.kind == .image ? $1.bytes : 0) }, "images do not add up")
            require(smallBytes == all.reduce(0) { $0 + ($1.isSmall ? $1.bytes : 0) }, "small images do not add up")
            require(images == all.count { $0.kind == .image }, "images are counted wrongly")
            require(uploadBytes <= limit / 2, "uploads over their half")
            require(bytes <= photoLimit, "over the limit")
            require(images > 0 || waiters.isEmpty, "waiting for nobody")
            if let next = nextWaiter { require(!fits(waiters[next]), "waiting without need") }
            return violations
        }
    }
}
