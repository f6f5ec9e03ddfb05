import Files
import Images
import Kernels
import Network
import Tiles

/// Makes the network visible on one picture: each sub-decoder's output, what it changed against the one before (the
/// paper's Fig. 3), and the class and exit of every tile.
///
/// Holds a float picture per sub-decoder: 12 bytes · K per pixel.
public struct StageDump {
    private let exits: EveryExit
    private let tile: TileSize

    /// - Parameters:
    ///   - tile: of the model.
    ///   - team: whose members share each step.
    ///   - network: the model.
    public init(_ network: any TileNetwork, tile: TileSize, team: ThreadTeam) {
        self.tile = tile
        exits = EveryExit(network, tile: tile, team: team)
    }

    struct Stages {
        /// Depth 0 (the input) … K, blended, `(height, width, 3)`.
        var outputs: [FloatImage]
        var classes: [Int?]
        var exits: [Int]
    }

    private func stages(
        of input: FloatImage, _ grid: TileGrid, _ policy: ExitPolicy, _ blend: BlendStyle
    ) throws -> Stages {
        let rows = BlendWeights(axis: grid.rows, style: blend)
        let columns = BlendWeights(axis: grid.columns, style: blend)
        let outputs = [input] + (0..<exits.subDecoders).map { _ in input.copy() }
        var stages = Stages(outputs: outputs, classes: [], exits: [])
        let image = try exits.open(input, grid)
        for index in 0..<grid.count {
            let rectangle = grid[index]
            let (row, column) = grid.position(of: index)
            let (rowWeights, columnWeights) = (rows.values[row], columns.values[column])
            let (assessment, exit) = try image.run(index, policy: policy) { depth, residual in
                let pixels = outputs[depth].pixels
                for y in 0..<rectangle.height {
                    let line = ((rectangle.y + y) * input.width + rectangle.x) * 3
                    for i in 0..<rectangle.width * 3 {
                        pixels[line + i] +=
                            residual[y * grid.tileWidth * 3 + i] * (rowWeights[y] * columnWeights[i / 3])
                    }
                }
            }
            stages.classes.append(assessment.degradationClass)
            stages.exits.append(exit)
        }
        return stages
    }

    /// Writes the PNGs of a picture: `NAME-output-1…K.png`, `NAME-change-1…K.png` and `NAME-exits.png`.
    ///
    /// - Parameters:
    ///   - policy: decides the exits that are shown; the stages are those of full depth.
    ///   - mode: what the encoder sees at a time.
    ///   - gain: how much changes are amplified; gray is no change.
    ///   - raster: the picture.
    ///   - name: what the files are called after.
    ///   - folder: where they go.
    ///   - blend: how overlapping tiles are weighted.
    /// - Returns: the files.
    /// - Throws: `ImageError`, `TilesError`, `FileError`.
    @discardableResult
    public func write(
        _ raster: Raster, name: FilePath, into folder: FilePath, policy: ExitPolicy, mode: EncodingMode = .tile,
        blend: BlendStyle = .edgeSafe, gain: Float = 8
    ) throws -> [FilePath] {
        let grid = try TileGrid(width: raster.width, height: raster.height, tile: tile, mode: mode)
        let stages = try stages(of: raster.floats(), grid, policy, blend)
        var files: [FilePath] = []
        func save(_ picture: ByteImage, _ what: String) throws {
            let file = folder.appending(FilePath(bytes: name.bytes + Array("-\(what).png".utf8)))
            try picture.write(to: file)
            files.append(file)
        }
        for depth in 1..<stages.outputs.count {
            let (output, before) = (stages.outputs[depth], stages.outputs[depth - 1])
            try save(Self.picture(output), "output-\(depth)")
            let change = FloatImage(width: output.width, height: output.height)
            for i in change.pixels.indices {
                change.pixels[i] = 0.5 + gain * (output.pixels[i] - before.pixels[i])
            }
            try save(Self.picture(change), "change-\(depth)")
        }
        try save(
            ExitOverlay(
                grid: grid, classes: stages.classes, exits: stages.exits, subDecoders: stages.outputs.count - 1
            ).draw(on: ByteImage(raster)), "exits")
        return files
    }

    private static func picture(_ image: FloatImage) -> ByteImage {
        ByteImage(width: image.width, height: image.height, values: UnsafeBufferPointer(image.pixels))
    }
}

extension FloatImage {
    fileprivate func copy() -> FloatImage {
        let copy = FloatImage(width: width, height: height)
        _ = copy.pixels.update(fromContentsOf: pixels)
        return copy
    }
}
