import Digests
import Foundation
import HTTP

/// The keys that may use the service, from a file.
public struct APIKeys: Sendable {
    private struct Key {
        /// Comparing digests takes the same time whatever was sent and however long the keys are.
        let digest: [UInt8]
        let tenant: Tenant
    }

    private let keys: [Key]

    /// Why a key file cannot be used. Nothing of a key is ever told.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        case unreadable(path: String)
        case empty(path: String)
        /// - Parameter line: from 1 on.
        case line(path: String, line: Int, reason: String)

        public var description: String {
            switch self {
            case .unreadable(let path): "the key file \(path) cannot be read as UTF-8 text"
            case .empty(let path): "the key file \(path) holds no key"
            case .line(let path, let line, let reason): "line \(line) of the key file \(path): \(reason)"
            }
        }
    }

    /// Bytes of the longest key. What is longer is none, so that a long field costs no digest.
    private static let longestKey = 1024

    /// One key per line, alone or behind a name and limits (``KeyLine``); blanks around it, empty lines and lines that begin with #
    /// do not count. Keys of one name are those of one tenant.
    public init(file path: String) throws(Failure) {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { throw .unreadable(path: path) }
        var lines: [(number: Int, line: KeyLine)] = []
        for (index, text) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let text = text.trimmingCharacters(in: .whitespaces)
            if text.isEmpty || text.hasPrefix("#") { continue }
            guard let line = KeyLine(text), line.key.utf8.count <= Self.longestKey else {
                throw .line(path: path, line: index + 1, reason: "not a key, and not \(KeyLine.form)")
            }
            lines.append((index + 1, line))
        }
        guard !lines.isEmpty else { throw .empty(path: path) }
        keys = try Self.keys(lines, path)
    }

    private static func keys(_ lines: [(number: Int, line: KeyLine)], _ path: String) throws(Failure) -> [Key] {
        var digests: [String: [[UInt8]]] = [:]
        var limits: [String: Tenant.Limits] = [:]
        for (number, line) in lines {
            guard let name = line.name else { continue }
            digests[name, default: []].append(SHA256.hash(line.key.utf8).bytes)
            guard let both = (limits[name] ?? Tenant.Limits()).joined(with: line.limits) else {
                throw .line(path: path, line: number, reason: "another line gives this name other limits")
            }
            limits[name] = both
        }
        var keys: [Key] = []
        for (number, line) in lines {
            let digest = SHA256.hash(line.key.utf8).bytes
            let tenant =
                if let name = line.name {
                    Tenant(name: name, digests: digests[name] ?? [], limits: limits[name] ?? Tenant.Limits())
                } else {
                    Tenant(digest: digest)
                }
            if let other = keys.first(where: { $0.digest == digest }) {
                guard other.tenant == tenant else {
                    throw .line(path: path, line: number, reason: "an earlier line gives this key to somebody else")
                }
            } else {
                keys.append(Key(digest: digest, tenant: tenant))
            }
        }
        return keys
    }

    /// Whose key a request carries as `Authorization: Bearer` (RFC 6750 §2.1); nil without a valid one.
    func tenant(of head: RequestHead) -> Tenant? {
        let fields = head.headers.values("Authorization")
        guard fields.count == 1, fields[0].utf8.count <= Self.longestKey + 64, let space = fields[0].firstIndex(of: " "),
            fields[0][..<space].lowercased() == "bearer"
        else { return nil }
        let digest = SHA256.hash(fields[0][space...].drop { $0 == " " }.utf8).bytes
        // Every key is compared, also after one fitted.
        return keys.reduce(nil) { found, key in constantTimeEqual(key.digest, digest) ? key.tenant : found }
    }
}

/// A line of a key file: `KEY`, or `NAME [rate=N/UNIT] [jobs=N]: KEY`.
struct KeyLine: Sendable, Equatable {
    static let form = "`NAME [rate=N/s|min|h|day] [jobs=N]: KEY`, a name of letters, digits, `.`, `_` and `-`"

    var name: String?
    var limits = Tenant.Limits()
    let key: String

    /// A colon ends the name only with a blank behind it: a key may hold colons, no key a blank.
    init?(_ text: String) {
        guard let colon = text.firstRange(of: /:[ \t]/) else {
            // A name without a key ends with its colon.
            guard !text.contains(where: Self.isBlank), !text.hasSuffix(":") else { return nil }
            key = text
            return
        }
        key = text[colon.upperBound...].trimmingCharacters(in: .whitespaces)
        let words = text[..<colon.lowerBound].split(whereSeparator: Self.isBlank)
        guard let name = words.first, name.wholeMatch(of: /[A-Za-z0-9._\-]{1,64}/) != nil, !key.isEmpty, !key.contains(where: Self.isBlank)
        else { return nil }
        self.name = String(name)
        for word in words.dropFirst() {
            guard let limit = Tenant.Limits(word: String(word)), let both = limits.joined(with: limit) else { return nil }
            limits = both
        }
    }

    private static func isBlank(_ character: Character) -> Bool { character.isWhitespace }
}
