import ArgumentParser
import Images

/// What a result is written as.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case jpeg, png
    /// The unclamped float32 numbers of the network.
    case npy

    /// As an extension tells; nil where it tells none of these.
    init?(fileExtension: String) {
        if fileExtension == "npy" {
            self = .npy
        } else {
            guard let format = ImageFormat(fileExtension: fileExtension) else { return nil }
            self.init(format)
        }
    }

    init(_ format: ImageFormat) { self = format == .png ? .png : .jpeg }

    /// What files of it are called.
    var fileExtension: String { self == .jpeg ? "jpg" : rawValue }
}
