/// What every depth of the network makes of one tile of a pair.
package struct CalibrationTile: Sendable, Equatable {
    /// Number of the picture.
    package var image: Int
    /// Class by the PSNR between blurred and sharp tile (specification 7.4), 0 = hardest.
    package var label: Int
    /// Class by the model's classifier; nil without one.
    package var predicted: Int?
    /// dB against the sharp tile, at depth 0 (the blurred tile) … K, before any clamp.
    package var psnr: [Double]
    /// Sum of squared byte differences at each depth over the pixels that are nearer to this tile's middle than to its
    /// neighbours', as 8-bit results.
    package var squares: [Double]
    /// How many bytes `squares` runs over.
    package var bytes: Int

    package init(image: Int, label: Int, predicted: Int?, psnr: [Double], squares: [Double], bytes: Int) {
        self.image = image
        self.label = label
        self.predicted = predicted
        self.psnr = psnr
        self.squares = squares
        self.bytes = bytes
    }

    /// What each sub-decoder gains over its predecessor, the first over the blurred tile; nil when a tile equals its
    /// sharp one, whose PSNR is no number.
    var gains: [Double]? {
        let gains = zip(psnr, psnr.dropFirst()).map { $1 - $0 }
        return gains.allSatisfy(\.isFinite) ? gains : nil
    }
}
