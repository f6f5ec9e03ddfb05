import Testing

/// Files stay short. What targets import is checked by .ci/part/imports.
struct ArchitectureTests {
    @Test func noFileExceeds500Lines() throws {
        var checked = 0
        for folder in ["Sources", "Tests"] {
            for file in try SourceText.files(below: folder, extensions: ["swift", "c", "h"]) {
                let lines = try SourceText.text(of: file).split(separator: "\n", omittingEmptySubsequences: false).count
                #expect(lines <= 501, "\(file) has \(lines - 1) lines")
                checked += 1
            }
        }
        #expect(checked > 100)
    }
}
