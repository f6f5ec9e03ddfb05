import Foundation
import Kernels
import TestSupport
import Testing

/// Products whose rows lie in several segments or overlap, as those of a 3×3 convolution do.
struct SegmentTests {
    /// With operands rounded beforehand bfloat16 products are exact up to the order of their sums, so that one tolerance
    /// serves all.
    static let names = KernelSet.all.map(\.name) + (KernelSet.bfloat16.map { [$0.name] } ?? [])

    static func kernels(_ name: String) -> KernelSet? { KernelSet.named(name) ?? KernelSet.bfloat16 }

    static func rounded(_ x: Float) -> Float {
        Float(bitPattern: (x.bitPattern &+ 0x7FFF &+ ((x.bitPattern >> 16) & 1)) & 0xFFFF_0000)
    }

    @Test(arguments: names)
    func randomShapes(kernels name: String) throws {
        let kernels = try #require(Self.kernels(name))
        var random = SeededRandom(seed: 13)
        for trial in 0..<60 {
            let rows = random.integer(1...40), depth = random.integer(1...70), segments = random.integer(1...3)
            let columns = random.integer(1...70), stride = random.integer(1...2 * depth)
            let segmentStride = random.integer(0...(rows * stride + depth))
            let a = random.floats((segments - 1) * segmentStride + (rows - 1) * stride + depth).map(Self.rounded)
            let weight = random.floats(columns * segments * depth).map(Self.rounded), bias = random.floats(columns)
            let before = random.floats(rows * columns)
            let matrix = PackedMatrix(weight: weight, bias: bias, depth: depth, segments: segments, kernels: kernels)
            var stored = before, added = before
            matrix.multiply(rows: rows, a, stride: stride, segmentStride: segmentStride, to: &stored, stride: columns)
            matrix.multiply(
                rows: rows, a, stride: stride, segmentStride: segmentStride, to: &added, stride: columns, .add)
            let shape = "\(name), trial \(trial): \(segments)·(\(rows), \(depth)) × \(columns), strides \(stride), \(segmentStride)"
            let tolerance = 2e-6 * Double(segments * depth + 4)
            for row in 0..<rows {
                for column in 0..<columns {
                    var sum = Double(bias[column])
                    for segment in 0..<segments {
                        for k in 0..<depth {
                            sum +=
                                Double(a[segment * segmentStride + row * stride + k])
                                * Double(weight[(column * segments + segment) * depth + k])
                        }
                    }
                    let index = row * columns + column
                    #expect(abs(Double(stored[index]) - sum) <= tolerance, "\(shape) at \(row), \(column)")
                    #expect(
                        abs(Double(added[index]) - sum - Double(before[index])) <= tolerance,
                        "\(shape), added, at \(row), \(column)")
                }
            }
        }
    }
}
