import Checkpoints
import Foundation
import Network

/// The description that a model file carries as JSON: what is there stays, known or not; what is set replaces it.
struct ModelDescription {
    private var fields: [String: Any]

    /// - Parameters:
    ///   - stored: the description that the model came with; nil starts an empty one.
    /// - Throws: `ModelError` when it is no JSON object.
    init(stored: Data?) throws {
        guard let stored else {
            fields = [:]
            return
        }
        guard let object = try? JSONSerialization.jsonObject(with: stored) as? [String: Any] else {
            throw ModelError.configuration(field: "the description", "it is no JSON object")
        }
        fields = object
    }

    /// Adds what the tensors tell, where the description does not say it yet.
    mutating func complete(_ architecture: Architecture, _ configuration: ModelConfiguration) {
        func supply(_ key: String, _ value: Any) {
            if fields[key] == nil { fields[key] = value }
        }
        supply("name", configuration.name)
        supply("architecture", "AdaRevD")
        supply("encoder", architecture.encoder.rawValue)
        supply("width", architecture.width)
        supply("encoder_blocks", architecture.encoderBlocks)
        supply("middle_blocks", architecture.middleBlocks)
        supply("sub_decoders", architecture.subDecoders)
        supply("tile", configuration.tile)
        supply("overlap", configuration.overlap)
        switch architecture.exitHead {
        case .none: break
        case .classifier(let input, let classes):
            set(inClassifier: ["type": "hard_simple", "dx": input.rawValue, "classes": classes], replacing: false)
            let table =
                configuration.exitTable
                ?? ModelConfiguration.publishedTable(subDecoders: architecture.subDecoders, classes: classes)
            if let table { supply("exit_table", table) }
        case .regressor(let input, let shared):
            set(inClassifier: ["type": shared ? "single" : "multi", "dx": input.rawValue], replacing: false)
        }
    }

    /// Replaces the increments, the table derived from them and what they were made with.
    mutating func set(_ calibration: Calibration, tau: Double) {
        fields["increments_db"] = calibration.completed.map { row in row.map { $0.map { $0 as Any } ?? NSNull() } }
        fields["exit_table"] = calibration.exitTable(tau: tau)
        fields["tau"] = tau
        fields["increments_first"] = "sub-decoder 1 against the blurred input"
        set(inClassifier: ["thresholds_db": calibration.thresholds.decibels], replacing: true)
    }

    private mutating func set(inClassifier values: [String: Any], replacing: Bool) {
        var classifier = fields["classifier"] as? [String: Any] ?? [:]
        classifier.merge(values) { old, new in replacing ? new : old }
        fields["classifier"] = classifier
    }

    /// Keys sorted: equal descriptions are equal bytes.
    func json() throws -> Data {
        try JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys, .withoutEscapingSlashes])
    }
}
