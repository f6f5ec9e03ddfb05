import Foundation

/// What a model's tensors cannot tell: its name, its exit rule and how it was measured. Stored as JSON in the metadata of
/// our `.safetensors`; a side file `MODEL.json` tells what the file itself does not.
public struct ModelConfiguration: Sendable, Equatable {
    public var name: String
    /// Sub-decoder per class, hardest class first; 0 = the tile stays as it came.
    public var exitTable: [Int]?
    /// O_c^j in dB (Eq. 13): per class the mean gain of sub-decoder j = 1…K over its predecessor, the first against the
    /// blurred input; nil where there was no sample.
    public var increments: [[Double?]]?
    /// PSNR limits of the degradation classes in dB (specification 7.4).
    public var thresholds: [Double]?
    /// τ with which the exit table was derived, dB; for regressors the threshold of every step.
    public var tau: Double?
    /// Thresholds per step, where a regressor has several.
    public var stepThresholds: [Double]?
    /// Which of the features that share a shape a regressor reads.
    public var regressorInput: Architecture.RegressorInput?
    /// Side of a tile and overlap of neighbours in pixels.
    public var tile = 384
    public var overlap = 32

    public init(name: String) { self.name = name }
}

extension ModelConfiguration {
    /// Reads the JSON of a metadata entry or side file. Unknown keys are left for later versions.
    ///
    /// - Parameters:
    ///   - name: used when the description has none.
    ///   - json: one object.
    /// - Throws: ``ModelError/configuration(field:_:)``.
    public init(json: Data, name: String) throws {
        let stored: Stored
        do {
            stored = try JSONDecoder().decode(Stored.self, from: json)
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw ModelError.configuration(field: path, "a value of another type is expected")
        } catch {
            throw ModelError.configuration(field: "the description", "it is no JSON object")
        }
        self.init(name: stored.name ?? name)
        exitTable = stored.exitTable
        increments = stored.increments.map { rows in rows.map { $0 ?? [] } }
        thresholds = stored.classifier?.thresholds
        tau = stored.tau
        stepThresholds = stored.stepThresholds
        if let dx = stored.classifier?.dx { regressorInput = Architecture.RegressorInput(rawValue: dx) }
        tile = stored.tile ?? 384
        overlap = stored.overlap ?? 32
        guard tile >= 32, tile <= 4096, tile % 16 == 0 else {
            throw ModelError.configuration(field: "tile", "a multiple of 16 from 32 to 4096 is expected, not \(tile)")
        }
        guard overlap >= 2, overlap * 2 <= tile else {
            throw ModelError.configuration(field: "overlap", "2 to \(tile / 2) is expected, not \(overlap)")
        }
    }

    private struct Stored: Decodable {
        struct Classifier: Decodable {
            var dx: String?
            var thresholds: [Double]?

            enum CodingKeys: String, CodingKey {
                case dx
                case thresholds = "thresholds_db"
            }
        }

        var name: String?
        var classifier: Classifier?
        var exitTable: [Int]?
        var increments: [[Double?]?]?
        var tau: Double?
        var stepThresholds: [Double]?
        var tile: Int?
        var overlap: Int?

        enum CodingKeys: String, CodingKey {
            case name, classifier, tau, tile, overlap
            case exitTable = "exit_table"
            case increments = "increments_db"
            case stepThresholds = "step_thresholds_db"
        }
    }

    /// Checks the exit rule against what the network has.
    ///
    /// - Throws: ``ModelError/configuration(field:_:)``.
    func check(against architecture: Architecture) throws {
        let depth = architecture.subDecoders
        guard case .classifier(_, let classes) = architecture.exitHead else { return }
        if let exitTable, let problem = Self.problem(ofTable: exitTable, classes: classes, subDecoders: depth) {
            throw ModelError.configuration(field: "exit_table", problem)
        }
        if let increments {
            guard increments.count == classes, increments.allSatisfy({ $0.isEmpty || $0.count == depth }) else {
                throw ModelError.configuration(
                    field: "increments_db", "\(classes) rows of \(depth) values are expected")
            }
        }
    }

    /// Why a table does not fit a model; nil when it does.
    package static func problem(ofTable table: [Int], classes: Int, subDecoders: Int) -> String? {
        guard table.count != classes || !table.allSatisfy({ (0...subDecoders).contains($0) }) else { return nil }
        return "\(classes) exits from 0 to \(subDecoders) are expected, not "
            + table.map(String.init).joined(separator: ",")
    }

    /// E_c (Eq. 12): the exit before the first sub-decoder that gains less than τ, K if all gain. A class without samples
    /// gets K. With j = 1 counted, a class that even the first sub-decoder does not help gets 0.
    public static func exitTable(increments: [[Double?]], tau: Double, subDecoders: Int) -> [Int] {
        increments.map { row in
            for (index, gain) in row.enumerated() {
                guard let gain else { return subDecoders }
                if gain < tau { return index }
            }
            return subDecoders
        }
    }

    /// The tables of the authors' option files (specification 7.5), for checkpoints that say nothing themselves.
    public static func publishedTable(subDecoders: Int, classes: Int) -> [Int]? {
        switch (subDecoders, classes) {
        case (4, 6): [4, 4, 3, 3, 2, 1]
        case (8, 6): [7, 6, 5, 2, 2, 2]
        case (4, 8): [4, 4, 4, 4, 3, 3, 2, 2]
        case (8, 8): [6, 6, 6, 6, 5, 3, 2, 2]
        default: nil
        }
    }
}
