import Files
import Images
import Tiles

extension FilePath {
    /// Tiles of a picture, judged by its header; nil where it cannot be told.
    ///
    /// - Parameter grid: of so many pixels across and down.
    public func tiles(_ grid: (_ width: Int, _ height: Int) throws -> TileGrid) -> Int? {
        guard let header = imageHeader else { return nil }
        return try? grid(header.width, header.height).count
    }

    /// What a picture's file says of it; nil where it cannot be read. A pipe or device is not touched.
    private var imageHeader: ImageHeader? {
        guard kind == .file else { return nil }
        // Nearly every header ends within the first part; a large profile or preview may stand before the size.
        for count in [1 << 18, Int.max >> 1] {
            guard let bytes = try? count > 1 << 18 ? FileInput.file(self).read() : FileInput.file(self).head(count)
            else { return nil }
            if let header = try? ImageHeader.read(bytes) { return header }
            if bytes.count < count { return nil }
        }
        return nil
    }
}
