#if PostgreSQL
import PostgreSQL

/// A job as its row has it.
package struct StoredJob: Sendable, Equatable {
    package var id: String
    /// Rises in the order in which jobs came. Numbers may be missing.
    package var number: Int
    package var client: String
    /// queued, running, succeeded, failed, cancelled.
    package var state: String
    /// What the service wrote of it.
    package var record: String
    package var tries: Int
    /// Of the last event; 0 before the first.
    package var events: Int
    /// Only the memory of the job is left.
    package var isGone: Bool

    static let columns = "id, number, client, state, record, tries, events, is_gone"

    init(_ row: DatabaseRow) throws(DatabaseError) {
        id = try row.text(0)
        number = try row.integer(1)
        client = try row.text(2)
        state = try row.text(3)
        record = try row.text(4)
        tries = try row.integer(5)
        events = try row.integer(6)
        isGone = try row.boolean(7)
    }
}

/// A job that is to be taken in.
package struct AcceptedJob: Sendable {
    package var id: String
    package var client: String
    package var record: String
    /// What its photo takes and its result may take.
    package var bytes: Int
    /// Bytes of memory that working on it takes.
    package var memory: Int
    package var tiles: Int
    /// The data of its first event.
    package var event: String

    package init(id: String, client: String, record: String, bytes: Int, memory: Int, tiles: Int, event: String) {
        (self.id, self.client, self.record) = (id, client, record)
        (self.bytes, self.memory, self.tiles, self.event) = (bytes, memory, tiles, event)
    }
}

/// A beginning of a job: the right to write to it, for as long as it is renewed.
package struct Lease: Sendable, Equatable {
    package let job: String
    /// No two beginnings have the same one, so that a replica that was slow cannot write over what another did since (a fencing token).
    package let token: Int
}

/// What streams send of a job.
package struct StoredEvent: Sendable, Equatable {
    /// From 1 on, without gaps.
    package var number: Int
    package var name: String
    package var data: String

    package init(number: Int, name: String, data: String) { (self.number, self.name, self.data) = (number, name, data) }
}

/// Which bytes of a job.
package enum StoredKind: String, Sendable, CaseIterable {
    case photo, result, preview
}

/// What of the store's limits a new job would pass.
package enum StoreRefusal: Error, Equatable {
    /// Jobs of all clients.
    case bytes(limit: Int, actual: Int)
    /// Jobs of this client.
    case jobs(limit: Int, actual: Int)
    /// A job of this name is there.
    case exists
}
#endif
