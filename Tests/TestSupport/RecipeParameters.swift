import Checkpoints
import Foundation

/// Tensors that a fixture describes instead of holding them: Tests/Fixtures/network/README.md has the formula.
public struct RecipeParameters: Decodable {
    public var name: String
    public var shape: [Int]
    var seed: UInt64
    var base: Double
    var scale: Double
    /// 0, 1, 0, 1… from this value, in place of random numbers.
    var alternate: Int?

    public var values: [Float] {
        let count = shape.reduce(1, *)
        if let alternate { return (0..<count).map { Float(($0 + alternate) % 2) } }
        let base = Float(base), scale = Float(scale), start = Self.mixed(seed)
        return (1...count).map { index in
            let z = Self.mixed(start &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
            return base + scale * (Float(z >> 40) * 0x1p-23 - 1)
        }
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Writes the tensors of such a file as a model and loads that.
    ///
    /// - Parameter change: what to make of a tensor; nil leaves it out.
    public static func archive(
        contentsOf url: URL, change: (RecipeParameters) -> [Float]? = { $0.values }
    ) throws -> TensorArchive {
        let recipes = try JSONDecoder().decode([RecipeParameters].self, from: Data(contentsOf: url))
        var writer = SafetensorsWriter()
        for recipe in recipes {
            if let values = change(recipe) {
                writer.add(recipe.name, shape: recipe.shape, values: values, as: .float32)
            }
        }
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).safetensors")
        try writer.write(to: file)
        // The mapping outlives the name.
        defer { try? FileManager.default.removeItem(at: file) }
        return try TensorArchive(contentsOf: file)
    }
}
