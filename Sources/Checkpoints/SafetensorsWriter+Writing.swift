import Foundation

extension SafetensorsWriter {
    /// Writes the file. Until it is complete and on the disk, what was there under that name stays as it was.
    ///
    /// - Throws: ``CheckpointError``, with the name of `url`.
    public func write(to url: URL) throws {
        do throws(CheckpointError.Problem) {
            let (header, sorted) = try layout()
            let file = try AtomicFile(replacing: url.path)
            try file.write(header)
            for item in sorted { try write(item, to: file) }
            try file.commit()
        } catch {
            throw CheckpointError(file: url.lastPathComponent, error)
        }
    }

    /// The length and the header, padded with spaces to a multiple of 8 bytes, and the tensors in the order of their
    /// data: wider types first, so that every number is aligned, then by name.
    private func layout() throws(CheckpointError.Problem) -> (header: [UInt8], sorted: [Item]) {
        let sorted = items.sorted {
            ($1.elementType.byteCount, $0.name) < ($0.elementType.byteCount, $1.name)
        }
        var members: [String] = []
        if !metadata.isEmpty {
            let texts = metadata.sorted { $0.key < $1.key }.map { "\(Self.json($0.key)):\(Self.json($0.value))" }
            members.append("\"__metadata__\":{\(texts.joined(separator: ","))}")
        }
        var names: Set<String> = ["__metadata__"]
        var offset = 0
        for item in sorted {
            guard names.insert(item.name).inserted else { throw .duplicateName(item.name) }
            let end = offset + item.shape.reduce(1, *) * item.elementType.byteCount
            let shape = item.shape.map(String.init).joined(separator: ",")
            members.append(
                "\(Self.json(item.name)):{\"dtype\":\"\(item.elementType.rawValue)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var text = Array("{\(members.joined(separator: ","))}".utf8)
        text += [UInt8](repeating: 0x20, count: (8 - text.count % 8) % 8)
        guard text.count <= SafetensorsReader.headerLimit else {
            throw .overLimit(
                part: SafetensorsReader.part, limit: SafetensorsReader.headerLimit, actual: UInt64(text.count))
        }
        let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
        return (length + text, sorted)
    }

    /// Text as JSON. Its encoder keeps no order of members, so that only the texts are its work.
    private static func json(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard let json = try? encoder.encode(text) else { preconditionFailure("every text can be encoded") }
        return String(decoding: json, as: UTF8.self)
    }

    private func write(_ item: Item, to file: borrowing AtomicFile) throws(CheckpointError.Problem) {
        let values: [Float]
        switch item.values {
        case .floats(let floats): values = floats
        case .stored(let tensor): values = tensor.floats()
        }
        switch item.elementType {
        case .float32:
            try file.write(values)
        case .float16:
            let narrowed = values.map { Float16($0) }
            // A finite number that became infinite; what was infinite or NaN before may stay so.
            guard zip(values, narrowed).allSatisfy({ $1.isFinite || !$0.isFinite }) else {
                throw .notRepresentable(tensor: item.name, as: .float16)
            }
            try file.write(narrowed)
        default:
            let narrowed = values.map(Self.bfloat16)
            guard zip(values, narrowed).allSatisfy({ Widening.bfloat16($1).isFinite || !$0.isFinite }) else {
                throw .notRepresentable(tensor: item.name, as: .bfloat16)
            }
            try file.write(narrowed)
        }
    }

    /// Rounds to the nearest bfloat16, ties to even.
    private static func bfloat16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        // Rounding could carry a NaN's last bits away; it stays one that is quiet.
        if value.isNaN { return UInt16(bits >> 16) | 0x40 }
        return UInt16((bits + 0x7fff + (bits >> 16 & 1)) >> 16)
    }
}
