import Files
import Foundation
import Testing

struct FileAccessTests {
    /// A folder that goes away with the test.
    private final class Folder {
        let path: FilePath
        init() throws {
            let url = FileManager.default.temporaryDirectory.appending(path: "files-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            path = FilePath(url.path)
        }
        deinit { try? FileManager.default.removeItem(atPath: path.description) }

        func write(_ name: FilePath, _ text: String = "x") throws {
            let file = path.appending(name)
            try file.parent.makeFolders()
            try FileOutput.file(file).write(text)
        }
    }

    @Test func whatIsWrittenIsRead() throws {
        let folder = try Folder()
        let file = folder.path.appending(FilePath(bytes: [0x61, 0xE9, 0x0A, 0x2E, 0x6A]))
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try FileOutput.file(file).write(bytes)
        #expect(try FileInput.file(file).read() == bytes)
        #expect(try FileInput.file(file).head(10) == Array(bytes.prefix(10)))
        try FileOutput.file(file).write([1])
        #expect(try FileInput.file(file).read() == [1])
        // Nothing of the way there is left.
        #expect(try FolderTree(below: folder.path).entries.map(\.path) == [file.lastComponent])
    }

    @Test func aLinkStaysALinkAndAPipeIsWrittenTo() throws {
        let folder = try Folder()
        try folder.write(FilePath("real/a"), "old")
        let link = folder.path.appending(FilePath("l"))
        #expect(symlink("real/a", link.description) == 0)
        try FileOutput.file(link).write("new")
        #expect(try FileInput.file(folder.path.appending(FilePath("real/a"))).read() == Array("new".utf8))
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.description) == "real/a")

        let pipe = folder.path.appending(FilePath("p"))
        #expect(mkfifo(pipe.description, 0o600) == 0)
        let reader = Thread { _ = try? FileOutput.file(link).write(FileInput.file(pipe).read()) }
        reader.start()
        try FileOutput.file(pipe).write("through the pipe")
        for _ in 0..<500 where !reader.isFinished { usleep(10_000) }
        #expect(try FileInput.file(link).read() == Array("through the pipe".utf8))
        #expect(pipe.kind == .other)
    }

    @Test func refusalsAreInOurWords() throws {
        let folder = try Folder()
        try folder.write(FilePath("a"))
        func reason(_ body: () throws -> Void) -> String? {
            do { try body(); return nil } catch { return (error as? FileError)?.reason }
        }
        let (file, none) = (folder.path.appending(FilePath("a")), folder.path.appending(FilePath("none")))
        #expect(reason { _ = try FileInput.file(none).read() } == "there is no such file")
        #expect(reason { _ = try FileInput.file(folder.path).read() } == "it is a folder")
        #expect(reason { _ = try FileInput.file(file.appending(FilePath("b"))).read() } == "a part of the path is a file, not a folder")
        #expect(reason { try FileOutput.file(none.appending(FilePath("b"))).write("x") } == "there is no such file")
        #expect(reason { try FileOutput.file(folder.path).write("x") } == "it is a folder")
        #expect(reason { try file.makeFolder() } == "a part of the path is a file, not a folder")
        #expect(reason { try FileOutput.file(FilePath("/dev/full")).write("x") } == "no space is left on the disk")
        let long = folder.path.appending(FilePath(String(repeating: "n", count: 300)))
        #expect(reason { try FileOutput.file(long).write("x") } == "the name is too long")
        #expect(none.kind == nil && folder.path.kind == .folder)
    }

    /// An endless input is not read to its end when its beginning is refused.
    @Test func theBeginningIsLookedAtFirst() throws {
        struct Refused: Error {}
        #expect(throws: Refused.self) {
            try FileInput.file(FilePath("/dev/zero")).read { head in
                #expect(head.count >= 8)
                throw Refused()
            }
        }
    }

    @Test func treesAreListedByBytesAndLinksNotFollowed() throws {
        let folder = try Folder()
        let odd = FilePath(bytes: Array("b/".utf8) + [0xFF] + Array(".png".utf8))
        for name in [FilePath("b/a.png"), FilePath("\u{E9}"), FilePath("e\u{301}"), odd, FilePath(".git/x"), FilePath("out/r.png")] {
            try folder.write(name)
        }
        #expect(symlink(".", folder.path.appending(FilePath("loop")).description) == 0)
        #expect(symlink("nowhere", folder.path.appending(FilePath("broken")).description) == 0)
        #expect(mkfifo(folder.path.appending(FilePath("pipe")).description, 0o600) == 0)
        let out = try folder.path.appending(FilePath("out")).status()?.identity
        let tree = try FolderTree(below: folder.path, excluding: out).entries
        #expect(
            tree == [
                .init(path: FilePath(".git"), kind: .hidden), .init(path: FilePath("b/a.png"), kind: .file),
                .init(path: odd, kind: .file), .init(path: FilePath("broken"), kind: .file),
                .init(path: FilePath("e\u{301}"), kind: .file), .init(path: FilePath("loop"), kind: .linkToFolder),
                .init(path: FilePath("pipe"), kind: .special), .init(path: FilePath("\u{E9}"), kind: .file),
            ])
        #expect(throws: FileError.self) { try FolderTree(below: folder.path.appending(FilePath("none"))) }
    }
}
