import Sockets

extension Connection {
    /// Most bytes read in one turn, so that one fast sender does not hold up the others.
    private static let turnLimit = 1 << 20
    /// Most requests answered in one turn.
    private static let turnRequests = 64

    private enum Read {
        case some
        case nothing
        case end
        case broken
    }

    /// Goes as far as input, handler and output allow.
    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        var bytes = 0
        var requests = 0
        repeat {
            hasNews = false
            while advance(&bytes, &requests) {}
            flush()
        } while hasNews && phase != .closed
        if isPeerClosed, phase == .waiting || phase == .streaming { leaveIfSlow() }
    }

    /// One step; false when there is nothing more to do now.
    private func advance(_ bytes: inout Int, _ requests: inout Int) -> Bool {
        if answer != nil, deliverAnswer() { return true }
        switch phase {
        case .closed, .waiting, .streaming, .ending: return false
        case .head:
            if output.count > Self.outputLimit {
                flush()
                guard phase == .head, output.count <= Self.outputLimit else { return false }
            }
            guard requests < Self.turnRequests else {
                loop.postpone(self)
                return false
            }
        case .lingering, .collecting, .discarding: break
        }
        if inputOffset < input.count {
            let (held, start) = (input, inputOffset)
            (input, inputOffset) = ([], 0)
            let used = held.withUnsafeBufferPointer { feed($0, from: start, &requests) }
            if phase != .closed, used < held.count { (input, inputOffset) = (held, used) }
            return true
        }
        guard bytes < Self.turnLimit else {
            loop.postpone(self)
            return false
        }
        switch read(&bytes, &requests) {
        case .some: return true
        case .nothing: return didRunDry()
        case .end:
            hasReadEnd = true
            return didReadEnd()
        case .broken:
            close(.clientGone)
            return false
        }
    }

    /// Reads once and feeds what came; what is not used is kept.
    private func read(_ bytes: inout Int, _ requests: inout Int) -> Read {
        if hasReadEnd { return .end }
        guard mayRead else { return .nothing }
        switch socket.read(into: loop.scratch) {
        case .bytes(let count):
            // A short read has emptied the socket; the next edge says when there is more. An end needs one more look.
            if count < loop.scratch.count, !isPeerClosed { mayRead = false }
            bytes += count
            lastRead = loop.now
            if phase == .lingering { return .some }
            let buffer = UnsafeBufferPointer(
                start: loop.scratch.baseAddress?.assumingMemoryBound(to: UInt8.self), count: count)
            let used = feed(buffer, from: 0, &requests)
            if phase != .closed, used < count {
                input = Array(buffer[used...])
                inputOffset = 0
            }
            return .some
        case .wouldBlock:
            mayRead = false
            return .nothing
        case .end: return .end
        case .failed: return .broken
        }
    }

    /// Gives bytes to the parser until they are used or the request wants none.
    ///
    /// - Returns: where the unused ones begin.
    private func feed(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ requests: inout Int) -> Int {
        var offset = start
        while true {
            switch phase {
            case .head, .collecting, .discarding: break
            case .ending, .lingering: return bytes.count
            case .waiting, .streaming, .closed: return offset
            }
            if phase == .head, parser.isIdle {
                guard offset < bytes.count, requests < Self.turnRequests, output.count <= Self.outputLimit else {
                    return offset
                }
                (headStart, requestStart) = (loop.now, loop.now)
            }
            switch parser.next(bytes, at: &offset) {
            case .needsMore: return offset
            case .head(let head):
                requests += 1
                begin(head, bytes, &offset)
            case .body(let range):
                bodyBytes += range.count
                if phase == .collecting { gather(bytes, range) }
            case .end: didCompleteBody()
            case .failure(let failure):
                // Too much of a body that nobody wants: the answer that is there says more than a 413.
                if failure.status != .contentTooLarge || !deliverEarly() { fail(failure) }
            }
            if answer != nil { _ = deliverAnswer() }
        }
    }

    private func gather(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
        if body.count + range.count > body.capacity, let length = exchange?.head.contentLength {
            // An eighth at least has come: this copies no more than that, and is the only copy.
            body.reserveCapacity(length)
        }
        body.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[range]))
        progress?(bodyBytes)
    }

    /// Everything that has come is used, and the request wants more.
    private func didRunDry() -> Bool {
        guard answer != nil, phase == .discarding else { return false }
        return deliverEarly()
    }

    /// The client will send nothing more.
    private func didReadEnd() -> Bool {
        switch phase {
        case .lingering:
            close(.complete)
        case .head where parser.isIdle:
            phase = .ending
        case .head, .collecting:
            // RFC 9112 §8: an incomplete message. The client may have closed its sending side alone.
            fail(.broken("The request ends before it is complete."))
            return true
        case .discarding:
            if answer == nil {
                phase = .ending
            } else if !deliverEarly() {
                fail(.broken("The request ends before it is complete."))
                return true
            }
        case .waiting, .streaming, .ending, .closed: break
        }
        return false
    }
}
