extension AdaRevD {
    /// Which exit a user asks for.
    public enum ExitChoice: Sendable, Hashable {
        case adaptive
        case fixed(Int)
    }

    /// Turns what a user asks for into a policy that this model can follow.
    ///
    /// - Parameters:
    ///   - tau: derives the table anew from the model's increments (Eq. 12), or is the regressors' threshold.
    ///   - table: overrides the model's; sub-decoder per class, hardest class first.
    /// - Throws: ``ModelError/exit(_:)`` or ``ModelError/configuration(field:_:)``.
    public func policy(_ choice: ExitChoice, tau: Double? = nil, table: [Int]? = nil) throws -> ExitPolicy {
        try ExitRules(architecture: architecture, configuration: configuration).policy(choice, tau: tau, table: table)
    }
}

/// What decides exits, as far as a model says it without its weights.
struct ExitRules {
    let architecture: Architecture
    let configuration: ModelConfiguration

    private var subDecoders: Int { architecture.subDecoders }

    /// See ``AdaRevD/policy(_:tau:table:)``.
    func policy(_ choice: AdaRevD.ExitChoice, tau: Double? = nil, table: [Int]? = nil) throws -> ExitPolicy {
        if case .fixed(let exit) = choice {
            guard (1...subDecoders).contains(exit) else {
                throw ModelError.exit("exit \(exit) is outside 1…\(subDecoders)")
            }
            return .fixed(exit)
        }
        switch architecture.exitHead {
        case .none:
            guard tau == nil, table == nil else { throw ModelError.exit("the model has no classifier to choose exits") }
            return .fixed(subDecoders)
        case .regressor:
            guard table == nil else { throw ModelError.exit("the model has a regressor, not classes with a table") }
            let steps = subDecoders - 1
            if let tau { return .regressor(thresholds: [Float](repeating: Float(tau), count: steps)) }
            if let thresholds = configuration.stepThresholds, thresholds.count == steps {
                return .regressor(thresholds: thresholds.map { Float($0) })
            }
            return .regressor(thresholds: [Float](repeating: Float(configuration.tau ?? 0.05), count: steps))
        case .classifier(_, let classes):
            if let table {
                if let problem = ModelConfiguration.problem(
                    ofTable: table, classes: classes, subDecoders: subDecoders)
                {
                    throw ModelError.exit(problem)
                }
                return .table(table)
            }
            if let tau {
                guard let increments = configuration.increments else {
                    throw ModelError.exit("the model stores no increments from which to derive exits for τ")
                }
                return .table(
                    ModelConfiguration.exitTable(increments: increments, tau: tau, subDecoders: subDecoders))
            }
            return .table(
                configuration.exitTable
                    ?? ModelConfiguration.publishedTable(subDecoders: subDecoders, classes: classes)
                    ?? [Int](repeating: subDecoders, count: classes))
        }
    }
}
