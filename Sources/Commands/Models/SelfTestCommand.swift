import ArgumentParser
import Deblur
import Files
import Foundation

struct SelfTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selftest", abstract: "Takes a known tile through the model and compares with the stored answer.",
        discussion: "The answer lies beside the model as NAME.selftest.json. Without one the tile has to come out "
            + "finite and the same twice.")

    @OptionGroup var model: ModelOptions
    @OptionGroup var threads: ThreadOptions
    @Flag(help: "Store this machine's answer beside the model instead.")
    var write = false
    @Flag(help: "The outcome as JSON.")
    var json = false

    func run() throws {
        if write { try OutputCheck.file(FilePath(KnownAnswer.location(of: model.file).path), "--write") }
        let served = try model.load(precision: threads.precision)
        let test = SelfTest(served, threads: threads.count)
        if write {
            let file = try model.file
            try test.answer().write(beside: file)
            print("wrote \(KnownAnswer.location(of: file).path)")
            return
        }
        let report = test.run()
        if json {
            print(String(decoding: JSON.encode(report, pretty: true), as: UTF8.self))
        } else {
            print("\(report.passed ? "passed" : "FAILED"): \(report.detail) (\(served.reference), \(served.kernels))")
        }
        if !report.passed { throw ExitCode(1) }
    }
}
