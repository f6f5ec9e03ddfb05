import Deblur
import Digests
import Foundation

/// A record as a file: its checksum, a line feed, JSON.
struct JobFile: Sendable, Codable {
    var record: JobRecord
    /// Of a job that has ended.
    var tiles: [JobTile]

    /// Bytes. Some 150 for each tile, and no image has so many.
    static let longest = 64 << 20

    init(record: JobRecord, tiles: [JobTile]) {
        self.record = record
        self.tiles = tiles
    }

    var text: [UInt8] {
        let json = JSON.encode(self)
        return Array(SHA256.hash(json).hex.utf8) + [0x0A] + json
    }

    /// - Throws: ``SpoolFailure/damaged(file:reason:)``.
    init(_ bytes: [UInt8], path: String, id: JobID) throws {
        func damaged(_ reason: String) -> SpoolFailure { .damaged(file: path, reason: reason) }
        guard bytes.count > 65, bytes[64] == 0x0A else { throw damaged("no record") }
        let json = bytes[65...]
        guard Array(SHA256.hash(json).hex.utf8) == Array(bytes[..<64]) else { throw damaged("wrong checksum") }
        do { self = try JSONDecoder().decode(JobFile.self, from: Data(json)) } catch {
            throw damaged("not a record of this release")
        }
        if let defect = record.defect(expecting: id) { throw damaged(defect) }
        guard tiles.count == (record.isExpired || !record.state.isFinal ? 0 : record.tilesDone),
            tiles.allSatisfy({ $0.isSound(width: record.width, height: record.height) })
        else { throw damaged("tiles") }
    }
}
