extension PickleMachine {
    /// `REDUCE`: notes what a call describes, when it is one of the three that a state dict needs.
    mutating func reduce(_ callable: PickleValue, _ arguments: PickleValue) throws(Problem) {
        guard case .global(let global) = callable else { throw .forbiddenCall(callable.kind) }
        guard case .tuple(let index) = arguments else { throw malformed("a call's arguments are no tuple") }
        let arguments = heap.tuples[index]
        switch (global, arguments.count) {
        case (.orderedDictionary, 0):
            pushDictionary()
        case (.rebuildTensor, 6):
            // (storage, offset, size, stride, requires_grad, backward_hooks)
            guard case .storage(let storage) = arguments[0] else {
                throw malformed("a tensor is made from \(arguments[0].kind)")
            }
            guard case .int(let offset) = arguments[1] else { throw malformed("a tensor's offset is no integer") }
            heap.tensors.append(
                PickleTensor(
                    storage: storage, offset: offset, shape: try integers(arguments[2]),
                    strides: try integers(arguments[3])))
            stack.append(.tensor(heap.tensors.count - 1))
        case (.rebuildParameter, 3):
            // (tensor, requires_grad, backward_hooks): a parameter is its tensor.
            guard case .tensor = arguments[0] else { throw malformed("a parameter is made from \(arguments[0].kind)") }
            stack.append(arguments[0])
        default:
            throw .forbiddenCall("\(global.name) with \(arguments.count) arguments")
        }
    }

    /// `BUILD`: a state dict ends in one that carries `_metadata` (module versions); it is dropped.
    mutating func dropState() throws(Problem) {
        let state = try pop()
        guard case .dictionary = try top(), case .dictionary = state else {
            throw .forbiddenCall("__setstate__ of \(try top().kind) with \(state.kind)")
        }
    }

    /// `BINPERSID`: ('storage', type, key, location, element count[, view]).
    mutating func pushStorage(_ id: PickleValue) throws(Problem) {
        guard case .tuple(let index) = id else { throw malformed("a persistent id is \(id.kind)") }
        let id = heap.tuples[index]
        guard id.count == 5 || id.count == 6, case .string("storage") = id[0], case .global(.storage(let type)) = id[1],
            case .string(let key) = id[2], key.utf8.count <= Self.storageKeyLimit, case .int(let count) = id[4],
            count >= 0
        else { throw malformed("a persistent id does not describe a storage") }
        if id.count == 6 {
            guard case .none = id[5] else { throw .unsupported(part: part, "storages that are views of others") }
        }
        heap.storages.append(PickleStorage(key: key, elementType: type, count: count))
        stack.append(.storage(heap.storages.count - 1))
    }

    private func integers(_ value: PickleValue) throws(Problem) -> [Int] {
        let values: [PickleValue]
        switch value {
        case .tuple(let index): values = heap.tuples[index]
        case .list(let index): values = heap.lists[index]
        default: throw malformed("a tensor's size is \(value.kind)")
        }
        guard values.count <= TensorExtent.maximumRank else {
            throw malformed("a tensor has \(values.count) dimensions")
        }
        var integers: [Int] = []
        for value in values {
            switch value {
            case .int(let integer): integers.append(integer)
            case .longInteger: throw malformed("a tensor's size has more than 64 bits")
            default: throw malformed("a tensor's size is \(value.kind)")
            }
        }
        return integers
    }
}
