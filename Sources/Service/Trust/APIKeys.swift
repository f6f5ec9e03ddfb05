import Digests
import Foundation
import HTTP

/// The keys that may use the service, from a file.
public struct APIKeys: Sendable {
    /// Digests: comparing them takes the same time whatever was sent and however long the keys are.
    private let digests: [[UInt8]]

    /// Why a key file cannot be used.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        case unreadable(path: String)
        case empty(path: String)

        public var description: String {
            switch self {
            case .unreadable(let path): "the key file \(path) cannot be read as UTF-8 text"
            case .empty(let path): "the key file \(path) holds no key"
            }
        }
    }

    /// One key per line; blanks around it, empty lines and lines that begin with # do not count.
    public init(file path: String) throws(Failure) {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { throw .unreadable(path: path) }
        let keys = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        guard !keys.isEmpty else { throw .empty(path: path) }
        digests = keys.map { SHA256.hash($0.utf8).bytes }
    }

    /// Whether a request carries one of the keys.
    func admit(_ head: RequestHead) -> Bool { digest(of: head) != nil }

    /// Tells the keys apart; nothing of a key can be learnt from it. Nil without a valid one.
    func name(of head: RequestHead) -> String? {
        digest(of: head).map { $0.prefix(8).map { String($0, radix: 16) }.joined(separator: ":") }
    }

    /// The digest of the valid key that came as `Authorization: Bearer` (RFC 6750 §2.1).
    private func digest(of head: RequestHead) -> [UInt8]? {
        let fields = head.headers.values("Authorization")
        guard fields.count == 1, let space = fields[0].firstIndex(of: " "),
            fields[0][..<space].lowercased() == "bearer"
        else { return nil }
        let digest = SHA256.hash(fields[0][space...].drop { $0 == " " }.utf8).bytes
        // Every key is compared, also after one fitted.
        return digests.reduce(false) { constantTimeEqual($1, digest) || $0 } ? digest : nil
    }
}
