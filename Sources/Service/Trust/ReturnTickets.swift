import Digests
import Foundation
import HTTP
import Synchronization

/// What a client takes along when there was no room for it, and comes back with: `Deblur-Ticket`.
///
/// A ticket is signed with a key of this process, so that it holds here alone, and counts for one caller, one return, photos of no more
/// tiles, and a short time that begins when the client was told to come. Any other ticket counts as none.
final class ReturnTickets: Sendable {
    struct Ticket: Sendable, Equatable {
        let id: UInt64
        /// Of the photo that was refused.
        let tiles: UInt32
        /// Milliseconds since this was made.
        let due, end: UInt64
        /// As it was sent.
        let text: String
    }

    static let field = "Deblur-Ticket"

    private let key: [UInt8]
    private let began = ContinuousClock.now
    /// Those that have been used, with their ends.
    private let used = Mutex<[UInt64: UInt64]>([:])

    /// Most tickets that are remembered as used. Where it is reached, tickets count as none for a while.
    private static let mostUsed = 16_384
    /// How much too early a client may be: clocks differ.
    private static let slack = 300.0
    private static let codeBytes = 16
    /// Version, id, tiles, times.
    private static let bodyBytes = 1 + 8 + 4 + 8 + 8
    private static let version: UInt8 = 1

    init() {
        var generator = SystemRandomNumberGenerator()
        key = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    private var now: UInt64 { UInt64(began.duration(to: .now) / .milliseconds(1)) }

    /// - Parameters:
    ///   - id: random.
    ///   - wait: the seconds that the client is told.
    ///   - seconds: for how long it counts, from now on.
    func issue(_ id: UInt64, tiles: Int, to caller: String, wait: Double, seconds: Double) -> String {
        let due = now + UInt64(max(0, wait * 1000 - Self.slack))
        var body = [Self.version]
        body += Self.bytes(id) + Self.bytes(UInt32(clamping: tiles)) + Self.bytes(due) + Self.bytes(now + UInt64(seconds * 1000))
        return Self.text(body + code(body, caller))
    }

    /// The ticket that a request carries, if it is this caller's and its time is not over; whether it was used is not known yet.
    func ticket(of head: RequestHead, from caller: String) -> Ticket? {
        let fields = head.headers.values(Self.field)
        guard fields.count == 1, let bytes = Self.bytes(ofText: fields[0]), bytes[0] == Self.version else { return nil }
        let body = Array(bytes[..<Self.bodyBytes])
        guard constantTimeEqual(code(body, caller), Array(bytes[Self.bodyBytes...])) else { return nil }
        let ticket = Ticket(
            id: Self.number(body[1..<9]), tiles: UInt32(Self.number(body[9..<13])), due: Self.number(body[13..<21]),
            end: Self.number(body[21..<29]), text: fields[0])
        return ticket.end < now ? nil : ticket
    }

    /// Seconds until the client was told to come; nil: the time has come.
    func secondsUntilDue(_ ticket: Ticket) -> Double? { ticket.due > now ? (Double(ticket.due - now) + Self.slack) / 1000 : nil }

    /// False when it has been used, or nothing is known of it.
    func use(_ ticket: Ticket) -> Bool {
        let now = now
        return used.withLock { used in
            if used.count >= Self.mostUsed { used = used.filter { $0.value >= now } }
            guard used.count < Self.mostUsed, used[ticket.id] == nil else { return false }
            used[ticket.id] = ticket.end
            return true
        }
    }

    func isUsed(_ ticket: Ticket) -> Bool { used.withLock { $0[ticket.id] != nil } }

    // MARK: Bytes

    private func code(_ body: [UInt8], _ caller: String) -> [UInt8] {
        Array(hmacSHA256(body + Array(caller.utf8), key: key).bytes.prefix(Self.codeBytes))
    }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    /// base64url without padding (RFC 4648 §5): 45 bytes are 60 characters.
    private static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
    }

    private static func bytes(ofText text: String) -> [UInt8]? {
        guard text.utf8.count == (bodyBytes + codeBytes) / 3 * 4,
            let data = Data(base64Encoded: text.replacing("-", with: "+").replacing("_", with: "/")), data.count == bodyBytes + codeBytes
        else { return nil }
        return Array(data)
    }
}
