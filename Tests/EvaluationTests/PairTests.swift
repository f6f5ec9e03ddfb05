import Evaluation
import Foundation
import Testing

/// Data sets as they come, and what is no data set.
struct PairTests {
    private func names(_ pairs: [ImagePair]) -> [String] {
        pairs.map { "\($0.name): \($0.blur.lastPathComponent) \($0.sharp.lastPathComponent)" }
    }

    @Test func goproHoldsBothSidesAndTheBlurTwice() throws {
        let scene = try Scene()
        for number in ["000010", "000002"] {
            for side in ["blur", "blur_gamma", "sharp"] { try scene.touch("test/GOPR01/\(side)/\(number).png") }
        }
        try scene.touch("test/GOPR01/frames.txt")
        let root = scene.folder.appending(path: "test")
        let pairs = try ImagePair.find(blur: root, sharp: root)
        #expect(pairs.map(\.name) == ["GOPR01/000002", "GOPR01/000010"])
        #expect(pairs.allSatisfy { $0.blur.path.contains("/blur/") && $0.sharp.path.contains("/sharp/") })
        let linear = try ImagePair.find(
            blur: root.appending(path: "GOPR01/blur_gamma"), sharp: root.appending(path: "GOPR01/sharp"))
        #expect(linear.map(\.name) == ["000002", "000010"])
    }

    @Test func realBlurNamesTheSideInFolderAndFile() throws {
        let scene = try Scene()
        for number in 1...11 {
            try scene.touch("scene230/blur/blur_\(number).png")
            try scene.touch("scene230/gt/gt_\(number).png")
        }
        let pairs = try ImagePair.find(blur: scene.folder, sharp: scene.folder)
        #expect(pairs.map(\.name) == (1...11).map { "scene230/\($0)" })
        #expect(names(pairs)[9] == "scene230/10: blur_10.png gt_10.png")
    }

    @Test func hideKeepsTheSharpOnesInOneFolderForAll() throws {
        let scene = try Scene()
        try scene.touch("test/test-close-ups/12fromA.png")
        try scene.touch("test/test-long-shot/3fromB.png")
        for name in ["12fromA", "3fromB", "99fromTraining"] { try scene.touch("GT/\(name).png") }
        let pairs = try ImagePair.find(
            blur: scene.folder.appending(path: "test"), sharp: scene.folder.appending(path: "GT"))
        #expect(pairs.map(\.sharp.lastPathComponent) == ["12fromA.png", "3fromB.png"])
    }

    @Test func plainFoldersPairByName() throws {
        let scene = try Scene()
        for name in ["a2.jpg", "a10.jpg", "a1.JPG"] { try scene.touch("in/\(name)") }
        for name in ["a2.png", "a10.png", "a1.png", "left-over.png"] { try scene.touch("out/\(name)") }
        try scene.touch("in/.hidden.png")
        let pairs = try ImagePair.find(
            blur: scene.folder.appending(path: "in"), sharp: scene.folder.appending(path: "out"))
        #expect(names(pairs) == ["a1: a1.JPG a1.png", "a2: a2.jpg a2.png", "a10: a10.jpg a10.png"])
    }

    @Test func aBlurredPictureWithoutItsSharpOneIsNamed() throws {
        let scene = try Scene()
        for name in ["1", "2"] { try scene.touch("in/\(name).png") }
        try scene.touch("out/2.png")
        #expect(throws: EvaluationError.unpaired(names: ["1"], total: 2)) {
            try ImagePair.find(blur: scene.folder.appending(path: "in"), sharp: scene.folder.appending(path: "out"))
        }
    }

    /// The same name in two scenes must not be taken for one picture.
    @Test func namesThatOccurTwiceAreNotGuessed() throws {
        let scene = try Scene()
        try scene.touch("in/x/1.png")
        try scene.touch("in/y/1.png")
        try scene.touch("out/1.png")
        #expect(throws: EvaluationError.unpaired(names: ["x/1", "y/1"], total: 2)) {
            try ImagePair.find(blur: scene.folder.appending(path: "in"), sharp: scene.folder.appending(path: "out"))
        }
    }

    @Test func anEmptyFolderIsNamed() throws {
        let scene = try Scene()
        try scene.touch("in/readme.txt")
        let folder = scene.folder.appending(path: "in")
        #expect(throws: EvaluationError.noPictures(path: folder.path)) {
            try ImagePair.find(blur: folder, sharp: folder)
        }
        let missing = scene.folder.appending(path: "missing")
        #expect(throws: EvaluationError.noPictures(path: missing.path)) {
            try ImagePair.find(blur: missing, sharp: missing)
        }
    }

    @Test func twoFilesAreAPair() throws {
        let scene = try Scene()
        try scene.touch("a.png")
        try scene.touch("b.png")
        let pairs = try ImagePair.find(
            blur: scene.folder.appending(path: "a.png"), sharp: scene.folder.appending(path: "b.png"))
        #expect(names(pairs) == ["a.png: a.png b.png"])
    }
}
