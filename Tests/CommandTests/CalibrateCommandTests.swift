import Foundation
import Images
import TestSupport
import Testing

/// `deblur calibrate`, `eval` and the exits that follow, with the model that comes with the project.
@Suite struct CalibrateCommandTests {
    /// Blobs and bars of seeded noise, and the same under a horizontal blur of 9 pixels.
    private func pair(in folder: Folder, _ name: String, width: Int, height: Int, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let coarse = random.floats((width / 8 + 2) * (height / 8 + 2) * 3, 0, 255)
        func level(_ x: Int, _ y: Int, _ c: Int) -> Float { coarse[((y / 8) * (width / 8 + 2) + x / 8) * 3 + c] }
        for (side, reach) in [("sharp", 0), ("blur", 4)] {
            let raster = try Raster(width: width, height: height, channels: 3, bitDepth: 8)
            for y in 0..<height {
                raster.withMutableRow(y) { row in
                    for index in row.indices {
                        let x = index / 3, columns = max(0, x - reach)...min(width - 1, x + reach)
                        row[index] = UInt8(columns.reduce(0) { $0 + level($1, y, index % 3) } / Float(columns.count))
                    }
                }
            }
            try folder.write("\(side)/\(name).png", Image(raster: raster).encode())
        }
    }

    private struct Calibrated: Decodable {
        var increments_db: [[Double?]]
        var exit_table: [Int]
    }

