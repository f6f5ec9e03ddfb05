import Foundation

/// A blurred picture and its sharp one.
public struct ImagePair: Sendable, Equatable {
    /// For tables: the path below the folder, without what only tells blurred from sharp.
    public var name: String
    public var blur: URL
    public var sharp: URL

    public init(name: String, blur: URL, sharp: URL) {
        self.name = name
        self.blur = blur
        self.sharp = sharp
    }
}
