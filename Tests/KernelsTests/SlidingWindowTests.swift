import Kernels
import TestSupport
import Testing

struct SlidingWindowTests {
    /// Means of all boxes that lie fully inside, padded back by copies: ⌊(k − 1)/2⌋ in front, ⌈(k − 1)/2⌉ behind.
    @Test func startsAreThoseOfPaddedMeans() {
        for length in 1...40 {
            for window in 1...45 {
                let box = SlidingWindow(length: length, window: window)
                #expect(box.size == min(length, window))
                let inside = Array(0...(length - box.size)), front = (box.size - 1) / 2, behind = box.size / 2
                let padded =
                    [Int](repeating: inside[0], count: front) + inside
                    + [Int](repeating: inside[inside.count - 1], count: behind)
                #expect(padded.count == length)
                #expect((0..<length).map { box.start(at: $0) } == padded, "window \(window) on \(length)")
                let moves = (0..<length).filter { box.moves(at: $0) }.count
                #expect(moves == length - box.size, "window \(window) on \(length)")
            }
        }
    }

    /// Tens of thousands of steps over values far from zero: the mean is still right to a float's last digits.
    @Test func sumsDoNotDrift() {
        var random = SeededRandom(seed: 71)
        let count = 7, length = 20_000, size = 384
        let rows = (0..<length).map { _ in random.floats(count, 900, 1100) }
        let box = SlidingWindow(length: length, window: size)
        var sums = [Double](repeating: 0, count: count), mean = [Float](repeating: 0, count: count)
        for y in 0..<size { SlidingSums.slide(&sums, count: count, entering: rows[y], leaving: nil) }
        var worst = 0.0
        for y in 0..<length {
            let first = box.start(at: y)
            if box.moves(at: y) {
                SlidingSums.slide(
                    &sums, count: count, entering: rows[first + size - 1], leaving: rows[first - 1],
                    times: 1 / Double(size), to: &mean)
            } else {
                SlidingSums.slide(
                    &sums, count: count, entering: nil, leaving: nil, times: 1 / Double(size), to: &mean)
            }
            guard y % 997 == 0 || y == length - 1 else { continue }
            for lane in 0..<count {
                let wanted = rows[first..<first + size].reduce(0.0) { $0 + Double($1[lane]) } / Double(size)
                worst = max(worst, abs(Double(mean[lane]) - wanted))
            }
        }
        #expect(worst <= 4e-5, "half a unit in the last place at 1000 is 3e-5: \(worst)")
    }

    @Test func multipliesStridedRows() {
        var random = SeededRandom(seed: 72)
        for _ in 0..<20 {
            let pixels = random.integer(1...9), channels = random.integer(1...70), pad = random.integer(0...5)
            let x = random.floats(pixels * channels), before = random.floats(pixels * (channels + pad))
            var y = before
            SlidingSums.multiplyRows(
                pixels: pixels, channels: channels, x, stride: channels, into: &y, stride: channels + pad)
            for index in before.indices {
                let (pixel, channel) = index.quotientAndRemainder(dividingBy: channels + pad)
                let wanted = channel < channels ? before[index] * x[pixel * channels + channel] : before[index]
                #expect(y[index] == wanted, "\(pixels) pixels, \(channels) + \(pad) channels")
            }
        }
    }
}
