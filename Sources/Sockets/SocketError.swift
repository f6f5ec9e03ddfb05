import Foundation

/// A failed system call on a socket.
public struct SocketError: Error, Sendable, CustomStringConvertible {
    /// The call, such as `bind`.
    public let call: String
    /// The system's error number; a `getaddrinfo` code (negative) for that call.
    public let code: Int32
    /// What the call was about, such as an address.
    public let subject: String?

    public init(call: String, code: Int32, subject: String? = nil) {
        self.call = call
        self.code = code
        self.subject = subject
    }

    public var description: String { "\(call)\(subject.map { " \($0)" } ?? ""): \(reason) (\(code))" }

    /// Why, in the system's words.
    public var reason: String { code < 0 ? String(cString: gai_strerror(code)) : String(cString: strerror(code)) }
}
