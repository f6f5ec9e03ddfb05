import Checkpoints
import TestSupport
import Testing

/// Replays what the fuzzing campaign learnt (Tests/fuzz), without its sanitizers.
struct FuzzCorpusTests {
    @Test func inputsAreRefusedOrReadable() throws {
        var readable = 0
        let inputs = try FuzzInput.corpus("checkpoints")
        for (number, input) in inputs.enumerated() {
            do {
                let archive = try TensorArchive(bytes: FuzzInput.modelFile(input), fileName: "model.pth")
                readable += 1
                for name in archive.names {
                    let tensor = try #require(archive[name], "input \(number)")
                    #expect(tensor.floats().allSatisfy(\.isFinite) == tensor.isFinite(), "input \(number), \(name)")
                }
            } catch let error as CheckpointError {
                #expect(!error.description.utf8.contains { $0 < 0x20 }, "input \(number)")
            }
        }
        print("fuzzing corpus of model files: \(readable) of \(inputs.count) readable")
        // The seeds alone hold 30 readable ones.
        #expect(inputs.count > 200 && readable > 30 && readable < inputs.count)
    }
}
