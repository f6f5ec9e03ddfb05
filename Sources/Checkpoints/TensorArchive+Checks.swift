extension TensorArchive {
    /// Checks that the archive has exactly the tensors that an architecture asks for, in floating point.
    ///
    /// - Parameters:
    ///   - shapes: by name.
    ///   - ignored: names that may be there without being asked for.
    /// - Throws: ``CheckpointError/Problem/mismatch(_:)`` that lists all that is missing, unexpected or of wrong
    ///   shape or type.
    public func check(shapes: [String: [Int]], ignoring ignored: (_ name: String) -> Bool = { _ in false }) throws {
        var mismatch = TensorMismatch()
        for (name, expected) in shapes.sorted(by: { $0.key < $1.key }) {
            if let tensor = self[name] {
                if tensor.shape != expected {
                    mismatch.wrongShapes.append(.init(name: name, expected: expected, actual: tensor.shape))
                }
                if !tensor.elementType.isFloatingPoint {
                    mismatch.wrongTypes.append(.init(name: name, actual: tensor.elementType))
                }
            } else {
                mismatch.missing.append(name)
            }
        }
        mismatch.unexpected = names.filter { shapes[$0] == nil && !ignored($0) }
        guard mismatch.isEmpty else { throw CheckpointError(file: fileName, .mismatch(mismatch)) }
    }

    /// Checks that no tensor holds an infinity or a value that is not a number.
    ///
    /// - Throws: ``CheckpointError/Problem/notFinite(_:)`` that lists those that do.
    public func checkFinite() throws {
        let broken = names.filter { self[$0]?.isFinite() == false }
        guard broken.isEmpty else { throw CheckpointError(file: fileName, .notFinite(broken)) }
    }
}
