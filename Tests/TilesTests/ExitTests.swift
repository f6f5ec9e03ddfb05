import Network
import TestSupport
import Testing
import Tiles

/// Exits, the guard, depth limits, dry runs, and failures.
@Suite struct ExitTests {
    /// Rows of tiles of 48 pixels stride 32: the first value of each tile tells its row.
    private func striped(_ rows: Int) -> FloatImage {
        FloatImage(width: 48, height: 48 + 32 * (rows - 1)) { y, _, _ in Float(y / 32) / 8 }
    }
    private static let rowOf: @Sendable (Float) -> Int = { Int($0 * 8) }

    @Test func tilesLeaveWhereTheirClassSays() throws {
        let network = RuleNetwork(classify: Self.rowOf)
        let observer = TallyObserver()
        let rig = Rig(network, observer: observer)
        let image = striped(5)
        let options = RestorationOptions(exit: .table([4, 4, 2, 1, 0]))
        let report = try rig.scheduler.restore(source: image, sink: image, options: options)
        #expect(report.tiles.map(\.exit) == [4, 4, 2, 1, 0])
        #expect(report.tiles.map(\.degradationClass) == [0, 1, 2, 3, 4])
        #expect(report.tiles.map(\.index) == [0, 1, 2, 3, 4])
        #expect(report.tiles[1].logits == [0.125])
        #expect(report.exits == [4: 2, 2: 1, 1: 1, 0: 1])
        #expect(
            network.steps == [
                .encode: 5, .advance(1): 4, .advance(2): 3, .advance(3): 2, .advance(4): 2, .head(4): 2, .head(2): 1,
                .head(1): 1,
            ])
        let tally = observer.tally
        #expect(tally.exits == [4: 2, 2: 1, 1: 1, 0: 1])
        #expect(tally.waits.count == 1 && tally.waits[0] >= 0)
        #expect(tally.stages[.encoder] == 5 && tally.stages[.subDecoder(1)] == 4 && tally.stages[.head] == 4)
        #expect(tally.stages[.blend] == 5 && tally.stages[.read] == 5 && tally.negativeSeconds == 0)
    }

    @Test func aFixedExitDoesNotClassify() throws {
        let rig = Rig(RuleNetwork(classify: Self.rowOf))
        let image = striped(2)
        let report = try rig.scheduler.restore(source: image, sink: image, options: .init(exit: .fixed(3)))
        #expect(report.tiles.map(\.exit) == [3, 3])
        #expect(report.tiles.allSatisfy { $0.degradationClass == nil && $0.logits.isEmpty })
    }

    // MARK: The guard

    struct Trouble: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var value: Float
        var anomaly: TileAnomaly
    }

    /// Row 1 is garbage from sub-decoder 3 on, row 2 always; the others are sane.
    @Test(arguments: [
        Trouble(testDescription: "not a number", value: .nan, anomaly: .notFinite),
        Trouble(testDescription: "infinite", value: -.infinity, anomaly: .notFinite),
        Trouble(testDescription: "one value far off", value: -4.5, anomaly: .deviates),
    ])
    func garbageIsComputedShallowerOrLeft(_ trouble: Trouble) throws {
        let image = striped(4)
        let network = RuleNetwork(rule: { depth, y, x, channel, input in
            let row = Self.rowOf(input - Float(y / 32) / 8)
            let isBad = row == 1 && depth >= 3 || row == 2
            return isBad && y == 13 && x == 31 && channel == 2 ? trouble.value : 0.01 * Float(depth)
        })
        let observer = TallyObserver()
        let rig = Rig(network, observer: observer)
        let result = FloatImage(width: image.width, height: image.height)
        let report = try rig.scheduler.restore(source: image, sink: result, options: .init(exit: .fixed(4)))
        #expect(report.tiles.map(\.exit) == [4, 2, 0, 4])
        #expect(report.tiles.map(\.anomaly) == [nil, trouble.anomaly, trouble.anomaly, nil])
        #expect(report.anomalies == 2 && observer.tally.anomalies == 2)
        #expect(!result.values.contains { !$0.isFinite })
        // Rows that one tile alone covers.
        #expect(abs(result[8, 20, 0] - image[8, 20, 0] - 0.04) <= 1e-6)
        #expect(abs(result[50, 20, 0] - image[50, 20, 0] - 0.02) <= 1e-6)
        #expect(result[82, 20, 0] == image[82, 20, 0])

        let unguarded = try rig.restore(image, .init(exit: .fixed(4), tileGuard: nil))
        #expect(unguarded.values.contains { !$0.isFinite || abs($0) > 3 })
    }

    @Test func mosaicsTripTheGuardAndRestorationsDoNot() throws {
        let image = striped(1)
        func anomaly(_ amplitude: Float) throws -> TileAnomaly? {
            let rig = Rig(RuleNetwork(rule: { _, y, x, _, _ in (y + x) % 2 == 0 ? amplitude : -amplitude }))
            return try rig.scheduler.restore(
                source: image, sink: FloatImage(width: 48, height: 48), options: .init(exit: .fixed(1))
            ).tiles[0].anomaly
        }
        #expect(try anomaly(0.3) == nil)
        #expect(try anomaly(0.45) == .deviates)
        #expect(try anomaly(1e30) == .notFinite, "its square is infinite")
    }

    // MARK: Depth limits

    @Test func theDepthLimitCapsExits() throws {
        let network = RuleNetwork(classify: Self.rowOf)
        let rig = Rig(network, threads: 1)
        let image = striped(5)
        let untouched = image.copy
        let report = try rig.scheduler.restore(
            source: image, sink: image,
            options: .init(exit: .table([4, 4, 1, 4, 4])) { request in
                #expect(request.total == 5 && request.subDecoders == 4 && request.waiting == 4 - request.tile)
                #expect(request.secondsSinceEnqueued >= 0)
                return [nil, 3, 3, 0, 99][request.tile]
            })
        #expect(report.tiles.map(\.exit) == [4, 3, 1, 0, 4])
        #expect(network.steps[.encode] == 4, "without time for a sub-decoder the encoder is in vain")
        #expect(image.isIdentical(to: untouched))
    }

    // MARK: Dry runs

    @Test func dryRunsTellExitsWithoutSubDecoders() throws {
        let network = RuleNetwork(classify: Self.rowOf)
        let rig = Rig(network)
        let image = striped(5)
        func exits(_ policy: ExitPolicy) throws -> [Int?] {
            let options = RestorationOptions(exit: policy, dryRun: true)
            let report = try rig.scheduler.restore(source: image, sink: nil, options: options)
            #expect(report.tiles.map(\.degradationClass) == [0, 1, 2, 3, 4])
            return report.tiles.map(\.exit)
        }
        #expect(try exits(.table([4, 4, 2, 1, 0])) == [4, 4, 2, 1, 0])
        #expect(try exits(.fixed(3)) == [3, 3, 3, 3, 3])
        #expect(try exits(.regressor(thresholds: [0, 0, 0])) == [nil, nil, nil, nil, nil])
        #expect(network.steps == [.encode: 15])
    }

    // MARK: Failures

    private struct Broken: Error {}

    private final class BrokenImage: TileSource, RowSink {
        let width = 200, height = 200
        let failsReading: Bool
        init(failsReading: Bool) { self.failsReading = failsReading }
        func readRGB(
            rows: Range<Int>, columns: Range<Int>, into pixels: UnsafeMutablePointer<Float>, rowStride: Int
        ) throws {
            if failsReading, rows.lowerBound > 60 { throw Broken() }
            for row in 0..<rows.count { (pixels + row * rowStride).update(repeating: 0, count: columns.count * 3) }
        }
        func write(rows: Range<Int>, _ restored: UnsafePointer<Float>) throws {
            if !failsReading, rows.lowerBound > 60 { throw Broken() }
        }
    }

    @Test(arguments: [true, false])
    func unreadableAndUnwritableImagesFailAlone(_ failsReading: Bool) throws {
        let rig = Rig(RuleNetwork(), threads: 3)
        let broken = BrokenImage(failsReading: failsReading)
        let ending = Ending()
        let restoration = try rig.scheduler.enqueue(source: broken, sink: broken, options: .init(exit: .fixed(1))) {
            ending.set($0)
        }
        let image = FloatImage(width: 200, height: 200, seed: 8)
        #expect(try rig.restore(image, .init(exit: .fixed(1))).isIdentical(to: image))
        #expect(rig.scheduler.waitUntilIdle(seconds: Patience.seconds(10)))
        #expect(ending.count == 1 && ending.failure is Broken)
        #expect(restoration.status.state == .failed)
        #expect(throws: Broken.self) {
            _ = try rig.scheduler.restore(source: broken, sink: broken, options: .init(exit: .fixed(1)))
        }
        #expect(rig.scheduler.checkInvariants() == [])
    }
}
