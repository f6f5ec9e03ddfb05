import Files
import Testing

struct FilePathTests {
    private func path(_ bytes: [UInt8]) -> FilePath { FilePath(bytes: bytes) }

    @Test func equalOnlyByBytes() {
        // é in one scalar and in two: one String, two files.
        let (composed, decomposed) = (FilePath("\u{E9}.jpg"), FilePath("e\u{301}.jpg"))
        #expect("\u{E9}.jpg" == "e\u{301}.jpg" && composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect([FilePath("é"), FilePath("z"), FilePath("a")].sorted() == [FilePath("a"), FilePath("z"), FilePath("é")])
    }

    @Test func namesThatAreNotUTF8AreKeptAndShown() {
        let name = path(Array("caf".utf8) + [0xE9] + Array(".JPG".utf8))
        #expect(name.text == nil && name.description == "caf\\xE9.JPG" && name.fileExtension == "jpg")
        #expect(FilePath("a\u{1B}[2Jb\n").description == "a\\x1B[2Jb\\x0A")
        #expect(path([0xC3, 0x28, 0xE2, 0x82]).description == "\\xC3(\\xE2\\x82")
        #expect(path([0x61, 0, 0x62]) == FilePath("a"))
    }

    @Test(arguments: [
        ("a/b.png", "a", "b.png", "png"), ("b.PNG", ".", "b.PNG", "png"), ("/b", "/", "b", nil), ("a//b/", "a/", "b", nil),
        ("a/.hidden", "a", ".hidden", nil), ("x.", ".", "x.", nil), ("a.b/c", "a.b", "c", nil),
    ])
    func parts(_ text: String, _ parent: String, _ name: String, _ ending: String?) {
        let path = FilePath(text)
        #expect(path.parent == FilePath(parent) && path.lastComponent == FilePath(name))
        #expect(path.fileExtension == ending)
    }

    @Test func partsOfTheRootAndOfNothing() {
        #expect(FilePath("/").parent == FilePath("/") && FilePath("/").lastComponent == nil)
        #expect(FilePath("").parent == FilePath(".") && FilePath("").lastComponent == nil)
        #expect(FilePath("a").appending(FilePath("b")) == FilePath("a/b"))
        #expect(FilePath("a/").appending(FilePath("b")) == FilePath("a/b"))
        #expect(FilePath("").appending(FilePath("b")) == FilePath("b"))
        #expect(FilePath("x/a.tar.gz").replacingExtension(with: "png") == FilePath("x/a.tar.png"))
        #expect(FilePath("x.y/a").replacingExtension(with: "png") == FilePath("x.y/a.png"))
    }

    @Test func descriptorsAsShellsNameThem() {
        #expect(FilePath("/dev/stdin").descriptor == 0 && FilePath("/dev/stdout").descriptor == 1)
        #expect(FilePath("/dev/fd/63").descriptor == 63 && FilePath("/proc/self/fd/7").descriptor == 7)
        #expect(FilePath("/dev/fd/").descriptor == nil && FilePath("/dev/fd/-1").descriptor == nil)
        #expect(FilePath("dev/stdin").descriptor == nil)
    }

    /// Everything that can stand on a command line comes back, whatever it is.
    @Test func argumentsSurviveTheParser() {
        var random = SystemRandomNumberGenerator()
        let fixed: [[UInt8]] = [
            [], Array("plain".utf8), Array("naïve €".utf8), [0xFF], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            Array("\u{10FF80}\u{10FFFF}\u{10FF00}".utf8), [0x61, 0xE9, 0x2F, 0xC3, 0xA9],
        ]
        let drawn = (0..<500).map { _ in
            (0..<Int.random(in: 1...12, using: &random)).map { _ in UInt8.random(in: 1...255, using: &random) }
        }
        for bytes in fixed + drawn { #expect(ArgumentText.bytes(of: ArgumentText.text(of: bytes)) == bytes, "\(bytes)") }
        #expect(ArgumentText.text(of: "naïve €".utf8) == "naïve €")
    }
}
