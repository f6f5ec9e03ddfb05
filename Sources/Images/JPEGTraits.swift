/// What is particular to a JPEG file and is kept when it is written again.
public struct JPEGTraits: Sendable, Equatable {
    /// How many luma samples share one chroma sample, horizontally and vertically: (1, 1) is 4:4:4, (2, 1) 4:2:2,
    /// (2, 2) 4:2:0, (1, 2) 4:4:0, (4, 1) 4:1:1.
    public struct Subsampling: Sendable, Hashable {
        public var horizontal: Int
        public var vertical: Int

        public init(horizontal: Int, vertical: Int) {
            self.horizontal = horizontal
            self.vertical = vertical
        }

        public static let none = Subsampling(horizontal: 1, vertical: 1)

        /// The same on a picture whose sides have changed places.
        var transposed: Subsampling { Subsampling(horizontal: vertical, vertical: horizontal) }
    }

    /// As stored; of a turned picture ``Image/encode(_:)`` turns it too. (1, 1) for gray and for layouts that have
    /// no name.
    public var subsampling: Subsampling
    /// 1…100 on libjpeg's scale: the setting whose tables are nearest to those of the file. Nil when the tables come
    /// after the header.
    public var quality: Int?
    public var isProgressive: Bool
    public var isArithmetic: Bool
    /// Memory of the coefficients when they all have to be held: more than one scan. 0 otherwise.
    var coefficientBytes: Int

    package init(
        subsampling: Subsampling, quality: Int?, isProgressive: Bool, isArithmetic: Bool,
        coefficientBytes: Int
    ) {
        self.subsampling = subsampling
        self.quality = quality
        self.isProgressive = isProgressive
        self.isArithmetic = isArithmetic
        self.coefficientBytes = coefficientBytes
    }
}
