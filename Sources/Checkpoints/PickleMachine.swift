/// Reads the pickles of PyTorch checkpoints without Python.
///
/// A pickle is a program for a stack machine that may import and call anything. This machine knows the operations that
/// a state dict needs; the only "calls" it understands are an empty `OrderedDict` and the two that describe a tensor,
/// and it notes their arguments instead of calling. Everything else is refused by name.
///
/// Each operation takes constant time and memory apart from the text it carries, so the limits on their number and on
/// the pickle's length bound both.
struct PickleMachine {
    typealias Problem = CheckpointError.Problem

    /// A model of 8 sub-decoders with raw and averaged weights has about 130,000 operations in 500 KB.
    static let operationLimit = 1 << 20
    static let byteLimit = 16 << 20
    /// Of a storage's key, in bytes; PyTorch writes decimal numbers.
    static let storageKeyLimit = 64

    var heap = PickleHeap()
    /// Behind the last operation read.
    private(set) var position: Int

    private let bytes: UnsafeRawBufferPointer
    /// What is being read, for errors.
    let part: String
    var stack: [PickleValue] = []
    /// Heights of the stack where marks stand.
    private var marks: [Int] = []
    private var memo: [UInt32: PickleValue] = [:]
    /// Whether a name occurred that only the state of an optimiser has.
    private var sawOptimiser = false

    /// - Parameters:
    ///   - bytes: the pickle and perhaps more behind it.
    ///   - start: where it begins.
    private init(_ bytes: UnsafeRawBufferPointer, start: Int, part: String) {
        self.bytes = bytes
        position = start
        self.part = part
    }

    /// A pickle that was read: its outermost value, the containers, and where it ended.
    struct Result {
        let value: PickleValue
        let heap: PickleHeap
        let end: Int
    }

    /// Reads one pickle.
    static func run(_ bytes: UnsafeRawBufferPointer, start: Int = 0, part: String) throws(Problem) -> Result {
        var machine = PickleMachine(bytes, start: start, part: part)
        do throws(Problem) {
            let value = try machine.run()
            return Result(value: value, heap: machine.heap, end: machine.position)
        } catch {
            switch error {
            case .forbiddenGlobal, .forbiddenOpcode, .forbiddenCall:
                // What an optimiser keeps beside its numbers is not readable, and not wanted.
                throw machine.sawOptimiser ? .optimiserState : error
            default: throw error
            }
        }
    }

    private mutating func run() throws(Problem) -> PickleValue {
        let start = position
        for _ in 0..<Self.operationLimit {
            guard position - start <= Self.byteLimit else {
                throw .overLimit(part: "\(part) (bytes)", limit: Self.byteLimit, actual: UInt64(position - start))
            }
            let at = position
            let opcode = try byte()
            if opcode == Opcode.stop {
                guard marks.isEmpty, stack.count == 1 else { throw malformed("it leaves \(stack.count) values") }
                return try pop()
            }
            try perform(opcode, at: at)
        }
        throw .overLimit(
            part: "\(part) (operations)", limit: Self.operationLimit, actual: UInt64(Self.operationLimit) + 1)
    }

    private mutating func perform(_ opcode: UInt8, at offset: Int) throws(Problem) {
        switch opcode {
        case Opcode.proto:
            let version = try byte()
            guard (2...5).contains(version) else { throw malformed("pickle protocol \(version)") }
        // Values
        case Opcode.none: stack.append(.none)
        case Opcode.newTrue: stack.append(.bool(true))
        case Opcode.newFalse: stack.append(.bool(false))
        case Opcode.binInt: stack.append(.int(Int(Int32(truncatingIfNeeded: try number(4)))))
        case Opcode.binInt1: stack.append(.int(try number(1)))
        case Opcode.binInt2: stack.append(.int(try number(2)))
        case Opcode.long1: stack.append(try longInteger())
        case Opcode.binFloat:
            // The one big-endian number of the format.
            stack.append(.float(Double(bitPattern: UInt64(bitPattern: Int64(try number(8))).byteSwapped)))
        case Opcode.binUnicode: stack.append(.string(try text(number(4))))
        case Opcode.shortBinUnicode: stack.append(.string(try text(number(1))))
        // Containers
        case Opcode.mark: marks.append(stack.count)
        case Opcode.emptyTuple: pushTuple([])
        case Opcode.tuple: pushTuple(try popToMark())
        case Opcode.tuple1: try pushTuple(of: 1)
        case Opcode.tuple2: try pushTuple(of: 2)
        case Opcode.tuple3: try pushTuple(of: 3)
        case Opcode.emptyList:
            heap.lists.append([])
            stack.append(.list(heap.lists.count - 1))
        case Opcode.emptyDict: pushDictionary()
        case Opcode.append: try extendList([pop()])
        case Opcode.appends: try extendList(popToMark())
        case Opcode.setItem:
            let value = try pop()
            try extendDictionary([pop(), value])
        case Opcode.setItems: try extendDictionary(popToMark())
        // Memo
        case Opcode.binPut: try remember(number(1))
        case Opcode.longBinPut: try remember(number(4))
        case Opcode.binGet: try recall(number(1))
        case Opcode.longBinGet: try recall(number(4))
        // Objects
        case Opcode.global: stack.append(.global(try global()))
        case Opcode.binPersId: try pushStorage(pop())
        case Opcode.reduce:
            let arguments = try pop()
            try reduce(pop(), arguments)
        case Opcode.build: try dropState()
        default: throw .forbiddenOpcode(opcode, offset: offset)
        }
    }

