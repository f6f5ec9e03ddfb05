/// Estimates from measured throughput. Work is counted in whole tiles.
extension Turns {
    /// Work of an image that is not done: what is left of its encoding, waiting tiles, and half of each tile at work.
    private func remaining(_ restoration: Restoration) -> Double {
        tilesLeft(restoration) * restoration.work + encodingLeft(restoration)
    }

    private func tilesLeft(_ restoration: Restoration) -> Double {
        Double(restoration.waitingTiles) + Double(restoration.workers) / 2
    }

    /// Of the work of encoding a whole image; as many turns, since one lasts about as long as a whole tile.
    private func encodingLeft(_ restoration: Restoration) -> Double {
        guard !restoration.isUnwanted, restoration.encodingState != .complete else { return 0 }
        return (1 - restoration.encodedShare) * restoration.encodingWork
    }

    /// Seconds until `work` more whole tiles are done that take turns with everything that is here.
    ///
    /// While an image works through r tiles, any other of its lane gets at most r turns; and another lane, all its
    /// images together, as many as this one has.
    ///
    /// - Parameter lane: where an image that is not here yet would be; nil for the first lane there is.
    func seconds(
        forTiles tiles: Double, work: Double, in lane: QueueLane? = nil, besides own: Restoration? = nil
    ) -> Double {
        let lane = own?.lane ?? lane ?? groups.first?.lane
        let peers = (groups.first { $0.lane == lane }?.ring ?? []).filter { $0 !== own && remaining($0) > 0 }
        let inLane = peers.reduce(0.0) { $0 + min(remaining($1), tiles * turn(of: $1)) }
        let turns = tiles * Double(peers.count + 1)
        let outside = groups.reduce(0.0) { sum, group in group.lane == lane ? sum : sum + most(of: group, turns: turns) }
        return (inLane + outside + work) * throughput.secondsPerTile
    }

    /// Work of one turn of an image.
    private func turn(of restoration: Restoration) -> Double { encodingLeft(restoration) > 0 ? 1 : restoration.work }

    /// The most work that a lane does in so many turns.
    private func most(of group: Group, turns: Double) -> Double {
        let work = group.ring.reduce(0.0) { $0 + remaining($1) }
        let longest = group.ring.map { turn(of: $0) }.max() ?? 0
        return min(work, turns * longest)
    }

    /// Seconds until the end of an image that is here.
    func secondsLeft(of restoration: Restoration) -> Double {
        let tiles = tilesLeft(restoration) + encodingLeft(restoration)
        return seconds(forTiles: tiles, work: remaining(restoration), besides: restoration)
    }

    /// Seconds until so many tiles of that lane have been handed out, which takes turns with the others; where more
    /// small images come than the queue takes, theirs do not end meanwhile.
    func seconds(untilHandedOut surplus: Int, of lane: QueueLane) -> Double {
        guard surplus > 0 else { return 0 }
        let isOwn = { (group: Group) in Self.sharesRoom(group.lane, lane) }
        let own = groups.filter(isOwn).flatMap(\.ring)
        let ownTiles = own.reduce(0) { $0 + $1.waitingTiles }
        let work = own.reduce(0.0) { $0 + Double($1.waitingTiles) * $1.work + encodingLeft($1) }
        let workPerTile = ownTiles > 0 ? work / Double(ownTiles) : 1
        let turns = Double(surplus) / Double(max(1, groups.count(where: isOwn)))
        let others = groups.reduce(0.0) { sum, group in
            if isOwn(group) { return sum }
            if case .waiting(_, isSmall: true) = group.lane, ledger.isPressedBySmall {
                return sum + turns * (group.ring.map { turn(of: $0) }.max() ?? 0)
            }
            return sum + most(of: group, turns: turns)
        }
        return (Double(surplus) * workPerTile + others) * throughput.secondsPerTile
    }

    /// Whether tiles of one lane that go make room for the other.
    private static func sharesRoom(_ one: QueueLane, _ other: QueueLane) -> Bool {
        switch (one, other) {
        case (.waiting(_, let isSmall), .waiting(_, let isOtherSmall)): isSmall == isOtherSmall
        default: one == other
        }
    }

    /// Images whose first tile starts before that of `restoration`; nil once it has started.
    func position(of restoration: Restoration) -> Int? {
        guard restoration.state == .waiting else { return nil }
        let inTurn = groups[cursor...] + groups[..<cursor]
        guard let own = inTurn.firstIndex(where: { $0.lane == restoration.lane }),
            let round = inTurn[own].inTurn.firstIndex(where: { $0 === restoration })
        else { return nil }
        var ahead = 0
        for (place, group) in inTurn.enumerated() {
            // Of the lanes before its own one image more has had its turn by then.
            let images = group.inTurn.prefix(place < own - inTurn.startIndex ? round + 1 : round)
            ahead += images.count { $0.state == .waiting && $0.waitingTiles > 0 }
        }
        return ahead
    }
}
