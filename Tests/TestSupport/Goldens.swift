import Foundation

/// The reference vectors that live beside the repository, in `../shared/goldens`.
///
/// Tests that need them say so and are skipped where they are absent:
///
///     @Test(.enabled(if: Goldens.available, "needs the golden vectors; see Goldens.howToProvide"))
public enum Goldens {
    /// Set to a folder that holds `goldens`, it replaces `<repository>/../shared`.
    public static let variable = "DEBLUR_SHARED"

    public static let howToProvide = "put them into ../shared/goldens beside the repository, or set \(variable)"

    /// The repository this test was built from.
    public static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The folder that holds `goldens`, `models` and `spec`; nil when there is none.
    public static let shared: URL? = {
        let given = ProcessInfo.processInfo.environment[variable].map { URL(filePath: $0) }
        let folder = given ?? repository.deletingLastPathComponent().appending(path: "shared")
        return isFolder(folder) ? folder : nil
    }()

    /// The golden vectors; nil when they are absent.
    public static let directory: URL? = {
        guard let folder = shared?.appending(path: "goldens"), isFolder(folder) else { return nil }
        return folder
    }()

    /// Whether the golden vectors are there.
    public static var available: Bool { directory != nil }

    /// A file below ``directory``, such as `nafnet_w8_k2/expected.npy`.
    public static func file(_ path: String) throws -> URL {
        guard let directory else { throw TestSupportError("no golden vectors: \(howToProvide)") }
        return directory.appending(path: path)
    }

    private static func isFolder(_ url: URL) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) && isDirectory.boolValue
    }
}
