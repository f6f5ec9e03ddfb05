// libFuzzer's entry for the model files. Compiled into the module Checkpoints (Tests/fuzz/build).

/// The first byte says what the rest is: a whole file, or one part that is put into a sound file, so that changes of
/// the part's length do not end at the container.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCheckpoints(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let rest = [UInt8](UnsafeBufferPointer(start: start + 1, count: count - 1))
    let file: [UInt8]
    switch start[0] % 4 {
    case 1: file = zip(pickle: rest)
    case 2: file = legacy(pickle: rest)
    case 3: file = safetensors(header: rest)
    default: file = rest
    }
    if let archive = open(file, nil) {
        for entry in archive.entries { if let other = open(file, entry) { use(other) } }
        use(archive)
    }
    for entry in [TensorArchive.Entry.averagedParams, .stateDict] { _ = open(file, entry) }
    return 0
}

private func open(_ file: [UInt8], _ entry: TensorArchive.Entry?) -> TensorArchive? {
    do {
        return try TensorArchive(bytes: file, fileName: "model\n.pth", entry: entry)
    } catch {
        // The text goes to a log: one line, whatever the file says.
        let text = "\(error)"
        precondition(!text.utf8.contains { $0 < 0x20 }, "a control character in an error's text")
        precondition(text.utf8.count < 20_000, "an error's text of \(text.utf8.count) bytes")
        return nil
    }
}

/// Everything that is done with a model's tensors before a network is built from them.
private func use(_ archive: TensorArchive) {
    var numbers = 0
    for name in archive.names {
        guard let tensor = archive[name] else { fatalError("a name without a tensor") }
        let floats = tensor.floats()
        precondition(floats.count == tensor.count)
        precondition(floats.allSatisfy(\.isFinite) == tensor.isFinite())
        numbers += floats.count
    }
    precondition(numbers == archive.parameterCount)
    try? archive.checkFinite()
    _ = archive.sharedNames(with: archive.adding(prefix: "ape."))
}

// MARK: Sound files around one part

/// Numbers of the storages "0" and "1".
private let storage = [UInt8](repeating: 0x3c, count: 256)

private func little(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

private func zip(pickle: [UInt8]) -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    let members = [
        ("m/data.pkl", pickle), ("m/byteorder", Array("little".utf8)), ("m/data/0", storage), ("m/data/1", storage),
    ]
    for (name, data) in members {
        let sizes = little(0, 4) + little(data.count, 4) + little(data.count, 4) + little(name.utf8.count, 2)
        directory += [0x50, 0x4b, 1, 2] + little(0, 12) + sizes + little(0, 12) + little(file.count, 4) + name.utf8
        file += [0x50, 0x4b, 3, 4] + little(0, 10) + sizes + little(0, 2) + name.utf8 + data
    }
    let end = [0x50, 0x4b, 5, 6] + little(0, 4) + little(members.count, 2) + little(members.count, 2)
    return file + directory + end + little(directory.count, 4) + little(file.count, 4) + little(0, 2)
}

private func legacy(pickle: [UInt8]) -> [UInt8] {
    let magic: [UInt8] = [0x80, 2, 0x8a, 0x0a] + TorchLegacyReader.magic + [0x2e]
    let version: [UInt8] = [0x80, 2, 0x4d, 0xe9, 3, 0x2e]
    let machine: [UInt8] = [0x80, 2, 0x7d, 0x58, 13, 0, 0, 0] + "little_endian".utf8 + [0x88, 0x73, 0x2e]
    let keys: [UInt8] = [0x80, 2, 0x5d, 0x28, 0x58, 1, 0, 0, 0, 0x30, 0x58, 1, 0, 0, 0, 0x31, 0x65, 0x2e]
    let numbers = little(64, 8) + storage
    return magic + version + machine + pickle + keys + numbers + numbers
}

private func safetensors(header: [UInt8]) -> [UInt8] {
    little(header.count, 8) + header + storage
}
