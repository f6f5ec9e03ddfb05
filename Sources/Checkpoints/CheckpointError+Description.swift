import Foundation

extension CheckpointError: CustomStringConvertible, LocalizedError {
    public var description: String { "\(quoted(file, limit: 120)): \(problem)" }

    public var errorDescription: String? { description }
}

extension CheckpointError.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .inaccessible(let reason):
            reason
        case .unknownFormat(let guess?):
            "not a model file: it looks like \(guess)"
        case .unknownFormat(nil):
            "not a model file: neither safetensors nor a PyTorch checkpoint (zip or legacy form)"
        case .truncated(let part, let needed, let available):
            "cut off: \(part) needs \(needed) bytes, \(available) are left"
        case .malformed(let part, let why):
            "damaged: \(part): \(why)"
        case .overLimit(let part, let limit, let actual):
            "refused: \(part): \(actual), at most \(limit) is read"
        case .unsupported(let part, let what):
            "not supported: \(part): \(what)"
        case .forbiddenOpcode(let opcode, let offset):
            "refused: pickle operation \(PickleMachine.refusedNames[opcode] ?? "0x\(hexByte(opcode))") at byte "
                + "\(offset), which no state dict needs (nothing was run)"
        case .forbiddenGlobal(let name):
            "refused: the pickle asks for \(quoted(name)), which no state dict needs (nothing was run)"
        case .forbiddenCall(let what):
            "refused: the pickle calls \(what) (nothing was run)"
        case .optimiserState:
            "this is the training state of an optimiser, not a model; take the model file saved beside it"
        case .entryMissing(let wanted, let present):
            "no \(wanted) in it; it has \(listed(present.map { $0 == "bare" ? "a bare dictionary" : $0 }))"
        case .notATensor(let name, let kind):
            "\(quoted(name)) should be a tensor, it is \(kind)"
        case .duplicateName(let name):
            "the name \(quoted(name)) occurs twice"
        case .elementType(let tensor, let type):
            "tensor \(quoted(tensor)): element type \(quoted(type)) is not read"
        case .invalidShape(let tensor, let shape, let why):
            "tensor \(quoted(tensor)): shape \(shaped(shape)): \(why)"
        case .outsideStorage(let tensor, let reaches, let storage):
            "tensor \(quoted(tensor)) reaches element \(reaches) of a storage of \(storage) elements"
        case .byteCount(let part, let expected, let actual):
            "\(quoted(part)) should have \(expected) bytes, it has \(actual)"
        case .checksum(let names):
            "damaged: the numbers of \(listed(names)) do not have the checksum (CRC-32) that the archive tells"
        case .sharedTooOften(let claimed, let available):
            "refused: its tensors claim \(claimed) bytes together, the file has \(available)"
        case .mismatch(let mismatch):
            "the tensors do not fit the architecture: \(mismatch)"
        case .notFinite(let names):
            "infinite or not a number: \(listed(names))"
        case .conflict(let names, let other):
            "these tensors are different in \(quoted(other, limit: 120)): \(listed(names))"
        case .notRepresentable(let tensor, let type):
            "tensor \(quoted(tensor)) has values that are too large for \(type.rawValue)"
        }
    }
}

extension TensorMismatch: CustomStringConvertible {
    public var description: String {
        var parts: [String] = []
        if !missing.isEmpty { parts.append("missing: \(listed(missing))") }
        if !unexpected.isEmpty { parts.append("unexpected: \(listed(unexpected))") }
        if !wrongShapes.isEmpty {
            let shapes = wrongShapes.map { "\(quoted($0.name)) is \(shaped($0.actual)), not \(shaped($0.expected))" }
            parts.append("wrong shape: \(listed(shapes, quoting: false))")
        }
        if !wrongTypes.isEmpty {
            let types = wrongTypes.map { "\(quoted($0.name)) is \($0.actual.rawValue)" }
            parts.append("weights are floating point: \(listed(types, quoting: false))")
        }
        return parts.joined(separator: "; ")
    }
}

// MARK: Text of strangers in messages

/// `text` as one short printable word: what a file's author wrote must not forge lines of a log.
func quoted(_ text: String, limit: Int = 80) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        let printable: Bool
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            printable = false
        default:
            printable = scalar != "\\"
        }
        result += printable ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
    }
    return text.unicodeScalars.count > limit ? result + "…" : result
}

/// The first few of `names`, and how many more there are.
private func listed(_ names: [String], quoting: Bool = true) -> String {
    let shown = names.prefix(8).map { quoting ? quoted($0) : $0 }.joined(separator: ", ")
    return names.isEmpty ? "nothing" : names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
}

private func shaped(_ shape: [Int]) -> String {
    let shown = shape.prefix(16).map(String.init).joined(separator: "×")
    return shape.isEmpty ? "scalar" : shape.count > 16 ? shown + "×…" : shown
}

private func hexByte(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16)
    return byte < 16 ? "0" + text : text
}
