import Evaluation
import Files
import Foundation
import Testing

/// Data sets as they come, and what is no data set.
struct PairTests {
    private func names(_ pairs: [ImagePair]) -> [String] {
        pairs.map { "\($0.name): \($0.blur.lastComponent!) \($0.sharp.lastComponent!)" }
    }

    @Test func goproHoldsBothSidesAndTheBlurTwice() throws {
        let scene = try Scene()
        for number in ["000010", "000002"] {
            for side in ["blur", "blur_gamma", "sharp"] { try scene.touch("test/GOPR01/\(side)/\(number).png") }
        }
        try scene.touch("test/GOPR01/frames.txt")
        let root = scene.path("test")
        let pairs = try ImagePair.find(blur: root, sharp: root)
        #expect(pairs.map(\.name) == ["GOPR01/000002", "GOPR01/000010"])
        #expect(pairs.allSatisfy { $0.blur.description.contains("/blur/") && $0.sharp.description.contains("/sharp/") })
        let linear = try ImagePair.find(
            blur: root.appending(FilePath("GOPR01/blur_gamma")), sharp: root.appending(FilePath("GOPR01/sharp")))
        #expect(linear.map(\.name) == ["000002", "000010"])
    }

    @Test func realBlurNamesTheSideInFolderAndFile() throws {
        let scene = try Scene()
        for number in 1...11 {
            try scene.touch("scene230/blur/blur_\(number).png")
            try scene.touch("scene230/gt/gt_\(number).png")
        }
        let pairs = try ImagePair.find(blur: scene.path(""), sharp: scene.path(""))
        #expect(pairs.map(\.name) == (1...11).map { "scene230/\($0)" })
        #expect(names(pairs)[9] == "scene230/10: blur_10.png gt_10.png")
    }

    @Test func hideKeepsTheSharpOnesInOneFolderForAll() throws {
        let scene = try Scene()
        try scene.touch("test/test-close-ups/12fromA.png")
        try scene.touch("test/test-long-shot/3fromB.png")
        for name in ["12fromA", "3fromB", "99fromTraining"] { try scene.touch("GT/\(name).png") }
        let pairs = try ImagePair.find(
            blur: scene.path("test"), sharp: scene.path("GT"))
        #expect(pairs.map { $0.sharp.lastComponent?.description } == ["12fromA.png", "3fromB.png"])
    }

    @Test func plainFoldersPairByName() throws {
        let scene = try Scene()
        for name in ["a2.jpg", "a10.jpg", "a1.JPG"] { try scene.touch("in/\(name)") }
        for name in ["a2.png", "a10.png", "a1.png", "left-over.png"] { try scene.touch("out/\(name)") }
        try scene.touch("in/.hidden.png")
        let pairs = try ImagePair.find(
            blur: scene.path("in"), sharp: scene.path("out"))
        #expect(names(pairs) == ["a1: a1.JPG a1.png", "a2: a2.jpg a2.png", "a10: a10.jpg a10.png"])
    }

