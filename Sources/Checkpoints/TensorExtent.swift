/// Arithmetic on sizes that strangers wrote: every overflow is an error.
enum TensorExtent {
    /// More than any model or framework uses.
    static let maximumRank = 16

    /// The product of a shape whose sizes are not negative. The product of the sizes other than 0 must not overflow
    /// either: strides of an empty tensor are made from them.
    static func count(_ shape: [Int], of tensor: String) throws(CheckpointError.Problem) -> Int {
        guard shape.count <= maximumRank else {
            throw .invalidShape(tensor: tensor, shape: shape, "more than \(maximumRank) dimensions")
        }
        var count = 1
        for size in shape {
            guard size >= 0 else { throw .invalidShape(tensor: tensor, shape: shape, "a size is negative") }
            let (product, overflow) = count.multipliedReportingOverflow(by: max(1, size))
            guard !overflow else { throw .invalidShape(tensor: tensor, shape: shape, "the product overflows") }
            count = product
        }
        return shape.contains(0) ? 0 : count
    }

    /// The bytes of `count` elements.
    static func byteCount(
        _ count: Int, _ type: ElementType, shape: [Int], of tensor: String
    ) throws(CheckpointError.Problem) -> Int {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: type.byteCount)
        guard !overflow else { throw .invalidShape(tensor: tensor, shape: shape, "its bytes overflow") }
        return bytes
    }

    /// Checks that a strided view stays inside a storage.
    ///
    /// - Parameters:
    ///   - offset: of the first element, in elements, like the strides.
    ///   - storage: elements of the storage.
    static func checkView(
        shape: [Int], strides: [Int], offset: Int, storage: Int, of tensor: String
    ) throws(CheckpointError.Problem) {
        let count = try count(shape, of: tensor)
        guard shape.count == strides.count else {
            throw .invalidShape(tensor: tensor, shape: shape, "\(strides.count) strides")
        }
        guard offset >= 0, strides.allSatisfy({ $0 >= 0 }) else {
            throw .invalidShape(tensor: tensor, shape: shape, "its offset or a stride is negative")
        }
        guard count > 0 else { return }
        var last = UInt64(offset)
        for (size, stride) in zip(shape, strides) {
            let (span, overflow) = UInt64(size - 1).multipliedReportingOverflow(by: UInt64(stride))
            let (sum, carry) = last.addingReportingOverflow(span)
            guard !overflow, !carry else { throw .invalidShape(tensor: tensor, shape: shape, "a stride overflows") }
            last = sum
        }
        guard last < UInt64(storage) else {
            throw .outsideStorage(tensor: tensor, reaches: last, storage: UInt64(storage))
        }
        // A view that repeats elements (stride 0) would turn a byte of file into any amount of memory.
        guard count <= storage else {
            throw .invalidShape(
                tensor: tensor, shape: shape, "\(count) elements are drawn from a storage of \(storage)")
        }
    }
}
