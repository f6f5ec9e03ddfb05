import Checkpoints
import TestSupport
import Testing

/// Widening and strided copies, against plain loops.
struct StoredTensorTests {
    private func tensor(_ tensor: FixtureTensor) throws -> StoredTensor {
        try #require(try TensorArchive(bytes: Fixture.zip([tensor]), fileName: "m.pth")[tensor.name])
    }

    @Test func everyFloat16WidensExactly() throws {
        var all = FixtureTensor("t", shape: [65_536], values: [])
        all.storageType = "HalfStorage"
        all.storageCount = 65_536
        all.data = (UInt16.min...UInt16.max).flatMap { littleEndian($0) }
        let floats = try tensor(all).floats()
        let wrong = (UInt16.min...UInt16.max).filter { bits in
            let expected = Float(Float16(bitPattern: bits))
            let actual = floats[Int(bits)]
            return expected.isNaN ? !actual.isNaN : expected.bitPattern != actual.bitPattern
        }
        #expect(wrong == [])
    }

    @Test func everyBFloat16WidensExactly() throws {
        var all = FixtureTensor("t", shape: [65_536], values: [])
        all.storageType = "BFloat16Storage"
        all.storageCount = 65_536
        all.data = (UInt16.min...UInt16.max).flatMap { littleEndian($0) }
        let floats = try tensor(all).floats()
        #expect((UInt16.min...UInt16.max).allSatisfy { floats[Int($0)].bitPattern == UInt32($0) << 16 })
    }

    @Test(arguments: 0..<200)
    func stridedViews(round: Int) throws {
        let seed = UInt64(4_000 + round)
        var random = SeededRandom(seed: seed)
        let shape = (0..<random.integer(0...4)).map { _ in random.integer(1...5) }
        // A permutation of a row-major array, perhaps with gaps, behind an offset.
        let order = shape.indices.shuffled(using: &random)
        var strides = [Int](repeating: 0, count: shape.count)
        var step = 1
        for dimension in order {
            strides[dimension] = step
            step *= shape[dimension] + random.integer(0...1)
        }
        let offset = random.integer(0...3)
        let last = zip(shape, strides).reduce(offset) { $0 + ($1.0 - 1) * $1.1 }
        var fixture = FixtureTensor("t", shape: shape, values: random.floats(last + 1))
        fixture.strides = strides
        fixture.offset = offset
        let storage = fixture.data
        var expected: [Float] = []
        func visit(_ dimension: Int, _ element: Int) {
            if dimension == shape.count {
                let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(storage[element * 4 + $1]) << UInt32(8 * $1) }
                expected.append(Float(bitPattern: bits))
            } else {
                for index in 0..<shape[dimension] { visit(dimension + 1, element + index * strides[dimension]) }
            }
        }
        visit(0, offset)
        let tensor = try tensor(fixture)
        #expect(tensor.floats() == expected, "seed \(seed), shape \(shape), strides \(strides), offset \(offset)")
        #expect(tensor.isFinite())
    }

    @Test func infinitiesAndNaNAreFound() throws {
        for bad in [Float.infinity, -.infinity, .nan] {
            for position in [0, 4095, 4096, 9_999] {
                var values = [Float](repeating: 1, count: 10_000)
                values[position] = bad
                var fixture = FixtureTensor("t", shape: [100, 100], values: values)
                let contiguous = try tensor(fixture).isFinite()
                fixture.strides = [1, 100]
                let transposed = try tensor(fixture).isFinite()
                #expect(!contiguous && !transposed, "\(bad) at \(position)")
            }
        }
        // 1e300 has no place in float32.
        var double = FixtureTensor("t", shape: [1], values: [])
        double.storageType = "DoubleStorage"
        double.storageCount = 1
        double.data = littleEndian(1e300.bitPattern)
        #expect(try !tensor(double).isFinite())
    }
}
