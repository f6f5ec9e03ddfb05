import Foundation

/// Where the files that come with deblur lie: a build's repository, or the share folders of an installation.
public enum Installation {
    /// The model that is used when none is named, in `Models/`.
    public static let defaultModel = "deblur-5.safetensors"

    /// The variable of the environment that names another one.
    public static let modelVariable = "DEBLUR_MODEL"

    /// Looks for a file such as `Models/deblur-5.safetensors` or `openapi.yaml`:
    /// the repository whose `.build` holds the executable, `<executable>/../../share/deblur`,
    /// `/usr/local/share/deblur`, `/usr/share/deblur`.
    public static func file(_ path: String, executable: URL = executable) -> URL? {
        folders(executable).map { $0.appending(path: path) }
            .first { FileManager.default.isReadableFile(atPath: $0.path) }
    }

    /// For an error message: where ``file(_:executable:)`` looks.
    public static func folders(_ executable: URL = executable) -> [URL] {
        var folders: [URL] = []
        let parts = executable.pathComponents
        if let build = parts.lastIndex(of: ".build"), build > 0 {
            folders.append(URL(filePath: "/" + parts[1..<build].joined(separator: "/"), directoryHint: .isDirectory))
        }
        folders.append(
            executable.deletingLastPathComponent().deletingLastPathComponent().appending(path: "share/deblur"))
        folders.append(URL(filePath: "/usr/local/share/deblur"))
        folders.append(URL(filePath: "/usr/share/deblur"))
        return folders
    }

    /// The running program, links resolved.
    public static var executable: URL {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    }
}
