import Deblur
import Foundation
import Service
import Testing

@Suite struct SelfTestTests {
    private func answer() throws -> KnownAnswer {
        SelfTest(try FakeNetwork().model(), threads: 1).answer()
    }

    @Test func agreesWithItsOwnAnswerOnAnyNumberOfThreads() throws {
        let known = try answer()
        #expect(known.residuals.count == 3 && known.logits == [1, 0])
        #expect(SelfTest(try FakeNetwork().model(knownAnswer: known), threads: 3).run().passed)
        #expect(SelfTest(try FakeNetwork().model(), threads: 2).run().passed)
    }

    @Test func seesOneWrongValueAndAnotherFile() throws {
        let known = try answer()
        var off = known
        off.residuals[2][63] += 0.002
        var classes = known
        classes.logits[1] = 0.1
        var file = known
        file.digest = "f"
        var exits = known
        exits.residuals.removeLast()
        for wrong in [off, classes, file, exits] {
            let report = SelfTest(try FakeNetwork().model(knownAnswer: wrong), threads: 1).run()
            #expect(!report.passed, "\(report.detail)")
        }
        #expect(!SelfTest(try FakeNetwork(isBroken: true).model(), threads: 1).run().passed)
    }

    @Test func survivesItsFile() throws {
        let name = "m\(UInt64.random(in: 0 ... .max)).safetensors"
        let model = FileManager.default.temporaryDirectory.appending(path: name)
        #expect(try KnownAnswer.beside(model) == nil)
        let known = try answer()
        try known.write(beside: model)
        defer { try? FileManager.default.removeItem(at: KnownAnswer.location(of: model)) }
        #expect(try KnownAnswer.beside(model) == known)
        try Data("{".utf8).write(to: KnownAnswer.location(of: model))
        #expect(throws: (any Error).self) { try KnownAnswer.beside(model) }
    }
}
