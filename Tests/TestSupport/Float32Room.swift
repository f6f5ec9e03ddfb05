import Foundation

/// By how much a float32 engine may be off in a case's output: sixteen times what a float64 run loses whose every
/// operation is rounded to float32 at random. Worked out by `Training/tests/precision.py`, so that no CPU's kernels come into it.
public enum Float32Room {
    /// The room of a case of known answers, in absolute numbers; twice that for a golden, which is float32 of another
    /// machine with errors of its own.
    public static func of(_ folder: URL) throws -> Float {
        let fixtures = Goldens.repository.appending(path: "Tests/Fixtures/network")
        let data = try Data(contentsOf: fixtures.appending(path: "float32.json"))
        let record = try JSONDecoder().decode([String: [String: Float]].self, from: data)
        let name = folder.lastPathComponent
        guard let room = record[name]?.values.max() else { throw TestSupportError("float32.json lacks \(name)") }
        return folder.path.hasPrefix(fixtures.path) ? room : 2 * room
    }
}
