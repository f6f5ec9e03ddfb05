import Files

/// A blurred picture and its sharp one.
public struct ImagePair: Sendable, Equatable {
    /// The path below the folder, without extension and without what only tells blurred from sharp.
    public var key: FilePath
    public var blur: FilePath
    public var sharp: FilePath

    public init(key: FilePath, blur: FilePath, sharp: FilePath) {
        self.key = key
        self.blur = blur
        self.sharp = sharp
    }

    /// For tables.
    public var name: String { key.description }

    /// Whether both sides are one file: there is nothing to compare.
    public var isOneFile: Bool {
        guard let blurred = try? blur.status(), let truth = try? sharp.status() else { return false }
        return blurred.identity == truth.identity
    }
}

extension ImagePair {
    /// Pairs the pictures of two folders, in natural order of their names.
    ///
    /// Knows the layouts in which the data sets come: GoPro (`SCENE/blur/000001.png`, `SCENE/sharp/000001.png`),
    /// RealBlur (`SCENE/blur/blur_1.png`, `SCENE/gt/gt_1.png`), HIDE (`test/…/1.png`, `GT/1.png`), and two plain
    /// folders with equal names. Both folders may be the same one that holds all. Sharp pictures may be left over,
    /// blurred ones not. Two files are a pair as well.
    ///
    /// - Throws: ``EvaluationError``: `noPictures`, `unpaired`; `FileError` for a folder that cannot be listed.
    public static func find(blur: FilePath, sharp: FilePath) throws -> [ImagePair] {
        if blur.kind != .folder, sharp.kind != .folder {
            for file in [blur, sharp] where file.kind == nil { throw EvaluationError.noPictures(path: "\(file)") }
            return [ImagePair(key: blur.lastComponent ?? blur, blur: blur, sharp: sharp)]
        }
        let blurred = try PictureSide(folder: blur, role: .blurred).pictures
        let truths = SharpPictures(try PictureSide(folder: sharp, role: .sharp).pictures)
        let names = Dictionary(grouping: blurred, by: \.name)
        var pairs: [ImagePair] = []
        var missing: [String] = []
        for picture in blurred {
            if let truth = truths.find(picture, isNameUnique: names[picture.name]?.count == 1) {
                pairs.append(ImagePair(key: picture.key, blur: picture.file, sharp: truth.file))
            } else {
                missing.append(picture.key.description)
            }
        }
        guard missing.isEmpty else { throw EvaluationError.unpaired(names: missing, total: blurred.count) }
        return pairs
    }
}

/// The sharp pictures by what blurred ones may be called.
private struct SharpPictures {
    private let byKey: [FilePath: [PictureSide.Picture]]
    private let byName: [FilePath: [PictureSide.Picture]]
    /// Strings are equal when they differ by normalisation only, as names do that came over another system.
    private let byText: [String: [PictureSide.Picture]]

    init(_ pictures: [PictureSide.Picture]) {
        byKey = Dictionary(grouping: pictures, by: \.key)
        byName = Dictionary(grouping: pictures, by: \.name)
        byText = Dictionary(grouping: pictures.filter { $0.key.text != nil }) { $0.key.text ?? "" }
    }

    /// Where the folders' trees differ, a name that occurs once on both sides will do.
    func find(_ picture: PictureSide.Picture, isNameUnique: Bool) -> PictureSide.Picture? {
        let candidates =
            byKey[picture.key] ?? picture.key.text.flatMap { byText[$0] } ?? (isNameUnique ? byName[picture.name] : nil)
        return candidates?.count == 1 ? candidates?.first : nil
    }
}
