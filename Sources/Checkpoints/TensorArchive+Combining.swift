extension TensorArchive {
    /// The same tensors, each name with `prefix` in front: a classifier's `0.weight` becomes `ape.0.weight`.
    public func adding(prefix: String) -> TensorArchive {
        var copy = self
        copy.tensors = [:]
        for (name, tensor) in tensors { copy.tensors[prefix + name] = tensor.renamed(prefix + name) }
        return copy
    }

    /// The tensors for which `isIncluded` holds.
    public func filter(_ isIncluded: (_ name: String) -> Bool) -> TensorArchive {
        var copy = self
        copy.tensors = tensors.filter { isIncluded($0.key) }
        return copy
    }

    /// This archive with those tensors of `other` that it lacks. Metadata, container and entry stay this one's.
    ///
    /// - Throws: ``CheckpointError/Problem/conflict(_:other:)`` when a tensor is in both with another shape or other
    ///   values. Equal ones are allowed: find them with ``sharedNames(with:)``.
    public func union(_ other: TensorArchive) throws -> TensorArchive {
        let different = sharedNames(with: other).filter { name in
            guard let mine = self[name], let theirs = other[name] else { return false }
            return mine.shape != theirs.shape || mine.floats() != theirs.floats()
        }
        guard different.isEmpty else {
            throw CheckpointError(file: fileName, .conflict(different, other: other.fileName))
        }
        var copy = self
        copy.tensors.merge(other.tensors) { mine, _ in mine }
        copy.sources += other.sources
        return copy
    }

    /// Names that both have, sorted.
    public func sharedNames(with other: TensorArchive) -> [String] {
        names.filter { other[$0] != nil }
    }
}
