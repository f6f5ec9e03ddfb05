/// A tensor of a checkpoint made by a test. What is not given follows from the shape, so that a test can make one
/// thing wrong.
struct FixtureTensor {
    var name: String
    var shape: [Int]
    var strides: [Int]
    var offset = 0
    var storageType = "FloatStorage"
    var storageCount: Int
    var key: String
    /// The storage as it stands in the file.
    var data: [UInt8]
    /// Wrapped in `_rebuild_parameter`.
    var isParameter = false

    init(_ name: String, shape: [Int], values: [Float], key: String? = nil) {
        self.name = name
        self.shape = shape
        strides = shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
        storageCount = values.count
        self.key = key ?? name
        data = values.flatMap { littleEndian($0.bitPattern) }
    }
}

/// Whole model files made of a few tensors.
enum Fixture {
    /// Four tensors that cover a transposed view, a shared storage with an offset, a scalar and a parameter.
    static var tensors: [FixtureTensor] {
        let counting = (0..<12).map { Float($0) - 5.5 }
        var transposed = FixtureTensor("b.weight", shape: [4, 3], values: counting, key: "0")
        transposed.strides = [1, 4]
        var offset = FixtureTensor("c.bias", shape: [2, 2], values: counting, key: "0")
        offset.offset = 8
        offset.strides = [2, 1]
        var parameter = FixtureTensor("d.alpha", shape: [1, 3, 1, 1], values: [0.25, -1, 1e-30], key: "1")
        parameter.isParameter = true
        return [FixtureTensor("a.scale", shape: [], values: [3], key: "2"), transposed, offset, parameter]
    }

    /// What ``tensors`` hold, row-major.
    static let values: [String: [Float]] = [
        "a.scale": [3],
        "b.weight": [-5.5, -1.5, 2.5, -4.5, -0.5, 3.5, -3.5, 0.5, 4.5, -2.5, 1.5, 5.5],
        "c.bias": [2.5, 3.5, 4.5, 5.5],
        "d.alpha": [0.25, -1, 1e-30],
    ]

    /// A pickle of `{entry: state dict}`, or of the bare state dict.
    static func pickle(_ tensors: [FixtureTensor], entry: String? = "params", legacy: Bool = false) -> [UInt8] {
        var pickle = PickleBuilder()
        if let entry {
            pickle.op("}")
            pickle.string(entry)
        }
        pickle.stateDict(tensors, legacy: legacy)
        if entry != nil { pickle.op("s") }
        pickle.stop()
        return pickle.bytes
    }

    static func zip(
        _ tensors: [FixtureTensor] = tensors, pickle: [UInt8]? = nil, entry: String? = "params",
        change: (inout ZipBuilder) -> Void = { _ in }
    ) -> [UInt8] {
        var zip = ZipBuilder()
        zip.add("model/data.pkl", pickle ?? Self.pickle(tensors, entry: entry))
        zip.add("model/byteorder", Array("little".utf8))
        for tensor in distinct(tensors) { zip.add("model/data/\(tensor.key)", tensor.data) }
        zip.add("model/version", Array("3\n".utf8))
        change(&zip)
        return zip.build()
    }

    static func legacy(
        _ tensors: [FixtureTensor] = tensors, pickle: [UInt8]? = nil, entry: String? = "params",
        littleEndianMachine: Bool = true
    ) -> [UInt8] {
        var bytes: [UInt8] = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]
        bytes += [0x80, 2, UInt8(ascii: "M"), 0xe9, 3, 0x2e]
        var machine = PickleBuilder()
        machine.op("}")
        machine.string("little_endian")
        machine.raw([littleEndianMachine ? 0x88 : 0x89])
        machine.op("s")
        machine.stop()
        bytes += machine.bytes + (pickle ?? Self.pickle(tensors, entry: entry, legacy: true))
        var keys = PickleBuilder()
        keys.op("]")
        keys.mark()
        // Not the order of the tensors: the list's order counts.
        for tensor in distinct(tensors).reversed() { keys.string(tensor.key) }
        keys.op("e")
        keys.stop()
        bytes += keys.bytes
        for tensor in distinct(tensors).reversed() { bytes += littleEndian(Int64(tensor.storageCount)) + tensor.data }
        return bytes
    }

    /// - Parameter header: JSON as it is.
    static func safetensors(header: String, data: [UInt8], claimedLength: UInt64? = nil) -> [UInt8] {
        littleEndian(claimedLength ?? UInt64(header.utf8.count)) + Array(header.utf8) + data
    }

    /// ``values`` as safetensors.
    static func safetensors() -> [UInt8] {
        let shapes = ["a.scale": "[]", "b.weight": "[4,3]", "c.bias": "[2,2]", "d.alpha": "[1,3,1,1]"]
        var data: [UInt8] = []
        var members = ["\"__metadata__\":{\"format\":\"deblur\",\"config\":\"{\\\"width\\\": 4}\"}"]
        for (name, values) in values.sorted(by: { $0.key < $1.key }) {
            let start = data.count
            data += values.flatMap { littleEndian($0.bitPattern) }
            members.append(
                "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shapes[name] ?? ""),"
                    + "\"data_offsets\":[\(start),\(data.count)]}")
        }
        return safetensors(header: "{\(members.joined(separator: ","))}  ", data: data)
    }

    private static func distinct(_ tensors: [FixtureTensor]) -> [FixtureTensor] {
        var seen: Set<String> = []
        return tensors.filter { seen.insert($0.key).inserted }
    }
}
