import Deblur
import Foundation
import Images
import Tiles

let paths = CommandLine.arguments.dropFirst().map { URL(filePath: $0) }
guard paths.count == 3 else { fatalError("usage: sharpen MODEL PHOTO OUTPUT") }
let model = try ModelFile(contentsOf: paths[0]).model()
let photo = try Image.decode([UInt8](Data(contentsOf: paths[1])))

let scheduler = model.scheduler(threads: ProcessInfo.processInfo.activeProcessorCount)
let options = RestorationOptions(exit: try model.policy(ExitChoice()))
let pixels = RasterPixels(photo.raster)
let report = try scheduler.restore(source: pixels, sink: pixels, options: options)
scheduler.stop()

for tile in report.tiles {
    print("tile \(tile.index): class \(tile.degradationClass ?? 0), exit \(tile.exit ?? 0), \(Int(tile.milliseconds)) ms")
}
try Data(photo.encode()).write(to: paths[2])
