import HTTP
import Images
import Tiles

/// The answer with an image, and its headers.
struct DeblurAnswer {
    /// Seconds of each stage.
    struct Timing {
        var queue = 0.0
        var decode = 0.0
        var infer = 0.0
        var encode = 0.0

        /// `Server-Timing` (W3C), durations in milliseconds.
        var header: String {
            [("queue", queue), ("decode", decode), ("infer", infer), ("encode", encode)].map { name, seconds in
                "\(name);dur=\((seconds * 1e4).rounded() / 10)"
            }.joined(separator: ", ")
        }
    }

    static func response(
        _ bytes: [UInt8], plan: DeblurPlan, report: RestorationReport, timing: Timing, model: ServedModel,
        requestID: String
    ) -> Response {
        var response = Response(.ok, contentType: plan.format.mediaType, bytes)
        if let etag = plan.etag { response.headers.add("ETag", etag) }
        if plan.parameters.format == .auto { response.headers.add("Vary", "Accept") }
        response.headers.add("Server-Timing", timing.header)
        response.headers.add("Deblur-Tiles", String(report.grid.count))
        response.headers.add("Deblur-Exits", exits(report.exits))
        response.headers.add("Deblur-Model", model.reference)
        if report.anomalies > 0 { response.headers.add("Deblur-Anomalies", String(report.anomalies)) }
        response.headers.add("X-Request-Id", requestID)
        return response
    }

    /// `1=2, 4=6`: two tiles left after sub-decoder 1, six after 4.
    static func exits(_ counts: [Int: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }
}
