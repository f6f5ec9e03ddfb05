import Deblur

/// What `GET /model` answers: the model, and beside it what this service takes and how fast it is, so that a client can
/// tell before an upload what will become of it.
struct ModelDocument: Encodable {
    /// What holds for every photo sent to this service.
    struct Limits: Encodable {
        let maxBodyBytes: Int
        let maxPixels: Int
        /// Of a tile at the deepest exit that the model's table asks for, on the service without other work; measured
        /// lately, and before the first photo with the known tile.
        let secondsPerTile: Double
        /// For how long the results of jobs are kept.
        let resultTTLSeconds: Double

        enum CodingKeys: String, CodingKey {
            case maxBodyBytes = "max_body_bytes"
            case maxPixels = "max_pixels"
            case secondsPerTile = "seconds_per_tile"
            case resultTTLSeconds = "result_ttl_seconds"
        }
    }

    private enum CodingKeys: CodingKey { case service }

    let model: ModelSummary
    let service: Limits

    init(_ engine: Engine, options: ServeOptions) {
        model = engine.model.summary
        service = Limits(
            maxBodyBytes: options.maxBodyBytes, maxPixels: options.maxPixels, secondsPerTile: engine.secondsPerTile,
            resultTTLSeconds: options.resultTTLSeconds)
    }

    /// The service's part beside the model's own keys.
    func encode(to encoder: any Encoder) throws {
        try model.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(service, forKey: .service)
    }
}
