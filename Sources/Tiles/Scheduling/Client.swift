/// What an image's owner lent: held until the image ends and not longer, since pictures and callbacks can be large.
struct Client: Sendable {
    let source: any TileSource
    /// nil for a dry run.
    let sink: (any RowSink)?
    let progress: (@Sendable (TileProgress) -> Void)?
    let completion: @Sendable (RestorationOutcome) -> Void
}
