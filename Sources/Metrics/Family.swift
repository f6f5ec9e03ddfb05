import Synchronization

/// Metrics of one name told apart by the values of their labels.
///
/// Children live as long as the family: label values must come from a bounded set, never from a request.
public final class Family<Child: Instrument>: Sendable {
    private struct Children {
        var inOrder: [(values: [String], child: Child)] = []
        var byValues: [[String]: Child] = [:]
    }

    private let labels: [String]
    private let make: @Sendable () -> Child
    private let children = Mutex(Children())

    init(labels: [String], make: @escaping @Sendable () -> Child) {
        precondition(
            !labels.isEmpty && Set(labels).count == labels.count && labels.allSatisfy(Registry.isName),
            "labels are names, each once")
        self.labels = labels
        self.make = make
    }

    /// The child with these label values, in the order of the family's labels. Made at first use.
    public func callAsFunction(_ values: String...) -> Child {
        precondition(values.count == labels.count, "one value for each label")
        return children.withLock { children in
            if let child = children.byValues[values] { return child }
            let child = make()
            children.byValues[values] = child
            children.inOrder.append((values, child))
            return child
        }
    }

    /// In the order of their first use.
    func samples() -> [Sample] {
        children.withLock { $0.inOrder }.flatMap { values, child in
            child.samples(labels: zip(labels, values).map { (name: $0, value: $1) })
        }
    }
}
