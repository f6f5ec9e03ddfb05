import Checkpoints
import Foundation
import TestSupport
import Testing

struct SafetensorsWriterTests {
    /// A folder of its own for each test.
    private func inFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "deblur-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    @Test func writesWhatItReads() throws {
        try inFolder { folder in
            let url = folder.appending(path: "out.safetensors")
            let metadata = ["format": "deblur", "config": "{\"name\": \"ä\\n😀\"}\n\u{1}"]
            var writer = SafetensorsWriter(metadata: metadata)
            let archive = try TensorArchive(bytes: Fixture.legacy(), fileName: "m.pth")
            for name in archive.names { writer.add(try #require(archive[name]), as: .float32) }
            writer.add("half \"quoted\"", shape: [3], values: [1, 0x1p-24, -65_504], as: .float16)
            writer.add("brain", shape: [2, 1], values: [1, -3.0e38], as: .bfloat16)
            try writer.write(to: url)

            let read = try TensorArchive(contentsOf: url)
            #expect(read.metadata == metadata)
            for (name, values) in Fixture.values { #expect(read[name]?.floats() == values) }
            #expect(read["b.weight"]?.shape == [4, 3])
            #expect(read["half \"quoted\""]?.floats() == [1, 0x1p-24, -65_504])
            #expect(read["brain"]?.elementType == .bfloat16)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out.safetensors"])
            // The format's own rule: the header's length keeps the data aligned.
            let bytes = try Data(contentsOf: url)
            #expect(bytes[0] % 8 == 0)
            try writer.write(to: url)
            #expect(try Data(contentsOf: url) == bytes)
        }
    }

    @Test func roundsToNearestEven() throws {
        try inFolder { folder in
            let url = folder.appending(path: "out.safetensors")
            let seed: UInt64 = 77
            var random = SeededRandom(seed: seed)
            // Ties to even in bfloat16 (twice) and float16, then anything.
            var values: [Float] = [1.00390625, 1.01171875, 1.00048828125, 0, -0.0]
            while values.count < 10_000 {
                let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
                if abs(value) < 65_504 { values.append(value) }
            }
            var writer = SafetensorsWriter()
            writer.add("half", shape: [values.count], values: values, as: .float16)
            writer.add("brain", shape: [values.count], values: values, as: .bfloat16)
            try writer.write(to: url)
            let read = try TensorArchive(contentsOf: url)
            let half = try #require(read["half"]).floats()
            let wrongHalves = zip(values, half).filter { Float(Float16($0)).bitPattern != $1.bitPattern }
            #expect(wrongHalves.isEmpty, "seed \(seed)")
            let brain = try #require(read["brain"]).floats()
            let wrong = zip(values, brain).filter { value, rounded in
                // The two neighbours that bfloat16 has, and which is nearer; of equally near ones the even.
                let below = Float(bitPattern: value.bitPattern & 0xffff_0000)
                let above = Float(bitPattern: (value.bitPattern & 0xffff_0000) &+ 0x1_0000)
                let (down, up) = (Double(abs(value)) - Double(abs(below)), Double(abs(above)) - Double(abs(value)))
                let isOdd = below.bitPattern & 0x1_0000 != 0
                let expected = down < up || (down == up && !isOdd) ? below : above
                return expected.bitPattern != rounded.bitPattern
            }
            #expect(wrong.isEmpty, "seed \(seed)")
        }
    }

    @Test func refusesWhatItCannotWrite() throws {
        try inFolder { folder in
            let url = folder.appending(path: "out.safetensors")
            try Data([1]).write(to: url)
            var large = SafetensorsWriter()
            large.add("a", shape: [1], values: [65_520], as: .float16)
            #expect(throws: CheckpointError(file: "out.safetensors", .notRepresentable(tensor: "a", as: .float16))) {
                try large.write(to: url)
            }
            var twice = SafetensorsWriter()
            twice.add("a", shape: [1], values: [1], as: .float32)
            twice.add("a", shape: [1], values: [1], as: .float32)
            #expect(throws: CheckpointError(file: "out.safetensors", .duplicateName("a"))) { try twice.write(to: url) }
            // What was there is untouched, and nothing else is left behind.
            #expect(try Data(contentsOf: url) == Data([1]))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out.safetensors"])
            #expect(throws: CheckpointError.self) {
                try SafetensorsWriter().write(to: folder.appending(path: "missing/out.safetensors"))
            }
        }
    }
}
