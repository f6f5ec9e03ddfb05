import Deblur
import Evaluation
import Files
import Images
import Kernels
import Tiles

/// Where `--dump-stages` puts its pictures.
struct StageFolder {
    private let dump: StageDump
    private let folder: FilePath

    init(_ served: Model, folder: FilePath, threads: Int) {
        self.folder = folder
        // The team lives as long as the dump; its members sleep while nothing is dumped.
        dump = StageDump(served.network, tile: served.tile, team: ThreadTeam(threads: threads))
    }

    /// Before the picture is restored in place. Files are named after the result.
    func write(_ raster: Raster, of item: ImageBatch.Item, _ options: RestorationOptions) throws {
        var name = FilePath("picture")
        if case .file(let path) = item.output, path.descriptor == nil, let last = path.lastComponent {
            name = last.withoutExtension
        }
        try dump.write(
            raster, name: name, into: folder, policy: options.exit, mode: options.mode, blend: options.blend)
    }
}
