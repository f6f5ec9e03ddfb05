import Deblur
import Foundation
import Network
import TestSupport
import Testing

/// Where a model's description comes from: the file itself, then `MODEL.json` beside it.
struct DescriptionTests {
    private static let fixtures = Goldens.repository.appending(path: "Tests/Fixtures/network")

    private func load(_ fixture: String, side: String?) throws -> Model {
        let source = Self.fixtures.appending(path: fixture)
        let folder = FileManager.default.temporaryDirectory.appending(path: "deblur-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let model = folder.appending(path: source.lastPathComponent)
        try FileManager.default.copyItem(at: source, to: model)
        if let side { try Data(side.utf8).write(to: URL(filePath: model.path + ".json")) }
        return try ModelFile(contentsOf: model).model()
    }

    /// The table in the file is the one in use, and what the side file says otherwise is told.
    @Test func theFileItselfComesFirst() throws {
        let side = """
            {"exit_table": [0, 0, 0, 0, 0, 0], "tau": 0.05, "name": "other", "classifier": {"thresholds_db": [1]},
             "increments_db": [[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 1, 1], [1, 1, 1]]}
            """
        let model = try load("nafnet_tile/weights.safetensors", side: side)
        #expect(model.summary.name == "fixture")
        #expect(try model.policy(ExitChoice()) == .table([3, 2, 1, 0, 2, 3]))
        let told = model.summary.warnings.filter { $0.contains("weights.safetensors.json") }
        #expect(told.count == 1 && told[0].contains("exit_table, name") && !told[0].contains("tau"), "\(told)")
        // Missing in the file: the side file tells it.
        #expect(try model.policy(ExitChoice(tau: 0.5)) == .table([3, 2, 1, 0, 3, 3]))
    }

    /// A checkpoint says nothing itself.
    @Test func theSideFileTellsTheRest() throws {
        #expect(try load("nafnet_pth/weights.pth", side: nil).policy(ExitChoice()) == .table([1, 1, 1, 1, 1, 1]))
        let model = try load("nafnet_pth/weights.pth", side: #"{"exit_table": [1, 1, 1, 0, 0, 0]}"#)
        #expect(try model.policy(ExitChoice()) == .table([1, 1, 1, 0, 0, 0]))
        #expect(!model.summary.warnings.contains { $0.contains("weights.pth.json") })
    }

    @Test(arguments: ["[1]", "{", "{\"exit_table\": [1, 2]}", "{\"tau\": \"x\"}"])
    func brokenOnesAreRefused(side: String) {
        #expect(throws: ModelError.self) { try load("nafnet_pth/weights.pth", side: side) }
    }
}
