/// Writes pickles operation by operation, good ones and hostile ones.
struct PickleBuilder {
    private(set) var bytes: [UInt8] = [0x80, 2]

    mutating func op(_ character: Character) { bytes += Array(String(character).utf8) }
    mutating func raw(_ more: [UInt8]) { bytes += more }
    mutating func stop() { op(".") }
    mutating func mark() { op("(") }

    mutating func global(_ module: String, _ name: String) { bytes += Array("c\(module)\n\(name)\n".utf8) }

    mutating func string(_ text: String) {
        op("X")
        bytes += littleEndian(UInt32(text.utf8.count)) + Array(text.utf8)
    }

    mutating func int(_ value: Int) {
        if let small = UInt8(exactly: value) {
            bytes += [UInt8(ascii: "K"), small]
        } else if let medium = Int32(exactly: value) {
            bytes += [UInt8(ascii: "J")] + littleEndian(UInt32(bitPattern: medium))
        } else {
            bytes += [0x8a, 8] + littleEndian(UInt64(bitPattern: Int64(value)))
        }
    }

    mutating func tuple(_ values: [Int]) {
        mark()
        for value in values { int(value) }
        op("t")
    }

    mutating func orderedDictionary() {
        global("collections", "OrderedDict")
        op(")")
        op("R")
    }

    /// A persistent id, pushed as a storage.
    mutating func storage(_ key: String, _ type: String, count: Int) {
        mark()
        string("storage")
        global("torch", type)
        string(key)
        string("cpu")
        int(count)
        op("t")
        op("Q")
    }

    mutating func tensor(_ tensor: FixtureTensor, legacy: Bool = false) {
        if tensor.isParameter {
            global("torch._utils", "_rebuild_parameter")
            mark()
        }
        global("torch._utils", "_rebuild_tensor_v2")
        mark()
        mark()
        string("storage")
        global("torch", tensor.storageType)
        string(tensor.key)
        string("cpu")
        int(tensor.storageCount)
        if legacy { op("N") }
        op("t")
        op("Q")
        int(tensor.offset)
        tuple(tensor.shape)
        tuple(tensor.strides)
        raw([0x89])
        orderedDictionary()
        op("t")
        op("R")
        if tensor.isParameter {
            raw([0x88])
            orderedDictionary()
            op("t")
            op("R")
        }
    }

    /// A state dict: an OrderedDict of tensors that ends in a BUILD with `_metadata`.
    mutating func stateDict(_ tensors: [FixtureTensor], legacy: Bool = false) {
        orderedDictionary()
        mark()
        for tensor in tensors {
            string(tensor.name)
            self.tensor(tensor, legacy: legacy)
        }
        op("u")
        op("}")
        string("_metadata")
        orderedDictionary()
        string("")
        op("}")
        string("version")
        int(1)
        op("s")
        op("s")
        op("s")
        op("b")
    }
}

func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