    // MARK: Bytes

    private mutating func byte() throws(Problem) -> UInt8 {
        UInt8(truncatingIfNeeded: try number(1))
    }

    /// A little-endian number of 1, 2, 4 or 8 bytes.
    private mutating func number(_ size: Int) throws(Problem) -> Int {
        var value: UInt64 = 0
        for (index, byte) in try take(size).enumerated() { value |= UInt64(byte) << (8 * index) }
        return Int(truncatingIfNeeded: value)
    }

    private mutating func take(_ length: Int) throws(Problem) -> UnsafeRawBufferPointer {
        guard bytes.count - position >= length else {
            throw .truncated(part: part, needed: UInt64(length), available: UInt64(bytes.count - position))
        }
        defer { position += length }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
    }

    private mutating func text(_ length: Int) throws(Problem) -> String {
        guard length <= Self.byteLimit else {
            throw .overLimit(part: "\(part) (a string)", limit: Self.byteLimit, actual: UInt64(length))
        }
        guard let text = String(validating: try take(length), as: UTF8.self) else {
            throw malformed("a string that ends at byte \(position) is not UTF-8")
        }
        if text == "param_groups" || text == "optimizers" { sawOptimiser = true }
        return text
    }

    private mutating func longInteger() throws(Problem) -> PickleValue {
        let digits = try take(number(1))
        guard let last = digits.last else { return .int(0) }
        guard digits.count <= 8 else { return .longInteger(Array(digits)) }
        var value: UInt64 = last >= 0x80 ? .max : 0
        for digit in digits.reversed() { value = value << 8 | UInt64(digit) }
        return .int(Int(truncatingIfNeeded: value))
    }

    /// `module\nname\n`
    private mutating func global() throws(Problem) -> PickleGlobal {
        let module = try line()
        let name = try line()
        guard let global = PickleGlobal(module: module, name: name) else {
            throw .forbiddenGlobal("\(module).\(name)")
        }
        return global
    }

    private mutating func line() throws(Problem) -> String {
        let limit = min(bytes.count, position + 256)
        guard let end = bytes[position..<limit].firstIndex(of: 0x0a) else {
            throw malformed("a global's name at byte \(position) does not end")
        }
        let line = bytes[position..<end]
        position = end + 1
        return String(decoding: line, as: UTF8.self)
    }

    // MARK: Stack

    mutating func pop() throws(Problem) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.popLast() else {
            throw malformed("it takes a value from an empty stack at byte \(position)")
        }
        return value
    }

    private mutating func popToMark() throws(Problem) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw malformed("a mark is missing at byte \(position)") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    func top() throws(Problem) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.last else {
            throw malformed("it uses a value of an empty stack at byte \(position)")
        }
        return value
    }

    private mutating func pushTuple(_ values: [PickleValue]) {
        heap.tuples.append(values)
        stack.append(.tuple(heap.tuples.count - 1))
    }

    private mutating func pushTuple(of count: Int) throws(Problem) {
        var values: [PickleValue] = []
        for _ in 0..<count { values.append(try pop()) }
        pushTuple(values.reversed())
    }

    mutating func pushDictionary() {
        heap.dictionaries.append([])
        stack.append(.dictionary(heap.dictionaries.count - 1))
    }

    private mutating func extendList(_ values: [PickleValue]) throws(Problem) {
        guard case .list(let index) = try top() else { throw malformed("it appends to what is no list") }
        heap.lists[index] += values
    }

    private mutating func extendDictionary(_ values: [PickleValue]) throws(Problem) {
        guard case .dictionary(let index) = try top() else {
            throw malformed("it sets an item of what is no dictionary")
        }
        guard values.count.isMultiple(of: 2) else { throw malformed("a dictionary's key has no value") }
        for pair in stride(from: 0, to: values.count, by: 2) {
            heap.dictionaries[index].append((values[pair], values[pair + 1]))
        }
    }

    private mutating func remember(_ index: Int) throws(Problem) {
        memo[UInt32(truncatingIfNeeded: index)] = try top()
    }

    private mutating func recall(_ index: Int) throws(Problem) {
        guard let value = memo[UInt32(truncatingIfNeeded: index)] else {
            throw malformed("memo \(index) was never stored")
        }
        stack.append(value)
    }

    func malformed(_ why: String) -> Problem { .malformed(part: part, why) }
}