    private func tiles(_ folder: Folder, _ report: String) throws -> [(tileClass: Int, exit: Int)] {
        let json = try JSONSerialization.jsonObject(with: Data(folder.read(report))) as? [String: Any]
        let file = try #require((json?["files"] as? [[String: Any]])?.first)
        return try (try #require(file["tiles"] as? [[String: Any]])).map {
            (try #require($0["class"] as? Int), try #require($0["exit"] as? Int))
        }
    }

    private func bytes(_ folder: Folder, _ name: String) throws -> [[UInt8]] {
        let raster = try Image.decode(folder.read(name)).raster
        return (0..<raster.height).map { y in raster.withRow(y) { Array($0) } }
    }

    /// τ = 100 dB is more than any sub-decoder gains: every class that was seen leaves at once, which the model's own table
    /// never says. The written model does so, and τ = 0 gives back the depths that its increments ask for.
    @Test func theWrittenTableIsTheOneThatImageUses() throws {
        let folder = try Folder()
        try pair(in: folder, "a", width: 420, height: 400, seed: 1)
        let model = folder.path("mine.safetensors")
        let calibrate = try Program.run(
            "calibrate", "--blur", folder.path("blur"), "--sharp", folder.path("sharp"), "--classes", "classifier",
            "--tau", "100", "--write", model, "--json", folder.path("c.json"), "--plot", folder.path("c.png"))
        #expect(calibrate.status == 0 && calibrate.output.contains("exit table for τ = 100.0 dB"), "\(calibrate)")
        let found = try JSONDecoder().decode(Calibrated.self, from: Data(folder.read("c.json")))
        #expect(found.exit_table.contains(0))
        #expect(try Image.decode(folder.read("c.png")).raster.width > 100)

        let input = folder.path("blur/a.png")
        let image = try Program.run("image", "--model", model, "--report", folder.path("r"), input, folder.path("o.png"))
        #expect(image.status == 0, "\(image)")
        let run = try tiles(folder, "r")
        #expect(run.count == 4)
        for tile in run { #expect(tile.exit == found.exit_table[tile.tileClass]) }
        #expect(try bytes(folder, "o.png") == bytes(folder, "blur/a.png"))

        let table = found.increments_db.map { row in
            row.contains { $0 == nil } ? row.count : row.firstIndex { ($0 ?? 0) < 0 } ?? row.count
        }
        let shallow = try Program.run(
            "image", "--model", model, "--tau", "0", "--report", folder.path("r"), input, folder.path("o.png"))
        #expect(shallow.status == 0, "\(shallow)")
        for tile in try tiles(folder, "r") { #expect(tile.exit == table[tile.tileClass]) }
    }

    /// Pictures of few classes: what the model says of the others stays, and the command says so.
    @Test func classesThatWereNotSeenKeepTheirRows() throws {
        let folder = try Folder()
        try pair(in: folder, "a", width: 96, height: 80, seed: 5)
        let model = folder.path("mine.safetensors")
        let run = try Program.run(
            "calibrate", "--blur", folder.path("blur"), "--sharp", folder.path("sharp"), "--write", model,
            "--json", folder.path("c.json"), "--quiet")
        #expect(run.status == 0, "\(run)")
        struct Found: Decodable {
            var tiles: [Int]
            var classes_kept: [Int]
        }
        let found = try JSONDecoder().decode(Found.self, from: Data(folder.read("c.json")))
        let unseen = found.tiles.indices.filter { found.tiles[$0] == 0 }
        #expect(unseen.count == 5 && found.classes_kept == unseen, "\(found)")
        #expect(unseen.allSatisfy { run.errors.contains("\($0) (exit ") } && run.errors.contains("own rows are kept"), "\(run)")

        func rows(_ arguments: [String]) throws -> (increments: [[Double]], table: [Int]) {
            let json = try Program.run(["inspect", "--json"] + arguments).output
            let summary = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
            let increments = try #require(summary.first { $0.key.hasPrefix("increments") }?.value as? [[Double]])
            return (increments, try #require(summary["exit_table"] as? [Int]))
        }
        let original = Goldens.repository.appending(path: "Models/deblur-5.safetensors").path
        let (before, after) = (try rows([original]), try rows([model]))
        for index in unseen {
            #expect(before.increments[index] == after.increments[index] && before.table[index] == after.table[index])
        }
        let seen = try #require(found.tiles.firstIndex { $0 > 0 })
        #expect(before.increments[seen] != after.increments[seen])
    }

    @Test func evalScoresWhatIsThere() throws {
        let folder = try Folder()
        for index in 0..<3 { try pair(in: folder, "p\(index)", width: 64, height: 48, seed: UInt64(index)) }
        let sides = ["--blur", folder.path("blur"), "--sharp", folder.path("sharp"), "--quiet"]
        func rows(_ name: String) throws -> [[Substring]] {
            try String(decoding: folder.read(name), as: UTF8.self).split(separator: "\n").map {
                $0.split(separator: ",", omittingEmptySubsequences: false)
            }
        }
        let first = try Program.run(
            ["eval", "--exit", "1", "--save", folder.path("kept"), "--csv", folder.path("1.csv")] + sides)
        #expect(first.status == 0 && first.output.contains("| spread "), "\(first)")
        let complete = try rows("1.csv")
        #expect(complete.count == 4 && complete.allSatisfy { $0.count == complete[0].count })

        // The same scores from the pictures alone, without a model; no tiles, no time.
        let finished = try Program.run(
            ["eval", "--results", folder.path("kept"), "--csv", folder.path("2.csv"), "--json", "-"] + sides,
            environment: ["DEBLUR_MODEL": "/no/model"])
        #expect(finished.status == 0, "\(finished)")
        #expect(try rows("2.csv").map { $0.prefix(7) } == complete.map { $0.prefix(7) })
        let json = try #require(JSONSerialization.jsonObject(with: Data(finished.output.utf8)) as? [String: Any])
        #expect(json["model"] is NSNull || json["model"] == nil)

        // What is missing is restored; what fails is left out and named.
        try FileManager.default.removeItem(atPath: folder.path("kept/p1.png"))
        try folder.write("blur/p2.png", [1, 2, 3])
        let rest = try Program.run(
            ["eval", "--exit", "1", "--save", folder.path("kept"), "--skip-existing", "--keep-going", "--csv", folder.path("3.csv")]
                + sides)
        #expect(rest.status == 1 && rest.errors.contains("p2: The file is neither JPEG nor PNG"), "\(rest)")
        #expect(rest.errors.contains("1 of 2 pictures were there from an earlier run"), "\(rest)")
        #expect(try rows("3.csv").map { $0.prefix(7) } == complete.prefix(3).map { $0.prefix(7) })
        #expect(folder.exists("kept/p1.png"))
        let over = try Program.run(["eval", "--save", folder.path("blur")] + sides)
        #expect(over.status == 2 && over.errors.contains("would be overwritten"), "\(over)")
    }

    @Test func onePictureOnBothSidesIsAnError() throws {
        let folder = try Folder()
        try pair(in: folder, "a", width: 32, height: 32, seed: 4)
        let sides = ["--blur", folder.path("sharp"), "--sharp", folder.path("sharp")]
        for command in ["eval", "calibrate"] {
            let run = try Program.run([command] + sides)
            #expect(run.status == 1 && run.output.isEmpty && run.errors.contains("one and the same file"), "\(run)")
        }
        let meant = try Program.run(["eval", "--exit", "1", "--allow-same"] + sides)
        #expect(meant.status == 0 && !meant.output.contains("inf"), "\(meant)")
    }

    @Test func evalWritesItsTables() throws {
        let folder = try Folder()
        for (index, name) in ["GOPR1/1", "GOPR2/7"].enumerated() {
            try pair(in: folder, "p\(index)", width: 64 + 17 * index, height: 48, seed: UInt64(index))
            let parts = name.split(separator: "/")
            for side in ["blur", "sharp"] {
                try folder.write("set/test/\(parts[0])/\(side)/\(parts[1]).png", folder.read("\(side)/p\(index).png"))
            }
        }
        let run = try Program.run(
            "eval", "--blur", folder.path("set/test"), "--sharp", folder.path("set/test"), "--exit", "1", "--mode", "whole",
            "--markdown", folder.path("e.md"), "--json", folder.path("e.json"), "--save", folder.path("kept"))
        #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
        #expect(run.output.contains("| set/test |") && run.output.contains("25.0 %"), "\(run.output)")
        let json = try #require(JSONSerialization.jsonObject(with: Data(folder.read("e.json"))) as? [String: Any])
        #expect(json["d_rate"] as? Double == 0.25 && (json["images"] as? [Any])?.count == 2)
        #expect(String(decoding: try folder.read("e.md"), as: UTF8.self).contains("GOPR2/7"))
        #expect(folder.exists("kept/GOPR1/1.png"))
        let unpaired = try Program.run("eval", "--blur", folder.path("blur"), "--sharp", folder.path("set"))
        #expect(unpaired.status == 1 && unpaired.errors.contains("have no sharp one"), "\(unpaired)")
    }

    @Test func wrongUsageIsTwo() throws {
        let folder = try Folder()
        try pair(in: folder, "a", width: 32, height: 32, seed: 3)
        let pairs = ["--blur", folder.path("blur"), "--sharp", folder.path("sharp")]
        for arguments in [
            ["eval"], ["calibrate"], ["eval"] + pairs + ["--mode", "half"], ["eval"] + pairs + ["--kernel-noise", "1"],
            ["calibrate"] + pairs + ["--kernel-noise", "1"], ["calibrate"] + pairs + ["--tau", "-1"],
            ["calibrate"] + pairs + ["--sweep", "2,1"], ["calibrate"] + pairs + ["--write", "x.pth"],
            ["eval"] + pairs + ["--exit-table", "1,2"], ["eval"] + pairs + ["--exit-table", "a"],
            ["eval"] + pairs + ["--tau", "0.1", "--exit-table", "2,2,2,2,2,2"], ["eval"] + pairs + ["--limit", "0"],
            ["eval", "--sharp", folder.path("sharp")], ["eval"] + pairs + ["--skip-existing"],
            ["eval"] + pairs + ["--results", folder.path("blur"), "--exit", "1"],
            ["eval"] + pairs + ["--csv", folder.path("none/x")], ["eval"] + pairs + ["--csv", "-", "--json", "-"],
            ["calibrate"] + pairs + ["--plot", folder.path("none/x.png")],
            ["calibrate"] + pairs + ["--write", folder.path("none/x.safetensors")],
        ] {
            let run = try Program.run(arguments)
            #expect(run.status == 2 && !run.errors.isEmpty, "\(arguments): \(run)")
        }
    }
}
