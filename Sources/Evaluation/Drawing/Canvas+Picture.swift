import Drawing

extension Canvas {
    init(_ picture: ByteImage) { self.init(width: picture.width, height: picture.height, bytes: picture.bytes) }

    var picture: ByteImage { ByteImage(width: width, height: height, bytes: bytes) }
}
