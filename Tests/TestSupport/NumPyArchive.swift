import Foundation

/// The arrays of an `.npz` file: a zip archive of stored (not compressed) `.npy` members.
public struct NumPyArchive: Sendable {
    /// By name, without `.npy`.
    public let arrays: [String: NumPyArray]

    public init(contentsOf url: URL) throws {
        let name = url.lastPathComponent
        let data = try Data(contentsOf: url)
        var arrays: [String: NumPyArray] = [:]
        for (member, bytes) in try Self.members(of: data, name: name) where member.hasSuffix(".npy") {
            arrays[String(member.dropLast(4))] = try NumPyArray(bytes, name: "\(name)/\(member)")
        }
        self.arrays = arrays
    }

    /// The array of that name; an error names those there are.
    public subscript(_ name: String) -> NumPyArray {
        get throws {
            guard let array = arrays[name] else {
                throw TestSupportError("no array \(name) among \(arrays.keys.sorted())")
            }
            return array
        }
    }

    /// Read off the central directory (APPNOTE 4.3.12), which small archives without comment end with.
    private static func members(of data: Data, name: String) throws -> [(name: String, bytes: Data)] {
        let bytes = [UInt8](data)
        func number(_ offset: Int, _ size: Int) throws -> Int {
            guard offset >= 0, offset + size <= bytes.count else { throw TestSupportError("\(name): cut off") }
            return bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        let end = bytes.count - 22
        guard try number(end, 4) == 0x0605_4b50 else { throw TestSupportError("\(name): no zip directory at its end") }
        var at = try number(end + 16, 4)
        var members: [(name: String, bytes: Data)] = []
        for _ in 0..<(try number(end + 10, 2)) {
            guard try number(at, 4) == 0x0201_4b50, try number(at + 10, 2) == 0 else {
                throw TestSupportError("\(name): a member is compressed or its entry is damaged")
            }
            let nameLength = try number(at + 28, 2)
            let local = try number(at + 42, 4)
            let start = local + 30 + (try number(local + 26, 2)) + (try number(local + 28, 2))
            let size = try number(at + 24, 4)
            guard start + size <= bytes.count, at + 46 + nameLength <= bytes.count else {
                throw TestSupportError("\(name): cut off")
            }
            members.append(
                (
                    String(decoding: bytes[at + 46..<at + 46 + nameLength], as: UTF8.self),
                    Data(bytes[start..<start + size])
                ))
            at += 46 + nameLength + (try number(at + 30, 2)) + (try number(at + 32, 2))
        }
        return members
    }
}
