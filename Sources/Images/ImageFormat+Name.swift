extension ImageFormat {
    /// The format that a file's extension tells, in lower case and without its dot; nil where it tells none of ours.
    /// Cameras and browsers write JPEG under all of these.
    public init?(fileExtension: String) {
        switch fileExtension {
        case "jpg", "jpeg", "jpe", "jfif", "jfi", "jif": self = .jpeg
        case "png": self = .png
        default: return nil
        }
    }
}
