// libFuzzer's entry for the model files. Compiled into the module Checkpoints (Tests/fuzz/build),
// together with Tests/TestSupport/FuzzInput.swift.

/// Opens the file that ``FuzzInput`` makes of the input, as every entry it may have, and reads all of it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCheckpoints(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let file = FuzzInput.modelFile(Array(UnsafeBufferPointer(start: start, count: count)))
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
