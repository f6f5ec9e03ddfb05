import Deblur
import Foundation
import Service
import TestSupport
import Testing

@Suite struct CommandTests {
    private let model = Goldens.repository.appending(path: "Models/\(Installation.defaultModel)").path

    @Test func versionHelpAndUsage() throws {
        let version = try Program.run("--version").output
        #expect(version.hasPrefix("deblur \(Version.current) (") && version.hasSuffix(")\n"), "\(version)")
        // Commit and kernels: `(1a2b3c4+, avx512)`.
        let words = version.dropFirst("deblur \(Version.current) (".count).dropLast(2).components(separatedBy: ", ")
        #expect(words.count == 2 && words.allSatisfy { !$0.isEmpty && !$0.contains(" ") }, "\(version)")
        #expect(words[0] == "unknown" || words[0].filter { $0.isHexDigit }.count >= 7, "\(version)")
        #expect(try Program.run("--help").status == 0)
        #expect(try Program.run("nonsense").status == 2)
        #expect(try Program.run("serve", "--port", "x").status == 2)
        let variable = try Program.run("serve", environment: ["DEBLUR_QUEUE": "none"])
        #expect(variable.status == 2 && variable.errors.contains("DEBLUR_QUEUE"))
    }

    @Test func everyRowOfTheTableIsAFlag() throws {
        let help = try Program.run("serve", "--help").output
        for row in OptionRow.all {
            #expect(help.contains(row.isSwitch ? "--\(row.name) " : "--\(row.name) <\(row.placeholder)>"), "\(row.name)")
        }
    }

    @Test func documentComesFromTheProgram() throws {
        #expect(try Program.run("configuration").output == ConfigurationDocument.render())
    }

    @Test func inspectTellsWhatTheModelIs() throws {
        let text = try Program.run("inspect", model)
        #expect(text.status == 0 && text.output.contains("NAFNet, width") && text.output.contains("exit table"))
        #expect(text.output.contains("safetensors, a bare dictionary, tensors: "), "\(text.output)")
        let json = try Program.run("inspect", "--json", model)
        let summary = try JSONDecoder().decode(ModelSummary.self, from: Data(json.output.utf8))
        #expect(summary.digest.count == 64 && summary.subDecoders >= 1 && summary.parameters > 100_000)
        #expect(try Program.run("inspect", "/no/such").status == 2)
        let folder = try Folder()
        try folder.write("x.safetensors", [1, 2, 3])
        let broken = try Program.run("inspect", folder.path("x.safetensors"))
        #expect(broken.status == 1 && !broken.errors.isEmpty)
    }

    /// Usage is that of the command, errors are in our words.
    @Test func mistakesAreNamedByTheirCommand() throws {
        let folder = try Folder()
        try FileManager.default.copyItem(atPath: model, toPath: folder.path("m.safetensors"))
        try folder.write("m.selftest.json", [1])
        for (arguments, status, words) in [
            (["inspect", "/no/such"], 2, "Usage: deblur inspect"), (["inspect", folder.path("")], 2, "is a folder, not a model file"),
            (["convert", model, folder.path("none/x.safetensors")], 2, "there is no folder"),
            (["bench", "--json", folder.path("none/x")], 2, "Usage: deblur bench"),
            (["image", "--classifier", "/no/such", model, folder.path("x.png")], 2, "there is no classifier file at /no/such"),
            (["selftest", "--model", folder.path("m.safetensors")], 1, "m.selftest.json, the model's stored answer, cannot be read"),
        ] as [([String], Int32, String)] {
            let run = try Program.run(arguments)
            #expect(run.status == status && run.errors.contains(words), "\(arguments): \(run)")
            #expect(!run.errors.contains("NSCocoaError") && !run.errors.contains("dataCorrupted"), "\(run)")
        }
    }

