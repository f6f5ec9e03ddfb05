/// What a restricted pickle can hold. Containers are indices into ``PickleHeap``: shared and even self-containing
/// values cost nothing, and none of it nests in memory, so that no input can exhaust the call stack.
enum PickleValue {
    case none
    case bool(Bool)
    case int(Int)
    /// Little-endian two's complement of more than 64 bits (the legacy format's magic number).
    case longInteger([UInt8])
    case float(Double)
    case string(String)
    case tuple(Int)
    case list(Int)
    case dictionary(Int)
    case global(PickleGlobal)
    case storage(Int)
    case tensor(Int)

    /// For messages.
    var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a boolean"
        case .int, .longInteger: "an integer"
        case .float: "a float"
        case .string: "a string"
        case .tuple: "a tuple"
        case .list: "a list"
        case .dictionary: "a dictionary"
        case .global(let global): global.name
        case .storage: "a storage"
        case .tensor: "a tensor"
        }
    }
}

/// The Python objects a state dict needs. They are names here and nothing more.
enum PickleGlobal: Equatable {
    case orderedDictionary
    case rebuildTensor
    case rebuildParameter
    case storage(ElementType)

    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
        case ("torch", _):
            guard let type = Self.storages[name] else { return nil }
            self = .storage(type)
        default: return nil
        }
    }

    var name: String {
        switch self {
        case .orderedDictionary: "collections.OrderedDict"
        case .rebuildTensor: "torch._utils._rebuild_tensor_v2"
        case .rebuildParameter: "torch._utils._rebuild_parameter"
        case .storage(let type): "a torch storage of \(type.rawValue)"
        }
    }

    private static let storages: [String: ElementType] = [
        "FloatStorage": .float32, "DoubleStorage": .float64, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
        "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8,
        "ByteStorage": .uint8, "BoolStorage": .bool,
    ]
}

/// A persistent id: numbers outside the pickle.
struct PickleStorage: Equatable {
    let key: String
    let elementType: ElementType
    /// Elements.
    let count: Int
}

/// The arguments of `_rebuild_tensor_v2`, as they came.
struct PickleTensor {
    /// Into ``PickleHeap/storages``.
    let storage: Int
    /// In elements, as are the strides.
    let offset: Int
    let shape: [Int]
    let strides: [Int]
}

/// Where the containers of a pickle live.
struct PickleHeap {
    var tuples: [[PickleValue]] = []
    var lists: [[PickleValue]] = []
    /// In the order of insertion; names may repeat.
    var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    var storages: [PickleStorage] = []
    var tensors: [PickleTensor] = []
}
