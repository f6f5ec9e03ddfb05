import Foundation

/// Writes a `.safetensors` file: all or nothing, under its final name only when it is complete and on the disk.
///
///     var writer = SafetensorsWriter(metadata: ["format": "deblur"])
///     writer.add(tensor, as: .bfloat16)
///     try writer.write(to: url)
public struct SafetensorsWriter {
    enum Values {
        case stored(StoredTensor)
        case floats([Float])
    }

    struct Item {
        let name: String
        let shape: [Int]
        let elementType: ElementType
        let values: Values
    }

    /// Texts of the header.
    public var metadata: [String: String]
    private(set) var items: [Item] = []

    public init(metadata: [String: String] = [:]) {
        self.metadata = metadata
    }

    /// Adds a tensor of a model file; its numbers are read while writing.
    ///
    /// - Parameters:
    ///   - type: float32, float16 or bfloat16, rounded to nearest, ties to even.
    ///   - tensor: keeps its name and shape.
    public mutating func add(_ tensor: StoredTensor, as type: ElementType) {
        append(Item(name: tensor.name, shape: tensor.shape, elementType: type, values: .stored(tensor)))
    }

    /// Adds a tensor from memory.
    ///
    /// - Parameters:
    ///   - values: row-major, as many as the shape says.
    ///   - type: float32, float16 or bfloat16, rounded to nearest, ties to even.
    ///   - name: the tensor's.
    ///   - shape: sizes, the slowest first.
    public mutating func add(_ name: String, shape: [Int], values: [Float], as type: ElementType) {
        precondition(shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == values.count, "\(name): \(shape)")
        append(Item(name: name, shape: shape, elementType: type, values: .floats(values)))
    }

    private mutating func append(_ item: Item) {
        precondition([.float32, .float16, .bfloat16].contains(item.elementType), "written types are floats")
        items.append(item)
    }
}