    /// Before anybody is told that it listens.
    @Test func serveChecksTheModelFirst() throws {
        let folder = try Folder()
        var bytes = try [UInt8](Data(contentsOf: URL(filePath: model)))
        bytes.removeLast(1000)
        try folder.write("short.safetensors", bytes)
        for (arguments, status) in [
            (["--model", "/no/model"], 2), (["--model", folder.path("short.safetensors")], 1), (["--exit-table", "1,2"], 2),
            (["--exit-table", "9,1,1,1,1,1"], 2), (["--classifier", "/no/such"], 2), (["--model", folder.path("")], 2),
        ] as [([String], Int32)] {
            let run = try Program.run(["serve", "--port", "0"] + arguments)
            #expect(run.status == status && !run.errors.isEmpty, "\(run)")
            #expect(!run.output.contains("listens") && !run.errors.contains("listening"), "\(run)")
        }
    }

    @Test func selfTestPassesWithTheStoredAnswer() throws {
        let run = try Program.run("selftest", "--json")
        #expect(run.status == 0, "\(run)")
        let report = try JSONDecoder().decode(SelfTest.Report.self, from: Data(run.output.utf8))
        #expect(report.passed && (report.largestDifference ?? 1) < Double(KnownAnswer.tolerance(precision: "fp32")))
    }

    @Test func selfTestFailsForAChangedModel() throws {
        let folder = try Folder()
        var bytes = try [UInt8](Data(contentsOf: URL(filePath: model)))
        try folder.write("m.safetensors", bytes)
        #expect(try Program.run("selftest", "--write", "--model", folder.path("m.safetensors")).status == 0)
        #expect(try Program.run("selftest", "--model", folder.path("m.safetensors")).status == 0)
        bytes[bytes.count / 2] ^= 1
        try folder.write("m.safetensors", bytes)
        let run = try Program.run("selftest", "--model", folder.path("m.safetensors"))
        #expect(run.status == 1 && run.output.contains("FAILED"), "\(run)")
    }

    @Test func benchWritesTheKeysOfTheContract() throws {
        let run = try Program.run(
            "bench", "--arch", "nafnet", "--width", "8", "--decoders", "2", "--tile", "64", "--json", "-",
            "--repetitions", "2")
        #expect(run.status == 0, "\(run.errors)")
        let json = try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
        for key in ["seconds_per_tile", "gflop", "gflops", "peak_memory_bytes"] {
            #expect((json[key] as? Double ?? 0) > 0, "\(key)")
        }
        let stages = try #require(json["stages"] as? [[String: Any]])
        let names = stages.compactMap { $0["name"] as? String }
        #expect(names.starts(with: ["encoder", "sub_decoder_1", "sub_decoder_2", "head"]))
        let steps = stages.filter { $0["kind"] as? String == "step" }.compactMap { $0["gflop"] as? Double }
        #expect(abs(steps.reduce(0, +) - (json["gflop"] as? Double ?? 0)) < 1e-6)
    }

    @Test func serveAnswersHealthAndGoesDownOnSIGTERM() throws {
        let folder = try Folder()
        let process = Process()
        process.executableURL = Program.url
        process.arguments = ["serve", "--unix-socket", folder.path("s"), "--threads", "1"]
        process.environment = [:]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        #expect(try Program.run("health", "--url", "unix:\(folder.path("s"))").status == 1)
        try process.run()
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        var status: Int32 = 1
        for _ in 0..<100 where status != 0 {
            usleep(100_000)
            status = try Program.run("health", environment: ["DEBLUR_UNIX_SOCKET": folder.path("s")]).status
        }
        #expect(status == 0)
        // Nothing runs, so nothing is waited for: far less than the default drain of 30 s.
        let began = ContinuousClock.now
        process.terminate()
        process.waitUntilExit()
        #expect(.now - began < .seconds(10))
        #expect(process.terminationStatus == 0 && process.terminationReason == .exit)
        #expect(try Program.run("health", "--url", "unix:\(folder.path("s"))").status == 1)
        #expect(try Program.run("health", "--url", "ftp://x").status == 2)
    }
}
