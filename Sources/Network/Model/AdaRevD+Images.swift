import Kernels

/// Encoding of whole images (specification 11, mode A).
extension AdaRevD {
    public func imageEncodingBytes(height: Int, width: Int, tileSide: Int) -> Int? {
        WholeImageEncoding.bytes(
            size: MapSize(height: height, width: width), width: architecture.width, tileSide: tileSide,
            hasBlurBranch: architecture.encoder == .ufpnet)
    }

    public func makeImageEncoding(
        height: Int, width: Int, tileSide: Int, team: ThreadTeam
    ) -> (any ImageEncoding)? {
        WholeImageEncoding(
            encoder, size: MapSize(height: height, width: width), width: architecture.width, tileSide: tileSide,
            kernels: kernels, team: team)
    }

    public func encode(
        tileAtRow row: Int, column: Int, height: Int, width: Int, of image: any ImageEncoding, classify: Bool,
        in workspace: Workspace
    ) -> TileAssessment {
        guard let image = image as? WholeImageEncoding, image.isComplete else {
            preconditionFailure("not a complete encoding of this network")
        }
        precondition(
            [row, column, height, width].allSatisfy { $0 >= 0 && $0 % 16 == 0 } && height > 0 && width > 0
                && row + height <= image.size(atScale: 0).height && column + width <= image.size(atScale: 0).width,
            "a tile of \(height)×\(width) pixels at \(row), \(column)")
        workspace.prepare(MapSize(height: height, width: width))
        workspace.timed("features") {
            for scale in 0...4 {
                let c = workspace.channels(atScale: scale), from = image.size(atScale: scale).width * c
                let to = workspace.size(atScale: scale), start = (row >> scale) * from + (column >> scale) * c
                workspace.team.parallelFor(to.height) { y in
                    (workspace.maps[scale] + y * to.width * c).update(
                        from: image.maps[scale] + start + y * from, count: to.width * c)
                }
            }
        }
        return assess(classify: classify, in: workspace)
    }
}
