import Checkpoints
import Foundation
import Network

/// What describes a model, as JSON, put together from where it may stand: what is there stays, known or not; what is set
/// replaces it.
struct ModelDescription {
    private var fields: [String: Any] = [:]
    /// Keys of the side file that the model file has other values for, sorted.
    private(set) var overruled: [String] = []

    /// What the model file says itself comes first (`config` in the metadata of our form); the side file `MODEL.json` tells
    /// what is missing there, key by key.
    ///
    /// - Throws: `ModelError`: a version of our form from later, a description that is no JSON object.
    init(of archive: TensorArchive, at url: URL) throws {
        if let json = archive.metadata["config"] {
            if let version = archive.metadata["version"], version != "1" {
                throw ModelError.unsupported("version \(version) of our model format")
            }
            fields = try Self.object(Data(json.utf8), "the description")
        }
        let sideURL = URL(fileURLWithPath: url.path + ".json")
        guard let data = try? Data(contentsOf: sideURL) else { return }
        fields = merge(fields, try Self.object(data, sideURL.lastPathComponent), path: "")
        overruled.sort()
    }

    /// - Parameter name: used when the description has none.
    /// - Throws: `ModelError`.
    func configuration(name: String) throws -> ModelConfiguration { try ModelConfiguration(json: json(), name: name) }

    /// With what the tensors tell, where the description does not say it yet.
    func completed(_ architecture: Architecture, _ configuration: ModelConfiguration) -> ModelDescription {
        var whole = self
        whole.complete(architecture, configuration)
        return whole
    }

    private mutating func complete(_ architecture: Architecture, _ configuration: ModelConfiguration) {
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
    mutating func set(increments: [[Double?]], exitTable: [Int], tau: Double, thresholds: [Double]) {
        fields["increments_db"] = increments.map { row in row.map { $0.map { $0 as Any } ?? NSNull() } }
        fields["exit_table"] = exitTable
        fields["tau"] = tau
        fields["increments_first"] = "sub-decoder 1 against the blurred input"
        set(inClassifier: ["thresholds_db": thresholds], replacing: true)
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

    private static func object(_ data: Data, _ what: String) throws -> [String: Any] {
        guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw ModelError.configuration(field: what, "it is no JSON object")
        }
        return object
    }

    private mutating func merge(_ own: [String: Any], _ side: [String: Any], path: String) -> [String: Any] {
        var merged = side
        for (key, mine) in own {
            merged[key] = mine
            guard let theirs = side[key] else { continue }
            if let mine = mine as? [String: Any], let theirs = theirs as? [String: Any] {
                merged[key] = merge(mine, theirs, path: path + key + ".")
            } else if Self.text(mine) != Self.text(theirs) {
                overruled.append(path + key)
            }
        }
        return merged
    }

    /// Equal for equal JSON values.
    private static func text(_ value: Any) -> Data? {
        try? JSONSerialization.data(withJSONObject: [value], options: .sortedKeys)
    }
}
