/// How the stored rows and columns lie on the upright picture (EXIF tag 0x0112).
///
/// The names say what has to be done with the stored pixels to see them upright.
public enum Orientation: Int, Sendable, CaseIterable {
    case upright = 1
    case mirror = 2
    case rotate180 = 3
    case flip = 4
    case transpose = 5
    case rotate90 = 6
    case transverse = 7
    case rotate270 = 8

    /// Whether width and height change places.
    public var swapsSides: Bool { rawValue >= 5 }
}
