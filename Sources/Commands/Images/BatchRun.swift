import Files

/// The work on a batch, file after file.
struct BatchRun {
    private let batch: ImageBatch
    private let restorer: ImageRestorer
    private let skipped: Set<FilePath>
    private let keepGoing: Bool
    private let quiet: Bool
    private let line: ProgressLine?

    init(_ batch: ImageBatch, _ restorer: ImageRestorer, skipExisting: Bool, keepGoing: Bool, quiet: Bool) {
        self.batch = batch
        self.restorer = restorer
        self.keepGoing = keepGoing
        self.quiet = quiet
        let outputs = batch.items.compactMap { if case .file(let path) = $0.output { path } else { nil } }
        let skipped = skipExisting ? Set(outputs.filter { $0.descriptor == nil && $0.kind == .file }) : []
        self.skipped = skipped
        line =
            quiet
            ? nil
            : ProgressLine(
                totalTiles: batch.items.reduce(0) {
                    $0 + (skipped.contains($1.output.path) ? 0 : restorer.tiles(of: $1) ?? 0)
                })
    }

    /// One entry per input. Failures are named as they happen.
    func run() -> [ImageReport.File] {
        defer { line?.clear() }
        var hasFailed = false
        return batch.items.map { item in
            if hasFailed, !keepGoing { return ImageReport.File(item, .notTried) }
            if skipped.contains(item.output.path) { return ImageReport.File(item, .skipped) }
            do {
                let entry = try restore(item)
                if !quiet, entry.isFlattened == true {
                    line?.clear()
                    Console.note("\(item.name): its transparency was laid over white, JPEG has none\n")
                }
                return entry
            } catch {
                hasFailed = true
                var entry = ImageReport.File(item, .failed)
                entry.error = CommandFailure.reason(error)
                line?.clear()
                // The output is to blame where the system refuses it.
                let isOutput = (error as? FileError).map { $0.path == item.output.path } ?? false
                let name = isOutput ? item.output.path.description : item.name
                Console.note("deblur: \(name): \(CommandFailure.reason(error))\n")
                return entry
            }
        }
    }

    private func restore(_ item: ImageBatch.Item) throws -> ImageReport.File {
        line?.start(item.name)
        let line = line
        let isExpected = line == nil || restorer.tiles(of: item) != nil
        return try restorer.run(item) { progress in
            if !isExpected, progress.done == 1 { line?.expect(progress.total) }
            line?.advance()
        }
    }
}
