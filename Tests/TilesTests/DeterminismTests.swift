import Foundation
import Network
import TestSupport
import Testing
import Tiles

@Suite struct DeterminismTests {
    private static let rule: RuleNetwork.Rule = { depth, y, x, channel, input in
        0.2 * (input - 0.5) * Float(depth) + 0.001 * Float(y &* 31 ^ x &* 17 ^ channel) / 7
    }

    /// Some tiles take longer than others, so that they end in another order than they began.
    private static func jittery() -> RuleNetwork {
        RuleNetwork(
            classify: { Int($0 * 6) % 6 },
            onStep: { _, first in usleep(UInt32(first.bitPattern % 7) * 150) }, rule: rule)
    }

    @Test func sameBytesForAnyThreadsAndLoad() throws {
        let image = FloatImage(width: 331, height: 275, seed: 11)
        let options = RestorationOptions(exit: .table([4, 4, 3, 2, 1, 0]), tileGuard: nil)
        let expected = try Rig(RuleNetwork(classify: { Int($0 * 6) % 6 }, rule: Self.rule), threads: 1)
            .restore(image, options)
        for threads in [1, 2, 5] {
            let rig = Rig(Self.jittery(), threads: threads)
            #expect(try rig.restore(image, options).isIdentical(to: expected), "\(threads) threads, alone")
            let others = try (0..<6).map { seed in
                try rig.enqueue(FloatImage(width: 90 + 20 * seed, height: 130, seed: UInt64(seed)), options)
            }
            #expect(try rig.restore(image, options).isIdentical(to: expected), "\(threads) threads, under load")
            for (index, other) in others.enumerated() where index % 2 == 0 { other.cancel() }
            #expect(try rig.restore(image, options).isIdentical(to: expected), "\(threads) threads, after cancels")
        }
    }

    /// Restored in place, into the memory it is read from, it is the same picture.
    @Test func inPlaceIsTheSamePicture() throws {
        var random = SeededRandom(seed: 4)
        for threads in [1, 3, 5] {
            let rig = Rig(Self.jittery(), threads: threads)
            for _ in 0..<4 {
                let image = FloatImage(
                    width: random.integer(1...260), height: random.integer(100...260), seed: random.next())
                let options = RestorationOptions(exit: .table([4, 3, 2, 1, 1, 0]), tileGuard: nil)
                let expected = try rig.restore(image, options)
                _ = try rig.scheduler.restore(source: image, sink: image, options: options)
                #expect(image.isIdentical(to: expected), "\(image.width)×\(image.height), \(threads) threads")
            }
        }
    }

    /// The reason why that is so: a row that the sink has is never read again, and rows arrive once, top to bottom.
    @Test func finishedRowsAreNeverRead() throws {
        for (width, height) in [(83, 100), (200, 331), (49, 83), (300, 20), (20, 300)] {
            let rig = Rig(Self.jittery(), threads: 4)
            let image = WatchedImage(width: width, height: height)
            _ = try rig.scheduler.restore(
                source: image, sink: image, options: .init(exit: .table([4, 3, 2, 1, 1, 0]), tileGuard: nil))
            #expect(image.violations == [], "\(width)×\(height)")
            #expect(image.writtenRows == height, "\(width)×\(height)")
        }
    }
}
