import Network

extension ExitChoice {
    /// The choice as a policy that a model can follow, told by what its file says: no weights are needed.
    ///
    /// - Throws: ``ExitChoiceError`` where the model cannot do that.
    public func policy(
        for architecture: Architecture, _ configuration: ModelConfiguration
    ) throws(ExitChoiceError) -> ExitPolicy {
        let subDecoders = architecture.subDecoders
        if let fixed {
            guard (1...subDecoders).contains(fixed) else { throw refusal("exit \(fixed) is outside 1…\(subDecoders)") }
            return .fixed(fixed)
        }
        switch architecture.exitHead {
        case .none:
            guard tau == nil, table == nil else { throw refusal("the model has no classifier to choose exits") }
            return .fixed(subDecoders)
        case .regressor:
            guard table == nil else { throw refusal("the model has a regressor, not classes with a table") }
            let steps = subDecoders - 1
            if tau == nil, let thresholds = configuration.stepThresholds, thresholds.count == steps {
                return .regressor(thresholds: thresholds.map { Float($0) })
            }
            return .regressor(thresholds: [Float](repeating: Float(tau ?? configuration.tau ?? 0.05), count: steps))
        case .classifier(_, let classes):
            return .table(try exits(classes, subDecoders, configuration))
        }
    }

    /// Exit per class.
    private func exits(
        _ classes: Int, _ subDecoders: Int, _ configuration: ModelConfiguration
    ) throws(ExitChoiceError) -> [Int] {
        if let table {
            if let problem = ModelConfiguration.problem(ofTable: table, classes: classes, subDecoders: subDecoders) {
                throw refusal(problem)
            }
            return table
        }
        if let tau {
            guard let increments = configuration.increments else {
                throw refusal("the model stores no increments from which to derive exits for τ")
            }
            return ModelConfiguration.exitTable(increments: increments, tau: tau, subDecoders: subDecoders)
        }
        return configuration.exitTable
            ?? ModelConfiguration.publishedTable(subDecoders: subDecoders, classes: classes)
            ?? [Int](repeating: subDecoders, count: classes)
    }

    private func refusal(_ reason: String) -> ExitChoiceError {
        ExitChoiceError(parameter: fixed != nil ? "exit" : tau != nil ? "tau" : "exit-table", reason: reason)
    }
}
