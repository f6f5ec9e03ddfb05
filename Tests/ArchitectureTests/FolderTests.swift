import Foundation
import Testing

/// The folders of a target stand on each other in one direction, and docs/architecture.md shows how.
struct FolderTests {
    /// Targets whose folders are in order.
    static let targets = ["Network", "Tiles", "Evaluation", "Service", "HTTP", "Deblur", "Commands"]

    private func folders(_ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process(), pipe = Pipe()
        process.executableURL = SourceText.repository.appending(path: ".ci/part/folders")
        process.arguments = arguments
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }

    @Test(arguments: targets)
    func noCircleAndNoOtherThanIsShown(target: String) throws {
        let (status, output) = try folders(target)
        #expect(status == 0, "\(output)")
        #expect(output.split(separator: "\n").count > 3)
        let document = try SourceText.text(of: "docs/architecture.md")
        #expect(document.contains(output), "docs/architecture.md shows another graph than\n\(output)")
    }

    /// Names in comments and texts do not count, members of another folder's type do.
    @Test(arguments: [
        ("struct B {}", "struct A { let b: B }", true),
        ("struct B { var a: A? }", "struct A { let b: B }", false),
        ("/// See ``A``.\nstruct B { let name = \"A\" }", "struct A { let b: B }", true),
        ("struct B {\n    var x: Int { own }\n}", "extension B {\n    var own: Int { 1 }\n}", true),
        ("struct B {\n    var x: Int { self.own }\n}", "extension B {\n    var own: Int { 1 }\n}", false),
    ])
    func circlesAreSeen(below: String, above: String, isInOrder: Bool) throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "folders-\(UUID())")
        defer { try? FileManager.default.removeItem(at: root) }
        for (folder, text) in [("Below", below), ("Above", above)] {
            let path = root.appending(path: "X/\(folder)")
            try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
            try Data((text + "\n").utf8).write(to: path.appending(path: "File.swift"))
        }
        let (status, output) = try folders("--sources", root.path, "X")
        #expect((status == 0) == isInOrder, "\(output)")
        #expect(output.contains("Above          → Below"))
    }
}
