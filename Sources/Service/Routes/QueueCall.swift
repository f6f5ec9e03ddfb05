import HTTP
import Tiles

/// How a request comes to the tile queue, and what it takes along when there is no room for it.
struct QueueCall: Sendable {
    private let tickets: ReturnTickets
    private let account: String
    private let ticket: ReturnTickets.Ticket?
    /// Nil: the ticket's time has come.
    private let secondsUntilDue: Double?

    /// How long a body may take without losing what its head came in time for.
    private static let secondsForBody = 30.0

    /// Judges the ticket when the head comes: the photo may take its time behind it.
    init(_ head: RequestHead, account: String, tickets: ReturnTickets, scheduler: TileScheduler) {
        self.tickets = tickets
        self.account = account
        let ticket = tickets.ticket(of: head, from: account).flatMap { tickets.isUsed($0) ? nil : $0 }
        self.ticket = ticket
        secondsUntilDue = ticket.flatMap(tickets.secondsUntilDue)
        if let ticket, secondsUntilDue == nil { scheduler.extend(promise: ticket.id, seconds: Self.secondsForBody) }
    }

    /// - Throws: ``Problem`` with a new ticket, or what else the queue has to say.
    func reserve(tiles: Int, in scheduler: TileScheduler) throws -> QueueTicket {
        let ticket = ticket.flatMap { tiles <= $0.tiles ? $0 : nil }
        // Of two that come with the same one, one has it.
        let isReturn = secondsUntilDue == nil && ticket.map(tickets.use) ?? false
        let visit: QueueVisit =
            switch ticket {
            case let ticket? where isReturn: .returned(ticket.id)
            case let ticket? where secondsUntilDue != nil: .early(ticket.id)
            default: .first
            }
        do throws(TilesError) {
            let place = try scheduler.reserve(tiles: tiles, client: account, visit: visit)
            // One that came early and got in does not come again.
            if case .early = visit, let ticket { _ = tickets.use(ticket) }
            return place
        } catch {
            guard case .queueFull(let full) = error else { throw error }
            var problem = Problem.describing(error)
            if case .early = visit, let ticket, let secondsUntilDue {
                problem.headers["Retry-After"] = String(Int(max(1, secondsUntilDue.rounded(.up))))
                problem.headers[ReturnTickets.field] = ticket.text
            } else if let promise = full.promise, let wait = problem.headers["Retry-After"].flatMap({ Double($0) }) {
                problem.headers[ReturnTickets.field] = tickets.issue(
                    promise.id, tiles: tiles, to: account, wait: wait, seconds: promise.seconds)
            }
            throw problem
        }
    }
}
