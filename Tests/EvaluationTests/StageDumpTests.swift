import Evaluation
import Files
import Images
import Kernels
import Network
import Testing
import Tiles

struct StageDumpTests {
    @Test(arguments: EncodingMode.allCases)
    func theStagesAreWhatTheProductRestores(_ mode: EncodingMode) throws {
        let scene = try Scene()
        let pair = try scene.pair("p", width: 150, height: 90, seed: 6)
        let network = try Scene.network()
        let team = ThreadTeam(threads: 2)
        defer { team.stop() }
        let raster = try Image.decode(FileInput.file(pair.blur).read()).raster
        let folder = scene.path("stages")
        let files = try StageDump(network, tile: try Scene.tile(), team: team).write(
            raster, name: FilePath("p"), into: folder, policy: .table([3, 3, 2, 2, 1, 0]), mode: mode, gain: 4)
        #expect(
            files.map { $0.lastComponent?.description } == [
                "p-output-1.png", "p-change-1.png", "p-output-2.png", "p-change-2.png", "p-output-3.png",
                "p-change-3.png", "p-exits.png",
            ])
        var before = try Scene.floats(pair.blur)
        for depth in 1...3 {
            let expected = try Scene.restored(pair, network, exit: .fixed(depth), mode: mode)
            let output = try MetricFixtures.picture(folder.appending(FilePath("p-output-\(depth).png")))
            let change = try MetricFixtures.picture(folder.appending(FilePath("p-change-\(depth).png")))
            var (largest, largestChange) = (0, 0)
            for i in expected.pixels.indices {
                let byte = Int((min(max(expected.pixels[i], 0), 1) * 255).rounded(.toNearestOrEven))
                largest = max(largest, abs(byte - Int(output.bytes[i])))
                let amplified = 0.5 + 4 * (expected.pixels[i] - before.pixels[i])
                largestChange = max(
                    largestChange, abs(Int((min(max(amplified, 0), 1) * 255).rounded()) - Int(change.bytes[i])))
            }
            // The blend's sums are rounded in another order.
            #expect(largest <= 1)
            #expect(largestChange <= 1)
            before = expected
        }
        let overlay = try MetricFixtures.picture(folder.appending(FilePath("p-exits.png")))
        #expect(overlay.width == 150 && overlay.height == 90)
        #expect(overlay != (try MetricFixtures.picture(pair.blur)))
    }
}
