import Checkpoints
import Foundation
import TestSupport
import Testing

/// Damages good files of every container at random. Whatever comes out is either refused or fully readable: no crash,
/// no value outside the file, no memory or time beyond the file's size.
struct MutationTests {
    private static let mutationsPerFile = 10_000

    @Test(arguments: ContainerTests.files.indices)
    func damagedFilesAreRefusedOrReadable(index: Int) {
        let file = ContainerTests.files[index]
        let seed = 0x5eed_0000 + UInt64(index)
        var random = SeededRandom(seed: seed)
        var accepted = 0
        let before = residentBytes()
        let started = ContinuousClock.now
        for round in 0..<Self.mutationsPerFile {
            let bytes = Self.mutated(file.bytes, using: &random)
            accepted += readsOrRefuses(bytes, "\(file.name), seed \(seed), round \(round)") ? 1 : 0
        }
        print("mutations of \(file.name), seed \(seed): \(accepted) of \(Self.mutationsPerFile) still readable")
        // Damage of numbers cannot be noticed, damage of the structure must be.
        #expect((1..<Self.mutationsPerFile).contains(accepted), "\(file.name), seed \(seed): \(accepted)")
        // Other tests run beside this one and hold some memory of their own.
        #expect(residentBytes() - before < 512 << 20, "\(file.name), seed \(seed)")
        #expect(ContinuousClock.now - started < .seconds(60), "\(file.name), seed \(seed)")
    }

    /// One to four changes, of the kinds that break readers: bits, extreme numbers, cuts, repeats.
    private static func mutated(_ original: [UInt8], using random: inout SeededRandom) -> [UInt8] {
        var bytes = original
        for _ in 0..<random.integer(1...4) where bytes.count > 16 {
            let position = random.integer(0...bytes.count - 9)
            switch random.integer(0...6) {
            case 0: bytes[position] ^= 1 << UInt8(random.integer(0...7))
            case 1: bytes[position] = UInt8(random.integer(0...255))
            case 2:
                let value = [0, 1, -1, .max, .min, 1 << 40, 0xffff_ffff, 0x7fff_ffff].randomElement(using: &random) ?? 0
                let width = [1, 2, 4, 8].randomElement(using: &random) ?? 1
                bytes.replaceSubrange(position..<position + width, with: littleEndian(value)[..<width])
            case 3: bytes.removeSubrange(position..<position + random.integer(1...8))
            case 4:
                let end = min(bytes.count, position + random.integer(1...64))
                bytes.insert(contentsOf: bytes[position..<end], at: random.integer(0...bytes.count))
            case 5: bytes.swapAt(position, random.integer(0...bytes.count - 1))
            default: bytes.removeLast(random.integer(1...min(8, bytes.count)))
            }
        }
        return bytes
    }

    // MARK: Damage that keeps the outer form

    private static let wildNumbers = [
        0, 1, 2, -1, 7, 255, 65_536, 0x7fff_ffff, 0xffff_ffff, 1 << 32, 1 << 40, 1 << 62, .max, .min,
    ]

    /// Shapes, strides, offsets and counts that only a hostile pickle has, in containers without any damage.
    @Test func picklesWithWildNumbers() {
        let seed: UInt64 = 0x5eed_1000
        var random = SeededRandom(seed: seed)
        var accepted = 0
        for round in 0..<10_000 {
            var tensors = Fixture.tensors
            let index = random.integer(0...tensors.count - 1)
            for _ in 0..<random.integer(1...3) {
                let wild = Self.wildNumbers.randomElement(using: &random) ?? 0
                let dimension = random.integer(0...3)
                switch random.integer(0...4) {
                case 0 where dimension < tensors[index].shape.count: tensors[index].shape[dimension] = wild
                case 1 where dimension < tensors[index].strides.count: tensors[index].strides[dimension] = wild
                case 2: tensors[index].offset = wild
                case 3: tensors[index].storageCount = wild
                default: tensors[index].shape.append(wild)
                }
            }
            for bytes in [Fixture.zip(tensors), Fixture.legacy(tensors)] {
                accepted += readsOrRefuses(bytes, "seed \(seed), round \(round), \(tensors[index])") ? 1 : 0
            }
        }
        #expect((1..<20_000).contains(accepted), "seed \(seed)")
    }

    /// The same for the numbers in a safetensors header.
    @Test func headersWithWildNumbers() {
        let seed: UInt64 = 0x5eed_2000
        var random = SeededRandom(seed: seed)
        let original = Fixture.safetensors()
        let headerEnd = 8 + Int(original[0]) + Int(original[1]) << 8
        let header = String(decoding: original[8..<headerEnd], as: UTF8.self)
        let numbers = header.matches(of: #/\d+/#).map(\.range)
        var accepted = 0
        for round in 0..<10_000 {
            var changed = header
            // From behind, so that the ranges in front stay valid.
            for range in numbers.shuffled(using: &random).prefix(random.integer(1...3)).sorted(by: {
                $0.lowerBound > $1.lowerBound
            }) {
                let wild = Self.wildNumbers.randomElement(using: &random) ?? 0
                let list = random.integer(0...3) == 0 ? "\(wild),1099511627776,1099511627776" : "\(wild)"
                changed.replaceSubrange(range, with: list)
            }
            let bytes = Fixture.safetensors(header: changed, data: Array(original[headerEnd...]))
            accepted += readsOrRefuses(bytes, "seed \(seed), round \(round), \(changed)") ? 1 : 0
        }
        #expect((1..<10_000).contains(accepted), "seed \(seed)")
    }

    private func readsOrRefuses(_ bytes: [UInt8], _ what: @autoclosure () -> String) -> Bool {
        guard let archive = try? TensorArchive(bytes: bytes, fileName: "m") else { return false }
        let elements = archive.tensors.values.reduce(0) { $0 + $1.floats().count }
        _ = archive.names.map { archive[$0]?.isFinite() }
        if elements > 4 * bytes.count { Issue.record("\(what()): \(elements) values in \(bytes.count) bytes") }
        return true
    }

    private func residentBytes() -> Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return 0 }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
