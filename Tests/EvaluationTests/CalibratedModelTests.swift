import Checkpoints
import Deblur
import Evaluation
import Foundation
import Network
import TestSupport
import Testing

/// What calibrating writes into a model.
struct CalibratedModelTests {
    private static let model = Goldens.repository.appending(path: "Models/deblur-5.safetensors")

    private func config(_ url: URL) throws -> [String: Any] {
        let text = try #require(try TensorArchive(contentsOf: url).metadata["config"])
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func policy(_ file: ModelFile, _ choice: ExitChoice = ExitChoice()) throws -> ExitPolicy {
        try choice.policy(for: file.architecture, file.configuration)
    }

    private var calibration: Calibration {
        let psnr: [[Double]] = [
            [18, 19, 19.5, 19.5, 19.5], [22, 22.4, 22.41, 22.4, 22.4], [27, 27.3, 27.29, 27.2, 27.2],
            [33, 33, 33, 33, 33], [38, 37, 38, 38, 38], [44, 40, 45, 45, 45],
        ]
        return Calibration(
            tiles: psnr.enumerated().map { index, psnr in
                CalibrationTile(image: 0, label: index, predicted: index, psnr: psnr, squares: [1, 1, 1, 1, 1], bytes: 3)
            },
            subDecoders: 4, classes: 6, thresholds: .gopro, grouping: .label)
    }

    @Test func theWrittenTableIsTheOneInUse() throws {
        let scene = try Scene()
        let target = scene.folder.appending(path: "sub/model.safetensors")
        var file = try ModelFile(contentsOf: Self.model)
        try file.set(calibration, tau: 0.1)
        try file.write(to: target)

        let written = try ModelFile(contentsOf: target)
        let expected = [2, 1, 1, 0, 0, 0]
        #expect(calibration.exitTable(tau: 0.1) == expected)
        #expect(try policy(written) == .table(expected))
        #expect(written.configuration.increments == calibration.increments)
        #expect(written.configuration.tau == 0.1)
        #expect(try policy(written, ExitChoice(tau: 0.45)) == .table([2, 0, 0, 0, 0, 0]))

        let (before, after) = (try TensorArchive(contentsOf: Self.model), try TensorArchive(contentsOf: target))
        #expect(before.names == after.names)
        for name in before.names {
            #expect(before[name]?.elementType == after[name]?.elementType, "\(name)")
            #expect(before[name]?.floats() == after[name]?.floats(), "\(name)")
        }
        var (old, new) = (try config(Self.model), try config(target))
        for key in ["increments_db", "exit_table", "tau"] {
            old[key] = nil
            new[key] = nil
        }
        #expect(NSDictionary(dictionary: old) == NSDictionary(dictionary: new))
        #expect(after.metadata["format"] == "deblur" && after.metadata["version"] == "1")
    }

    @Test func classesWithoutSamplesStayUnknown() throws {
        let scene = try Scene()
        let target = scene.folder.appending(path: "model.safetensors")
        var file = try ModelFile(contentsOf: Self.model)
        let none = Calibration(tiles: [], subDecoders: 4, classes: 6, thresholds: .gopro, grouping: .label)
        try file.set(none, tau: 0.1)
        try file.write(to: target)
        let written = try ModelFile(contentsOf: target)
        #expect(written.configuration.increments == [[Double?]](repeating: [nil, nil, nil, nil], count: 6))
        #expect(try policy(written) == .table([4, 4, 4, 4, 4, 4]))
    }

    /// Pictures of one class only: the other rows of the written model are those that were there.
    @Test func classesWithoutSamplesKeepTheirRows() throws {
        let scene = try Scene()
        let target = scene.folder.appending(path: "model.safetensors")
        var file = try ModelFile(contentsOf: Self.model)
        let before = try #require(file.configuration.increments)
        let table = try #require(file.configuration.exitTable)
        let one = Calibration(
            tiles: [
                CalibrationTile(
                    image: 0, label: 2, predicted: 2, psnr: [27, 27.5, 28, 28, 28], squares: [1, 1, 1, 1, 1], bytes: 3)
            ],
            subDecoders: 4, classes: 6, thresholds: .gopro, grouping: .label,
            previous: .init(increments: before, exitTable: table))
        try file.set(one, tau: 0.05)
        try file.write(to: target)
        let written = try ModelFile(contentsOf: target)
        var (rows, exits) = (before, table)
        (rows[2], exits[2]) = ([0.5, 0.5, 0, 0], 2)
        #expect(written.configuration.increments == rows)
        #expect(try policy(written) == .table(exits))
    }

    @Test func refusesClassesThatTheModelDoesNotHave() throws {
        var file = try ModelFile(contentsOf: Self.model)
        let eight = Calibration(tiles: [], subDecoders: 4, classes: 8, thresholds: .realBlurR, grouping: .label)
        #expect(throws: EvaluationError.thresholds(expected: 5, actual: 7)) { try file.set(eight, tau: 0.1) }
    }
}
