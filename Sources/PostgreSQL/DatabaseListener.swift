#if PostgreSQL
import CSystem
import Foundation
import Glibc
import Synchronization

/// Listens to channels on a connection and a thread of its own, and connects again whenever that breaks.
///
/// A notification that is sent while nobody is connected is lost: after each ``Event/connected`` the listener's owner has to look
/// into the tables for what it may have missed.
package final class DatabaseListener: Sendable {
    package enum Event: Sendable {
        /// From here on notifications come.
        case connected
        case notified(DatabaseConnection.Notification)
        /// The connection broke, or could not be made.
        case lost(DatabaseError)
    }

    private let settings: DatabaseSettings
    private let channels: [String]
    private let handler: @Sendable (Event) -> Void
    /// An eventfd that ends every wait.
    private let wake: Int32
    private let isStopped = Atomic(false)
    private let ended = DispatchGroup()

    /// - Parameters:
    ///   - channels: identifiers of SQL.
    ///   - handler: called on the listener's thread.
    package init(_ settings: DatabaseSettings, channels: [String], handler: @escaping @Sendable (Event) -> Void) {
        (self.settings, self.channels, self.handler) = (settings, channels, handler)
        wake = csystem_eventfd()
        precondition(wake >= 0, "no descriptor is left")
        ended.enter()
        Thread.detachNewThread { [self] in
            listen()
            ended.leave()
        }
    }

    // The thread holds it until it has ended.
    deinit { close(wake) }

    /// Returns when the thread has ended. Not from the handler. Again without effect.
    package func stop() {
        isStopped.store(true, ordering: .relaxed)
        var one: UInt64 = 1
        _ = write(wake, &one, 8)
        ended.wait()
    }

    private func listen() {
        var backoff = Backoff()
        while !isStopped.load(ordering: .relaxed) {
            do throws(DatabaseError) {
                let connection = try DatabaseConnection(settings)
                for channel in channels { try connection.execute("LISTEN \(channel)") }
                backoff.succeeded()
                handler(.connected)
                try follow(connection)
            } catch {
                handler(.lost(error))
                _ = ready(nil, milliseconds: Int32(backoff.failed() * 1000))
            }
        }
    }

    private static let secondsBetweenProbes = 10.0

    /// Returns when the listener is stopped.
    private func follow(_ connection: DatabaseConnection) throws(DatabaseError) {
        var probed = ContinuousClock.now
        while !isStopped.load(ordering: .relaxed) {
            for notification in try connection.notifications() { handler(.notified(notification)) }
            let isNews = ready(connection, milliseconds: 2000)
            // A network that is gone says nothing: the server is asked.
            if !isNews, ContinuousClock.now - probed > .seconds(Self.secondsBetweenProbes) {
                _ = try connection.query("SELECT 1", seconds: 5)
                probed = .now
            }
        }
    }

    private func ready(_ connection: DatabaseConnection?, milliseconds: Int32) -> Bool {
        var descriptors = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
        if let connection { descriptors.append(pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)) }
        return poll(&descriptors, nfds_t(descriptors.count), milliseconds) > 0
    }
}
#endif
