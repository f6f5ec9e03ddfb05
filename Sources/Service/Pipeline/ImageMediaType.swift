/// The media types of the images that are read and written, and the other names that clients have for them.
enum ImageMediaType {
    /// By the name that a client may use, the registered one.
    static let aliases = ["image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"]
    /// All names under which an image may come. An animated PNG is read as its first picture.
    static let uploads = Set(aliases.keys).union(aliases.values).union(["image/apng"])
}
