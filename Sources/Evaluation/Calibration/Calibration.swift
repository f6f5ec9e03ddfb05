import Foundation
import Network

/// The increments O_c^j of a model (Eq. 13) and what follows from them.
public struct Calibration: Sendable {
    /// What decides a tile's class when the means are taken.
    public enum Grouping: String, Sendable, Hashable, CaseIterable, Codable {
        /// The PSNR between blurred and sharp tile, as the classes are defined and the paper gathers them.
        case label
        /// The model's classifier, as the table is used.
        case classifier
    }

    public let grouping: Grouping
    public let subDecoders: Int
    public let thresholds: DegradationThresholds
    /// Tiles per class, hardest class first.
    public let counts: [Int]
    /// O_c^j in dB, rounded to 1/10000: per class the mean gain of sub-decoder j = 1…K over its predecessor, the first
    /// over the blurred tile; nil where there was no sample.
    public let increments: [[Double?]]
    let tiles: [CalibrationTile]
    let previous: Previous?

    /// What the model says already. It stays true of the classes of which these pictures have no tile.
    public struct Previous: Sendable {
        let increments: [[Double?]]?
        let exitTable: [Int]?

        /// - Parameters:
        ///   - exitTable: the table that the model uses.
        ///   - increments: dB per class and sub-decoder; nil where the model says nothing.
        public init(increments: [[Double?]]?, exitTable: [Int]?) {
            self.increments = increments
            self.exitTable = exitTable
        }
    }

    /// - Parameter previous: nil: a class without a tile runs all sub-decoders.
    package init(
        tiles: [CalibrationTile], subDecoders: Int, classes: Int, thresholds: DegradationThresholds, grouping: Grouping,
        previous: Previous? = nil
    ) {
        self.previous = previous
        self.tiles = tiles
        self.subDecoders = subDecoders
        self.thresholds = thresholds
        self.grouping = grouping
        var sums = [[Double]](repeating: [Double](repeating: 0, count: subDecoders), count: classes)
        var counts = [Int](repeating: 0, count: classes)
        for tile in tiles {
            guard let group = grouping == .label ? tile.label : tile.predicted, group < classes,
                let gains = tile.gains
            else { continue }
            counts[group] += 1
            for (index, gain) in gains.enumerated() { sums[group][index] += gain }
        }
        self.counts = counts
        increments = zip(sums, counts).map { sums, count in
            // Rounded here, so that what is printed, written and derived from is one number.
            sums.map { count > 0 ? ($0 / Double(count) * 1e4).rounded() / 1e4 : nil }
        }
    }

    /// Classes of which there was no tile.
    public var unseen: [Int] { counts.indices.filter { counts[$0] == 0 } }

    /// What the model is told: the measured rows, and its own of classes that were not seen.
    public var completed: [[Double?]] {
        increments.indices.map { counts[$0] == 0 ? previousRow($0) ?? increments[$0] : increments[$0] }
    }

    /// E_c for a τ in dB (Eq. 12): sub-decoder per class, hardest class first. A class without a tile keeps its row: its
    /// exit follows from the model's increments where it has some, and stays as the model's table says where not.
    public func exitTable(tau: Double) -> [Int] {
        var table = ModelConfiguration.exitTable(increments: completed, tau: tau, subDecoders: subDecoders)
        for index in unseen where previousRow(index) == nil {
            if let exits = previous?.exitTable, exits.indices.contains(index) { table[index] = exits[index] }
        }
        return table
    }

    private func previousRow(_ index: Int) -> [Double?]? {
        guard let rows = previous?.increments, rows.indices.contains(index), rows[index].count == subDecoders,
            !rows[index].contains(where: { $0 == nil })
        else { return nil }
        return rows[index]
    }

    /// What an exit table would give on these pictures.
    public struct Outlook: Sendable, Equatable, Encodable {
        public var tau: Double?
        public var table: [Int]
        /// Mean over the pictures, dB. Tiles lie side by side, cut in the middle of their overlaps, where `deblur eval`
        /// blends them: it finds up to some hundredths of a dB more.
        public var psnr: Double
        /// Sub-decoder runs / (K · tiles).
        public var dRate: Double

        enum CodingKeys: String, CodingKey {
            case tau, psnr
            case table = "exit_table"
            case dRate = "d_rate"
        }
    }

    /// Exits follow the classifier as they do in use, or the labels where the model has none. Nil without tiles.
    public func outlook(table: [Int], tau: Double? = nil) -> Outlook? {
        guard !tiles.isEmpty else { return nil }
        var runs = 0
        var squares: [Int: Double] = [:]
        var bytes: [Int: Int] = [:]
        for tile in tiles {
            let group = tile.predicted ?? tile.label
            let exit = table.indices.contains(group) ? table[group] : subDecoders
            runs += exit
            squares[tile.image, default: 0] += tile.squares[exit]
            bytes[tile.image, default: 0] += tile.bytes
        }
        let images = bytes.keys.sorted()
        let total = images.reduce(0.0) { sum, image in
            sum + 10 * log10(255 * 255 * Double(bytes[image] ?? 0) / (squares[image] ?? 0))
        }
        return Outlook(
            tau: tau, table: table, psnr: total / Double(images.count),
            dRate: Double(runs) / Double(subDecoders * tiles.count))
    }

    /// Outlooks for several τ (the paper's Table 6), and for every tile at full depth at the end.
    public func sweep(_ taus: [Double]) -> [Outlook] {
        taus.compactMap { outlook(table: exitTable(tau: $0), tau: $0) }
            + [outlook(table: [Int](repeating: subDecoders, count: counts.count))].compactMap { $0 }
    }

    /// How often the classifier names the class of the label; nil without one.
    public var classifierAccuracy: Double? {
        let named = tiles.filter { $0.predicted != nil }
        guard !named.isEmpty else { return nil }
        return Double(named.count { $0.predicted == $0.label }) / Double(named.count)
    }
}
