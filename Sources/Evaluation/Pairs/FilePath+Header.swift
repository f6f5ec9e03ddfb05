import Files
import Images

extension FilePath {
    /// What a picture's file says of it; nil where it cannot be read. A pipe or device is not touched.
    public var imageHeader: ImageHeader? {
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
