import Foundation
import TestSupport
import Testing

/// What is typed in a shell: Tests/shell/run says what.
@Suite struct ShellTests {
    @Test func pipesNamesAndParts() throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = [Goldens.repository.appending(path: "Tests/shell/run").path, Program.url.path]
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/tmp"]
        let file = try Folder.temporaryFile()
        defer { try? FileManager.default.removeItem(at: file) }
        let handle = try FileHandle(forWritingTo: file)
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let output = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        #expect(process.terminationStatus == 0 && output.contains(" passed, 0 failed"), "\(output)")
    }
}
