import Checkpoints
import Foundation

extension ModelConfiguration {
    /// A model's description, put together from where it may stand.
    package struct Sources {
        /// JSON; nil when nothing describes the model.
        package let json: Data?
        /// Keys of the side file that the model file has other values for, sorted.
        package let overruled: [String]
    }

    /// What the model file says itself comes first (`config` in the metadata of our form); the side file `MODEL.json` tells
    /// what is missing there, key by key.
    ///
    /// - Throws: ``ModelError``: a version of our form from later, a description that is no JSON object.
    package static func sources(of archive: TensorArchive, at url: URL) throws -> Sources {
        var own: [String: Any] = [:], isDescribed = false
        if let json = archive.metadata["config"] {
            if let version = archive.metadata["version"], version != "1" {
                throw ModelError.unsupported("version \(version) of our model format")
            }
            own = try object(Data(json.utf8), "the description")
            isDescribed = true
        }
        let sideURL = URL(fileURLWithPath: url.path + ".json")
        guard let data = try? Data(contentsOf: sideURL) else {
            return Sources(json: isDescribed ? try JSONSerialization.data(withJSONObject: own) : nil, overruled: [])
        }
        let side = try object(data, sideURL.lastPathComponent)
        var overruled: [String] = []
        let merged = merge(own, side, path: "", &overruled)
        return Sources(json: try JSONSerialization.data(withJSONObject: merged), overruled: overruled.sorted())
    }

    private static func object(_ data: Data, _ what: String) throws -> [String: Any] {
        guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw ModelError.configuration(field: what, "it is no JSON object")
        }
        return object
    }

    private static func merge(
        _ own: [String: Any], _ side: [String: Any], path: String, _ overruled: inout [String]
    ) -> [String: Any] {
        var merged = side
        for (key, mine) in own {
            merged[key] = mine
            guard let theirs = side[key] else { continue }
            if let mine = mine as? [String: Any], let theirs = theirs as? [String: Any] {
                merged[key] = merge(mine, theirs, path: path + key + ".", &overruled)
            } else if text(mine) != text(theirs) {
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
