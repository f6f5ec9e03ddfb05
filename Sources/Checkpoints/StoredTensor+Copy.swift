extension StoredTensor {
    /// The numbers in row-major order. float16 and bfloat16 are widened exactly; float64 and integers are rounded to
    /// the nearest float32.
    public func floats() -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            copy(into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            initialized = count
        }
    }

    /// Writes the numbers in row-major order, as ``floats()`` gives them.
    ///
    /// - Parameter buffer: ``count`` elements, initialised or not.
    public func copy(into buffer: UnsafeMutableBufferPointer<Float>) {
        precondition(buffer.count == count, "\(name): \(buffer.count) places for \(count) values")
        guard let start = buffer.baseAddress, count > 0 else { return }
        let (sizes, steps) = mergedDimensions()
        // Rows of the innermost dimension; `index` counts through the others like an odometer.
        let rowLength = sizes.last ?? 1
        let rowStep = steps.last ?? 1
        var index = [Int](repeating: 0, count: max(0, sizes.count - 1))
        var element = 0
        for row in 0..<count / rowLength {
            widen(from: element, step: rowStep, into: start + row * rowLength, count: rowLength)
            for dimension in index.indices.reversed() {
                index[dimension] += 1
                element += steps[dimension]
                if index[dimension] < sizes[dimension] { break }
                element -= steps[dimension] * sizes[dimension]
                index[dimension] = 0
            }
        }
    }

    /// Whether every number is finite in float32.
    public func isFinite() -> Bool {
        if count == 0 { return true }
        guard isContiguous else { return floats().allSatisfy(\.isFinite) }
        // In pieces that stay in the first cache.
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: 4096) { piece in
            guard let start = piece.baseAddress else { return true }
            var first = 0
            while first < count {
                let length = min(piece.count, count - first)
                widen(from: first, step: 1, into: start, count: length)
                // An exponent of all ones is an infinity or NaN; without a branch, so that it becomes vector code.
                var largest: UInt32 = 0
                for index in 0..<length { largest = max(largest, start[index].bitPattern & 0x7fff_ffff) }
                if largest >= 0x7f80_0000 { return false }
                first += length
            }
            return true
        }
    }

    /// Whether the numbers lie one behind the other in row-major order.
    private var isContiguous: Bool {
        let (sizes, steps) = mergedDimensions()
        return sizes.isEmpty || (sizes.count == 1 && steps == [1])
    }

    /// The dimensions without those of size 1, and with neighbours joined that lie one behind the other: a tensor
    /// without gaps becomes a single row.
    private func mergedDimensions() -> (sizes: [Int], steps: [Int]) {
        var sizes: [Int] = []
        var steps: [Int] = []
        for (size, step) in zip(shape, strides) where size != 1 {
            if let outer = steps.last, outer == step * size {
                sizes[sizes.count - 1] *= size
                steps[steps.count - 1] = step
            } else {
                sizes.append(size)
                steps.append(step)
            }
        }
        return (sizes, steps)
    }

    /// Converts `count` elements, each `step` behind the one before, the first one `first` elements behind the
    /// tensor's start.
    private func widen(from first: Int, step: Int, into target: UnsafeMutablePointer<Float>, count: Int) {
        guard let base = bytes.raw.baseAddress else { return }
        // All elements lie inside the file: the readers checked the last one against the storage.
        let source = base + byteOffset + first * elementType.byteCount

        @inline(__always)
        func convert<T: BitwiseCopyable>(_: T.Type, _ convert: (T) -> Float) {
            let size = MemoryLayout<T>.size
            if step == 1 {
                for index in 0..<count {
                    (target + index).initialize(
                        to: convert(source.loadUnaligned(fromByteOffset: index * size, as: T.self)))
                }
            } else {
                for index in 0..<count {
                    (target + index).initialize(
                        to: convert(source.loadUnaligned(fromByteOffset: index * step * size, as: T.self)))
                }
            }
        }
        switch elementType {
        case .float32: convert(Float.self) { $0 }
        case .float16: convert(UInt16.self, Widening.float16)
        case .bfloat16: convert(UInt16.self, Widening.bfloat16)
        case .float64: convert(Double.self) { Float($0) }
        case .int64: convert(Int64.self) { Float($0) }
        case .int32: convert(Int32.self) { Float($0) }
        case .int16: convert(Int16.self) { Float($0) }
        case .int8: convert(Int8.self) { Float($0) }
        case .uint8: convert(UInt8.self) { Float($0) }
        case .bool: convert(UInt8.self) { $0 == 0 ? 0 : 1 }
        }
    }
}
