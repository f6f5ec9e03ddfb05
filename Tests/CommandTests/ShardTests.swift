import Foundation
import Images
import TestSupport
import Testing

/// `--shard`: parts of a batch on several machines.
@Suite struct ShardTests {
    private static let count = 100
    private static let parts = 7

    /// `in/0/0.png` … `in/9/99.png`, each another picture, and a note that is none.
    private func inputs(_ folder: Folder, side: Int = 16) throws {
        for number in 0..<Self.count {
            let raster = try Raster(width: side, height: side, channels: 3, bitDepth: 8)
            for y in 0..<side {
                raster.withMutableRow(y) { row in
                    for index in row.indices { row[index] = UInt8((index * 5 + y * 9 + number * 2) % 256) }
                }
            }
            try folder.write("in/\(number % 10)/\(number).png", Image(raster: raster).encode())
        }
        try folder.write("in/notes.txt", [1])
    }

    private func arguments(_ folder: Folder, _ output: String, _ more: String...) -> [String] {
        ["image", "--exit", "1", "--threads", "1"] + more + [folder.path("in"), folder.path(output)]
    }

    private struct Report: Decodable {
        struct File: Decodable { let input, status: String }
        struct Summary: Decodable { let inputs, done, skipped, failed, not_tried, left_out, inputs_of_all_parts: Int }
        let files: [File]
        let summary: Summary
    }

    private func report(_ folder: Folder, _ name: String) throws -> Report {
        try JSONDecoder().decode(Report.self, from: Data(folder.read(name)))
    }

    private func results(_ folder: Folder, _ output: String) throws -> [String: Data] {
        let root = folder.url.appending(path: output)
        let names = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        return try Dictionary(
            uniqueKeysWithValues: names.filter { $0.hasSuffix(".png") }.map {
                ($0, try Data(contentsOf: root.appending(path: $0)))
            })
    }

    @Test func partsAreDisjointCompleteAndTheSameEveryTime() throws {
        let folder = try Folder()
        try inputs(folder)
        #expect(try Program.run(arguments(folder, "one", "--quiet")).status == 0)
        let whole = try results(folder, "one")
        #expect(whole.count == Self.count)

        var members: [[String]] = []
        var summaries: [Report.Summary] = []
        for part in 0..<Self.parts {
            let run = try Program.run(
                arguments(folder, "parts", "--shard", "\(part)/\(Self.parts)", "--report", folder.path("r\(part).json")))
            #expect(run.status == 0 && run.errors.contains("part \(part) of 0…6, "), "\(run)")
            let report = try report(folder, "r\(part).json")
            members.append(report.files.map(\.input))
            summaries.append(report.summary)
        }
        // Each file once: a part that did another's would have found its result and not said so, so the lists tell.
        #expect(Set(members.joined()).count == Self.count && members.reduce(0) { $0 + $1.count } == Self.count)
        #expect(members.allSatisfy { !$0.isEmpty })
        #expect(try results(folder, "parts") == whole)
        // The summaries add up.
        #expect(summaries.reduce(0) { $0 + $1.inputs } == Self.count && summaries.reduce(0) { $0 + $1.done } == Self.count)
        #expect(summaries.allSatisfy { $0.inputs_of_all_parts == Self.count && $0.inputs == $0.done })
        #expect(summaries.reduce(0) { $0 + $1.left_out } == 1)

        // The same part when a scheduler names it, when other files are gone, and from another place.
        for number in members[3] { try FileManager.default.removeItem(atPath: number) }
        for variable in ["JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID"] {
            let again = try Program.run(
                arguments(folder, "parts", "--shard", "auto/\(Self.parts)", "--skip-existing", "--report", folder.path("a.json")),
                environment: [variable: "5"])
            let report = try report(folder, "a.json")
            #expect(again.status == 0 && report.files.map(\.input) == members[5], "\(again)")
            #expect(report.summary.skipped == members[5].count && report.summary.done == 0)
        }
    }

    /// Killed in the middle and run again, it does what is left, and nothing twice.
    @Test func aKilledPartIsFinishedByAnotherRun() throws {
        let folder = try Folder()
        try inputs(folder, side: 160)
        let options = ["image", "--exit", "4", "--threads", "1", "--shard", "1/2", folder.path("in")]
        let report = ["--skip-existing", "--report", folder.path("r.json"), folder.path("out")]
        // The system kills it after a second of its own time, however busy the machine is. The part takes several.
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", "ulimit -c 0 -t 1; exec \"$@\"", "bash", Program.url.path] + options + report
        process.environment = ["PATH": "/usr/bin:/bin"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let before = try results(folder, "out")
        #expect(before.count >= 1 && process.terminationReason == .uncaughtSignal, "\(before.count) were done")

        let again = try Program.run(options + report)
        let summary = try self.report(folder, "r.json").summary
        #expect(again.status == 0 && summary.skipped == before.count && summary.done + summary.skipped == summary.inputs, "\(again)")
        #expect(summary.done > 0)
        let calm = try Program.run(options + ["--quiet", folder.path("calm")])
        #expect(try calm.status == 0 && results(folder, "out") == results(folder, "calm"))
    }

    @Test(arguments: ["1", "2/2", "-1/2", "a/2", "0/0", "0/x", "0/1/2", "auto/2", "1/9999999999"])
    func whatIsNoPartIsWrongUsage(_ text: String) throws {
        let folder = try Folder()
        let run = try Program.run(["image", "--shard=\(text)", folder.path("."), folder.path("o/")])
        #expect(run.status == 2 && run.errors.contains("--shard"), "\(run)")
    }

    @Test func aPartNeedsAFolder() throws {
        let folder = try Folder()
        try folder.write("a.png", [1])
        let run = try Program.run("image", "--shard", "0/2", folder.path("a.png"), folder.path("b.png"))
        #expect(run.status == 2 && run.errors.contains("the output has to be a folder"), "\(run)")
    }
}
