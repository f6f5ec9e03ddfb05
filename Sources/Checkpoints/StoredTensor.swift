/// One tensor of a model file: its name and shape, and where its numbers lie. The numbers stay in the file until they
/// are copied out.
public struct StoredTensor: Sendable {
    /// Without `module.`, which data-parallel training puts in front.
    public let name: String
    /// Sizes, outermost first; empty for a scalar.
    public let shape: [Int]
    public let elementType: ElementType

    /// Elements between neighbours of each dimension, never negative.
    let strides: [Int]
    let bytes: FileBytes
    /// Of the first element, in bytes from the file's start.
    let byteOffset: Int

    /// Elements: the product of the shape.
    public var count: Int { shape.reduce(1, *) }

    /// - Precondition: every element lies inside `bytes`, and the product of `shape` does not overflow.
    init(name: String, shape: [Int], elementType: ElementType, strides: [Int], bytes: FileBytes, byteOffset: Int) {
        self.name = name
        self.shape = shape
        self.elementType = elementType
        self.strides = strides
        self.bytes = bytes
        self.byteOffset = byteOffset
    }

    /// Row-major strides.
    init(name: String, shape: [Int], elementType: ElementType, bytes: FileBytes, byteOffset: Int) {
        self.init(
            name: name, shape: shape, elementType: elementType, strides: Self.rowMajorStrides(of: shape), bytes: bytes,
            byteOffset: byteOffset)
    }

    /// The same numbers under another name.
    public func renamed(_ name: String) -> StoredTensor {
        StoredTensor(
            name: name, shape: shape, elementType: elementType, strides: strides, bytes: bytes, byteOffset: byteOffset)
    }

    /// Elements from one index of each dimension to the next, for an array without gaps.
    static func rowMajorStrides(of shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for dimension in shape.indices.dropLast().reversed() {
            strides[dimension] = strides[dimension + 1] * shape[dimension + 1]
        }
        return strides
    }
}
