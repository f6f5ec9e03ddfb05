import Foundation
import Kernels
import TestSupport
import Testing

/// Every kernel set against sums in double precision, on random shapes.
struct MatrixProductTests {
    /// What the products should be, `(rows, columns)`.
    static func reference(
        rows: Int, depth: Int, columns: Int, a: [Float], stride: Int, weight: [Float], bias: [Float]
    ) -> [Double] {
        var result = [Double](repeating: 0, count: rows * columns)
        for row in 0..<rows {
            for column in 0..<columns {
                var sum = Double(bias[column])
                for k in 0..<depth { sum += Double(a[row * stride + k]) * Double(weight[column * depth + k]) }
                result[row * columns + column] = sum
            }
        }
        return result
    }

    static func gelu(_ x: Double) -> Double { x * 0.5 * erfc(-x / 2.0.squareRoot()) }

    @Test(arguments: KernelSet.all.map(\.name))
    func randomShapes(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        var random = SeededRandom(seed: 11)
        for trial in 0..<60 {
            // Around the sizes of tiles, panels and vectors, where remainders begin.
            let rows = random.integer(1...40), depth = random.integer(1...70)
            let columns = 2 * random.integer(1...45)
            let aStride = depth + random.integer(0...5), pad = random.integer(0...5)
            let a = random.floats(rows * aStride), weight = random.floats(columns * depth)
            let bias = random.floats(columns)
            let expected = Self.reference(
                rows: rows, depth: depth, columns: columns, a: a, stride: aStride, weight: weight, bias: bias)
            let shape = "\(name), trial \(trial): (\(rows), \(depth)) × (\(columns), \(depth))"
            let tolerance = 2e-6 * Double(depth + 4)

            let matrix = PackedMatrix(weight: weight, bias: bias, depth: depth, kernels: kernels)
            let stride = columns + pad
            for epilogue in [PackedMatrix.Epilogue.store, .add, .gelu, .relu] {
                let before = random.floats(rows * stride)
                var c = before
                matrix.multiply(rows: rows, a, stride: aStride, to: &c, stride: stride, epilogue)
                for row in 0..<rows {
                    for column in 0..<stride {
                        let index = row * stride + column
                        guard column < columns else {
                            #expect(c[index] == before[index], "\(shape) \(epilogue): wrote beside the matrix")
                            continue
                        }
                        let product = expected[row * columns + column]
                        let wanted =
                            switch epilogue {
                            case .store: product
                            case .add: Double(before[index]) + product
                            case .gelu: Self.gelu(product)
                            case .relu: max(product, 0)
                            }
                        #expect(abs(Double(c[index]) - wanted) <= tolerance, "\(shape) \(epilogue) at \(row), \(column)")
                    }
                }
            }

            let scale = random.floats(depth), before = random.floats(rows * stride)
            let products = Self.reference(
                rows: rows, depth: depth, columns: columns, a: a, stride: aStride,
                weight: weight.indices.map { weight[$0] * scale[$0 % depth] }, bias: bias)
            var packed = [Float](repeating: .nan, count: matrix.weightCount + 1), scaled = before
            #expect(matrix.scaleWeights(by: scale, into: &packed) && packed.last?.isNaN == true, "\(shape) scaled")
            matrix.multiply(rows: rows, a, stride: aStride, to: &scaled, stride: stride, .add, scaled: packed)
            for row in 0..<rows {
                for column in 0..<columns {
                    let wanted = Double(before[row * stride + column]) + products[row * columns + column]
                    let error = abs(Double(scaled[row * stride + column]) - wanted)
                    #expect(error <= tolerance, "\(shape) scaled at \(row), \(column)")
                }
            }

            let gated = PackedMatrix(weight: weight, bias: bias, depth: depth, gated: true, kernels: kernels)
            var c = [Float](repeating: .nan, count: rows * stride)
            var work = [Float](repeating: 0, count: gated.productCount(rows: rows))
            gated.multiplyGated(rows: rows, a, stride: aStride, to: &c, stride: stride, product: &work)
            for row in 0..<rows {
                for column in 0..<columns / 2 {
                    let first = expected[row * columns + column], second = expected[row * columns + columns / 2 + column]
                    let error = abs(Double(c[row * stride + column]) - first * second)
                    #expect(error <= tolerance * (2 + abs(first) + abs(second)), "\(shape) gate at \(row), \(column)")
                }
                #expect(c[row * stride + columns / 2].isNaN, "\(shape): the gate wrote beside the matrix")
            }
        }
    }