    @Test func aBlurredPictureWithoutItsSharpOneIsNamed() throws {
        let scene = try Scene()
        for name in ["1", "2"] { try scene.touch("in/\(name).png") }
        try scene.touch("out/2.png")
        #expect(throws: EvaluationError.unpaired(names: ["1"], total: 2)) {
            try ImagePair.find(blur: scene.path("in"), sharp: scene.path("out"))
        }
    }

    /// The same name in two scenes must not be taken for one picture.
    @Test func namesThatOccurTwiceAreNotGuessed() throws {
        let scene = try Scene()
        try scene.touch("in/x/1.png")
        try scene.touch("in/y/1.png")
        try scene.touch("out/1.png")
        #expect(throws: EvaluationError.unpaired(names: ["x/1", "y/1"], total: 2)) {
            try ImagePair.find(blur: scene.path("in"), sharp: scene.path("out"))
        }
    }

    @Test func anEmptyFolderIsNamed() throws {
        let scene = try Scene()
        try scene.touch("in/readme.txt")
        let folder = scene.path("in")
        #expect(throws: EvaluationError.noPictures(path: "\(folder)")) {
            try ImagePair.find(blur: folder, sharp: folder)
        }
        let missing = scene.path("missing")
        #expect(throws: EvaluationError.noPictures(path: "\(missing)")) {
            try ImagePair.find(blur: missing, sharp: missing)
        }
    }

    @Test func twoFilesAreAPair() throws {
        let scene = try Scene()
        try scene.touch("a.png")
        try scene.touch("b.png")
        let pairs = try ImagePair.find(
            blur: scene.path("a.png"), sharp: scene.path("b.png"))
        #expect(names(pairs) == ["a.png: a.png b.png"])
    }

    /// One file on both sides says nothing: equal names, links and hard links.
    @Test func onePictureOnBothSidesIsSeen() throws {
        let scene = try Scene()
        for name in ["in/1.png", "in/2.png", "out/2.png"] { try scene.touch(name) }
        try FileManager.default.linkItem(
            at: scene.folder.appending(path: "in/1.png"), to: scene.folder.appending(path: "out/1.png"))
        let pairs = try ImagePair.find(blur: scene.path("in"), sharp: scene.path("out"))
        #expect(pairs.map(\.isOneFile) == [true, false])
        #expect(try ImagePair.find(blur: scene.path("in"), sharp: scene.path("in")).map(\.isOneFile) == [true, true])
    }

    @Test func namesAreBytes() throws {
        let scene = try Scene()
        let latin = FilePath(bytes: Array("caf".utf8) + [0xE9] + Array(".png".utf8))
        for side in ["in", "out"] {
            // Two files that a String would call one.
            for name in [FilePath("\u{E9}.png"), FilePath("e\u{301}.png"), latin] {
                let file = scene.path(side).appending(name)
                try file.parent.makeFolders()
                try FileOutput.file(file).write([])
            }
        }
        let pairs = try ImagePair.find(blur: scene.path("in"), sharp: scene.path("out"))
        #expect(pairs.map(\.key) == [latin.withoutExtension, FilePath("e\u{301}"), FilePath("\u{E9}")])
        #expect(pairs.allSatisfy { $0.blur.lastComponent == $0.sharp.lastComponent })
        #expect(pairs[0].name == "caf\\xE9")
    }

    /// A folder that came over another system has its names in another normalisation.
    @Test func namesMayDifferByNormalisationWhereNothingElseFits() throws {
        let scene = try Scene()
        try scene.touch("in/\u{E9}.png")
        try scene.touch("out/e\u{301}.png")
        let pairs = try ImagePair.find(blur: scene.path("in"), sharp: scene.path("out"))
        #expect(pairs.count == 1 && pairs[0].key == FilePath("\u{E9}") && pairs[0].sharp.lastComponent == FilePath("e\u{301}.png"))
    }

    @Test func whatThePictureIsDecidesWhereTheNameDoesNot() throws {
        let scene = try Scene()
        let pair = try scene.pair("p", width: 20, height: 20, seed: 1)
        for (side, file) in [("in", pair.blur), ("out", pair.sharp)] {
            for name in ["noextension", "x.webp", "cam.jfif"] {
                let target = scene.path("\(side)/\(name)")
                try target.parent.makeFolders()
                try FileOutput.file(target).write(FileInput.file(file).read())
            }
            try scene.touch("\(side)/README")
            try FileOutput.file(scene.path("\(side)/notes.txt")).write(FileInput.file(file).read())
        }
        let pairs = try ImagePair.find(blur: scene.path("in"), sharp: scene.path("out"))
        #expect(pairs.map(\.name) == ["cam", "noextension", "x.webp"])
        let listing = try PictureFolder(scene.path("in"))
        #expect(listing.leftOut.map(\.path) == [FilePath("README"), FilePath("notes.txt")])
        #expect(listing.leftOut.map(\.reason) == [.notAPicture, .notNamed])
    }
}
