import Foundation
import Images
import TestSupport
import Testing

/// `deblur image` with the model that comes with the project.
@Suite struct ImageCommandTests {
    private func png(_ width: Int, _ height: Int) throws -> [UInt8] {
        let raster = try Raster(width: width, height: height, channels: 3, bitDepth: 8)
        for y in 0..<height {
            raster.withMutableRow(y) { row in
                for index in row.indices { row[index] = UInt8((index / 3 * 7 + y * 3) % 256) }
            }
        }
        return try Image(raster: raster).encode()
    }

    @Test func oneFileInEveryFormat() throws {
        let folder = try Folder()
        try folder.write("a.png", png(50, 34))
        for name in ["out.png", "out.jpg", "out.npy"] {
            let run = try Program.run("image", "--exit", "2", folder.path("a.png"), folder.path(name))
            #expect(run.status == 0 && run.output.isEmpty, "\(run)")
            // One file without a terminal says what was done.
            #expect(run.errors.contains("a.png → \(folder.path(name)): 50×34, 1 tile (exits 2=1), "), "\(run)")
        }
        let raster = try Image.decode(folder.read("out.png")).raster
        #expect(raster.width == 50 && raster.height == 34)
        #expect(try Image.decode(folder.read("out.jpg")).header.format == .jpeg)
        let floats = try NumPyArray(contentsOf: URL(filePath: folder.path("out.npy")))
        #expect(floats.shape == [34, 50, 3])
        // The PNG holds the same numbers, clamped and rounded.
        for y in 0..<34 {
            let row = floats.floats[y * 150..<(y + 1) * 150].map {
                Int((min(max($0, 0), 1) * 255).rounded(.toNearestOrEven))
            }
            #expect(raster.withRow(y) { $0.map { Int($0) } } == row, "row \(y)")
        }
    }

    @Test func reportNamesTilesAndExits() throws {
        let folder = try Folder()
        try folder.write("a.png", png(400, 100))
        let run = try Program.run(
            "image", "--exit", "1", "--report", folder.path("r.json"), folder.path("a.png"), folder.path("b.png"))
        #expect(run.status == 0)
        let json = try JSONSerialization.jsonObject(with: Data(folder.read("r.json"))) as? [String: Any]
        let file = try #require((json?["files"] as? [[String: Any]])?.first)
        #expect(file["status"] as? String == "done")
        #expect(file["exits"] as? [String: Int] == ["1": 2])
        let tiles = try #require(file["tiles"] as? [[String: Any]])
        #expect(tiles.map { $0["x"] as? Int } == [0, 16])
        #expect(tiles.allSatisfy { $0["exit"] as? Int == 1 && ($0["milliseconds"] as? Double ?? 0) > 0 })
    }

    @Test func treesAreKeptAndDoneOnesSkipped() throws {
        let folder = try Folder()
        for name in ["in/a.png", "in/deep/er/b.PNG", "in/notes.txt", "in/.hidden/c.png"] {
            try folder.write(name, png(16, 16))
        }
        // The results lie within the input: they are not taken for inputs the next time.
        let arguments = ["image", "--skip-existing", folder.path("in"), folder.path("in/out")]
        let first = try Program.run(arguments)
        #expect(first.status == 0 && first.errors.contains("2 done, 0 skipped, 0 failed, 2 left out"), "\(first.errors)")
        #expect(folder.exists("in/out/a.png") && folder.exists("in/out/deep/er/b.PNG"))
        #expect(!folder.exists("in/out/notes.txt") && !folder.exists("in/out/.hidden"))
        let second = try Program.run(arguments)
        #expect(second.status == 0 && second.errors.contains("0 done, 2 skipped, 0 failed"), "\(second.errors)")
    }

