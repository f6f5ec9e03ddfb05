import Foundation

/// Inputs of the fuzzing campaigns (Tests/fuzz), which the ordinary tests replay.
public enum FuzzInput {
    /// What was kept of a campaign: each input's length in four bytes, most significant first, and the input.
    ///
    /// - Parameter name: of a file in Tests/Fixtures/fuzz, without extension.
    public static func corpus(_ name: String) throws -> [[UInt8]] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        var rest = try Data(contentsOf: tests.appending(path: "Fixtures/fuzz/\(name).bin"))[...]
        var inputs: [[UInt8]] = []
        while !rest.isEmpty {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            inputs.append(Array(rest.dropFirst(4).prefix(length)))
            rest = rest.dropFirst(4 + length)
        }
        return inputs
    }

    /// The model file that an input stands for. Its first byte says what the rest is: a whole file, or one part that
    /// is put into a sound file, so that a change of the part's length does not end at the container.
    public static func modelFile(_ input: [UInt8]) -> [UInt8] {
        let rest = Array(input.dropFirst())
        return switch (input.first ?? 0) % 4 {
        case 1: zip(pickle: rest)
        case 2: legacy(pickle: rest)
        case 3: safetensors(header: rest)
        default: rest
        }
    }

    /// Numbers of the storages "0" and "1".
    private static let storage = [UInt8](repeating: 0x3c, count: 256)

    private static func little(_ value: Int, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// A zip archive as PyTorch writes it, without checksums.
    private static func zip(pickle: [UInt8]) -> [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        let members = [
            ("m/data.pkl", pickle), ("m/byteorder", Array("little".utf8)), ("m/data/0", storage),
            ("m/data/1", storage),
        ]
        for (name, data) in members {
            let sizes = little(0, 4) + little(data.count, 4) + little(data.count, 4) + little(name.utf8.count, 2)
            directory += [0x50, 0x4b, 1, 2] + little(0, 12) + sizes + little(0, 12) + little(file.count, 4) + name.utf8
            file += [0x50, 0x4b, 3, 4] + little(0, 10) + sizes + little(0, 2) + name.utf8 + data
        }
        let end = [0x50, 0x4b, 5, 6] + little(0, 4) + little(members.count, 2) + little(members.count, 2)
        return file + directory + end + little(directory.count, 4) + little(file.count, 4) + little(0, 2)
    }

    /// Five pickles, of which the fourth is the object, and two storages of 64 floats.
    private static func legacy(pickle: [UInt8]) -> [UInt8] {
        let number: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
        let magic: [UInt8] = [0x80, 2, 0x8a, 0x0a] + number + [0x2e]
        let version: [UInt8] = [0x80, 2, 0x4d, 0xe9, 3, 0x2e]
        let machine: [UInt8] = [0x80, 2, 0x7d, 0x58, 13, 0, 0, 0] + "little_endian".utf8 + [0x88, 0x73, 0x2e]
        let keys: [UInt8] = [0x80, 2, 0x5d, 0x28, 0x58, 1, 0, 0, 0, 0x30, 0x58, 1, 0, 0, 0, 0x31, 0x65, 0x2e]
        let numbers = little(64, 8) + storage
        return magic + version + machine + pickle + keys + numbers + numbers
    }

    private static func safetensors(header: [UInt8]) -> [UInt8] {
        little(header.count, 8) + header + storage
    }
}
