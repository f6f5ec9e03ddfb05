import Foundation
import Images

/// The picture in Tests/Fixtures/images, as make.py there draws it, and ways to compare with it.
enum Card {
    static let width = 48
    static let height = 32

    static func rgb(_ x: Int, _ y: Int) -> [Int] { [5 * x, 7 * y, 255 - 2 * x - 3 * y] }
    static func gray(_ x: Int, _ y: Int) -> Int { 10 + 2 * x + 3 * y }
    /// 16 bit.
    static func wide(_ x: Int, _ y: Int, _ c: Int) -> Int { (rgb(x, y)[c] * 257 + 31 * x + 17 * y + 7 * c) % 65536 }
    static func alpha(_ x: Int, _ y: Int) -> Int { x < 8 ? 0 : x >= 40 ? 255 : 8 * (x - 8) }

    /// A file of Tests/Fixtures/images.
    static func file(_ name: String) throws -> [UInt8] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return [UInt8](try Data(contentsOf: folder.appendingPathComponent("Fixtures/images/\(name)")))
    }

    /// The largest difference of any sample to `expected(x, y, channel)`.
    static func distance(_ raster: Raster, _ expected: (Int, Int, Int) -> Int) -> Int {
        var worst = 0
        for y in 0..<raster.height {
            let row = raster.samples(y)
            for x in 0..<raster.width {
                for c in 0..<raster.channels {
                    worst = max(worst, abs(row[x * raster.channels + c] - expected(x, y, c)))
                }
            }
        }
        return worst
    }
}

extension Raster {
    /// Row `y` as integers.
    func samples(_ y: Int) -> [Int] { withRow(y) { Self.integers($0, bitDepth) } }

    /// Row `y` of alpha; nil when opaque.
    func alphas(_ y: Int) -> [Int]? {
        withAlphaRow(y) { $0.map { Self.integers(UnsafeRawBufferPointer($0), bitDepth) } }
    }

    func set(_ value: Int, x: Int, y: Int, channel: Int) {
        withMutableRow(y) { row in
            let index = x * channels + channel
            if bitDepth == 8 {
                row[index] = UInt8(value)
            } else {
                row.bindMemory(to: UInt16.self)[index] = UInt16(value)
            }
        }
    }

    func setAlpha(_ value: Int, x: Int, y: Int) {
        withAlphaRow(y) { row in
            if bitDepth == 8 { row?[x] = UInt8(value) } else { row?.bindMemory(to: UInt16.self)[x] = UInt16(value) }
        }
    }

    /// All samples and alphas equal.
    func equals(_ other: Raster) -> Bool {
        (width, height, channels, bitDepth, hasAlpha)
            == (other.width, other.height, other.channels, other.bitDepth, other.hasAlpha)
            && (0..<height).allSatisfy { samples($0) == other.samples($0) && alphas($0) == other.alphas($0) }
    }

    private static func integers(_ row: UnsafeRawBufferPointer, _ depth: Int) -> [Int] {
        depth == 8 ? row.map(Int.init) : row.bindMemory(to: UInt16.self).map(Int.init)
    }

    /// Random samples, and alphas of which some are 0.
    static func noise(_ w: Int, _ h: Int, channels: Int, bitDepth: Int, hasAlpha: Bool, seed: UInt64) throws -> Raster {
        var random = SplitMix64(seed: seed)
        let raster = try Raster(width: w, height: h, channels: channels, bitDepth: bitDepth, hasAlpha: hasAlpha)
        let top = (1 << bitDepth) - 1
        for y in 0..<h {
            for x in 0..<w {
                for c in 0..<channels { raster.set(Int.random(in: 0...top, using: &random), x: x, y: y, channel: c) }
                if hasAlpha {
                    let alpha = Bool.random(using: &random) ? 0 : Int.random(in: 0...top, using: &random)
                    raster.setAlpha(alpha, x: x, y: y)
                }
            }
        }
        return raster
    }
}

/// Steele, Lea, Flood 2014.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// What this thread has computed, whatever else the machine does.
enum CPUTime {
    static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