    /// bfloat16 keeps 8 bits: each operand is off by up to 2^-9 of itself, so a sum by up to 2^-8 of the sum of magnitudes.
    /// Against operands that were rounded beforehand only float32 rounding is left.
    @Test(.enabled(if: KernelSet.bfloat16 != nil, "this CPU has no bfloat16 products"))
    func bfloat16RoundsOperandsAndNothingElse() throws {
        let kernels = try #require(KernelSet.bfloat16)
        var random = SeededRandom(seed: 12)
        func rounded(_ x: Float) -> Float {
            let bits = x.bitPattern
            return Float(bitPattern: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) & 0xFFFF_0000)
        }
        for trial in 0..<60 {
            let rows = random.integer(1...40), depth = random.integer(1...140), columns = 2 * random.integer(1...45)
            let stride = columns + random.integer(0...5), aStride = depth + random.integer(0...5)
            let a = random.floats(rows * aStride), weight = random.floats(columns * depth), bias = random.floats(columns)
            let expected = Self.reference(
                rows: rows, depth: depth, columns: columns, a: a.map(rounded), stride: aStride,
                weight: weight.map(rounded), bias: bias)
            let shape = "trial \(trial): (\(rows), \(depth)) × (\(columns), \(depth))"
            let matrix = PackedMatrix(weight: weight, bias: bias, depth: depth, kernels: kernels)
            var c = [Float](repeating: .nan, count: rows * stride)
            matrix.multiply(rows: rows, a, stride: aStride, to: &c, stride: stride)
            let gated = PackedMatrix(weight: weight, bias: bias, depth: depth, gated: true, kernels: kernels)
            var g = [Float](repeating: .nan, count: rows * stride)
            gated.multiplyGated(rows: rows, a, stride: aStride, to: &g, stride: stride, product: &c)
            matrix.multiply(rows: rows, a, stride: aStride, to: &c, stride: stride)
            let tolerance = 2e-6 * Double(depth + 4)
            for row in 0..<rows {
                for column in 0..<columns {
                    let wanted = expected[row * columns + column]
                    #expect(abs(Double(c[row * stride + column]) - wanted) <= tolerance, "\(shape) at \(row), \(column)")
                }
                for column in 0..<columns / 2 {
                    let first = expected[row * columns + column], second = expected[row * columns + columns / 2 + column]
                    let error = abs(Double(g[row * stride + column]) - first * second)
                    #expect(error <= tolerance * (2 + abs(first) + abs(second)), "\(shape) gate at \(row), \(column)")
                }
                for column in columns..<stride { #expect(c[row * stride + column].isNaN, "\(shape): wrote beside") }
            }
        }
    }

    @Test(arguments: KernelSet.all.map(\.name))
    func geluFollowsTheErfFormEverywhere(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        let identity = PackedMatrix(weight: [1], bias: [0], depth: 1, kernels: kernels)
        let inputs = (-1200...1200).map { Float($0) / 100 } + [-1e30, 1e30, -0.0, 1e-30]
        var outputs = [Float](repeating: 0, count: inputs.count)
        identity.multiply(rows: inputs.count, inputs, stride: 1, to: &outputs, stride: 1, .gelu)
        for (x, y) in zip(inputs, outputs) {
            // 6e-7 is what float rounding of 1 + erf leaves, times |x|; the tanh form is off by up to 5e-4.
            let limit = 6e-7 * max(1, abs(Double(x)))
            #expect(abs(Double(y) - Self.gelu(Double(x))) <= limit, "GELU(\(x)) = \(y)")
        }
    }

    /// What a product is told to bring near changes no bit, and lies anywhere.
    @Test(arguments: SegmentTests.names)
    func memoryAheadChangesNothing(kernels name: String) throws {
        let kernels = try #require(SegmentTests.kernels(name))
        var random = SeededRandom(seed: 6)
        for (rows, columns) in [(29, 80), (1, 16), (96, 33)] {
            let a = random.floats(rows * 24), other = random.floats(1000)
            let matrix = PackedMatrix(weight: random.floats(columns * 24), bias: nil, depth: 24, kernels: kernels)
            var alone = [Float](repeating: 0, count: rows * columns)
            matrix.multiply(rows: rows, a, stride: 24, to: &alone, stride: columns)
            for count in [0, 1, 17, 1000] {
                var together = [Float](repeating: 0, count: rows * columns)
                other.withUnsafeBufferPointer {
                    matrix.multiply(
                        rows: rows, a, stride: 24, to: &together, stride: columns, ahead: Ahead($0.baseAddress!, count: count))
                }
                #expect(together == alone, "\(name), \(rows)×\(columns), \(count) floats ahead")
            }
        }
    }

    /// The rows of a strip do not know of each other: cutting a strip elsewhere gives the same bits.
    @Test(arguments: KernelSet.all.filter { $0.name != "portable" }.map(\.name))
    func rowsAreIndependent(kernels name: String) throws {
        let kernels = try #require(KernelSet.named(name))
        var random = SeededRandom(seed: 5)
        let rows = 29, depth = 96, columns = 80
        let a = random.floats(rows * depth)
        let matrix = PackedMatrix(
            weight: random.floats(columns * depth), bias: random.floats(columns), depth: depth, kernels: kernels)
        var whole = [Float](repeating: 0, count: rows * columns), single = whole
        matrix.multiply(rows: rows, a, stride: depth, to: &whole, stride: columns)
        for row in 0..<rows {
            a.withUnsafeBufferPointer { a in
                single.withUnsafeMutableBufferPointer {
                    matrix.multiply(
                        rows: 1, a.baseAddress! + row * depth, stride: depth, to: $0.baseAddress! + row * columns,
                        stride: columns)
                }
            }
        }
        #expect(whole == single)
    }

    /// Weights that are rounded when they are packed would be rounded twice.
    @Test(.enabled(if: KernelSet.bfloat16 != nil, "needs a CPU with bfloat16"))
    func roundedWeightsAreNotScaled() throws {
        let kernels = try #require(KernelSet.bfloat16)
        let matrix = PackedMatrix(weight: [1, 2, 3, 4], bias: nil, depth: 2, kernels: kernels)
        var packed = [Float](repeating: .nan, count: matrix.weightCount)
        #expect(!matrix.scaleWeights(by: [2, 3], into: &packed))
        #expect(packed.allSatisfy { $0.isNaN })
    }
}