    @Test func failuresAreNamedAndCounted() throws {
        let folder = try Folder()
        try folder.write("1.png", png(16, 16))
        try folder.write("2.png", Array(png(64, 64).prefix(100)))
        try folder.write("3.png", png(16, 16))
        let inputs = (1...3).map { folder.path("\($0).png") } + [folder.path("none.png")]
        let stopped = try Program.run(["image"] + inputs + [folder.path("a/")])
        #expect(stopped.status == 1)
        #expect(stopped.errors.contains("2.png: The image ends too early"), "\(stopped.errors)")
        #expect(stopped.errors.contains("1 done, 0 skipped, 1 failed, 2 not tried"), "\(stopped.errors)")
        #expect(folder.exists("a/1.png") && !folder.exists("a/3.png"))
        let complete = try Program.run(["image", "--keep-going"] + inputs + [folder.path("b/")])
        #expect(complete.status == 1)
        #expect(complete.errors.contains("none.png: there is no such file"), "\(complete.errors)")
        #expect(complete.errors.contains("2 done, 0 skipped, 2 failed"))
        #expect(folder.exists("b/3.png") && !folder.exists("b/2.png"))
        #expect(try Program.run(["image", "--quiet", inputs[0], folder.path("c.png")]).errors.isEmpty)
    }

    @Test func wrongUsageIsTwo() throws {
        let folder = try Folder()
        try folder.write("a.png", png(16, 16))
        let (input, output) = (folder.path("a.png"), folder.path("b.png"))
        for arguments in [
            ["--mode", "half", input, output], ["--kernel-noise", "1", input, output],
            ["--exit-table", "1,2", input, output], ["--tau", "0.1", "--exit-table", "1,1,1,1,1,1", input, output],
            [], [input], [input, folder.path("b.webp")], [input, input], ["--exit", "5", input, output],
            ["--exit", "no", input, output], ["--exit", "1", "--tau", "0.1", input, output],
            ["--strength", "2", input, output], ["--quality", "0", input, output], ["--no-such", input, output],
            ["--exit-table", "1,2", "--model", "/no/model", input, output], ["--threads", "0", input, output],
            [input, input, folder.path("x/")],
        ] {
            let run = try Program.run(["image"] + arguments)
            #expect(run.status == 2, "\(arguments): \(run)")
            #expect(!run.errors.isEmpty)
        }
        #expect(!folder.exists("b.png"))
    }

    @Test func sameBytesForAnyNumberOfThreads() throws {
        let folder = try Folder()
        try folder.write("a.png", png(420, 60))
        for threads in ["1", "3"] {
            let run = try Program.run(
                "image", "--exit", "2", "--threads", threads, folder.path("a.png"), folder.path("\(threads).npy"))
            #expect(run.status == 0)
        }
        #expect(try folder.read("1.npy") == folder.read("3.npy"))
    }

    /// Nothing to deblur: at full depth no mosaic and no seam may appear, with either way to encode. (At the borders a
    /// filter sees the padding, and changes more.)
    @Test(arguments: ["tile", "whole"])
    func plainPicturesStayPlain(mode: String) throws {
        let folder = try Folder()
        let width = 420, height = 96
        let flat: (Int, Int, Int) -> UInt8 = { _, _, c in [33, 25, 23][c] }
        let black: (Int, Int, Int) -> UInt8 = { _, _, _ in 0 }
        let slope: (Int, Int, Int) -> UInt8 = { x, y, c in UInt8([x / 2, y, x / 4 + y][c]) }
        for (name, level) in [("flat", flat), ("black", black), ("slope", slope)] {
            let raster = try Raster(width: width, height: height, channels: 3, bitDepth: 8)
            for y in 0..<height {
                raster.withMutableRow(y) { row in
                    for index in row.indices { row[index] = level(index / 3, y, index % 3) }
                }
            }
            try folder.write("\(name).png", Image(raster: raster).encode())
            for exit in ["2", "adaptive"] {
                let run = try Program.run(
                    "image", "--mode", mode, "--exit", exit, folder.path("\(name).png"), folder.path("o.npy"))
                #expect(run.status == 0, "\(run)")
                let output = try NumPyArray(contentsOf: URL(filePath: folder.path("o.npy"))).floats
                var worst: Float = 0
                for y in 24..<height - 24 {
                    for x in 24..<width - 24 {
                        for c in 0..<3 {
                            worst = max(worst, abs(output[(y * width + x) * 3 + c] * 255 - Float(level(x, y, c))))
                        }
                    }
                }
                #expect(worst < 2, "\(name), exit \(exit), \(mode): \(worst) of 255 levels")
            }
        }
    }
}
