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
