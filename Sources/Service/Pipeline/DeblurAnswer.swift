import Deblur
import HTTP
import Images
import Tiles

/// What is said about a result besides its bytes: the header of the answer, kept with the result of a job.
struct DeblurAnswer: Sendable, Codable, Equatable {
    /// Seconds of each stage.
    struct Timing: Sendable, Codable, Equatable {
        var queue = 0.0
        var decode = 0.0
        var infer = 0.0
        var encode = 0.0

        private var stages: [(name: String, seconds: Double)] {
            [("queue", queue), ("decode", decode), ("infer", infer), ("encode", encode)]
        }

        /// `Server-Timing` (W3C), durations in milliseconds.
        var header: String {
            stages.map { "\($0.name);dur=\(($0.seconds * 1e4).rounded() / 10)" }.joined(separator: ", ")
        }

        var isSound: Bool { stages.allSatisfy { $0.seconds.isFinite && $0.seconds >= 0 } }
    }

    /// Tiles that left earlier than they would have without a deadline.
    struct Shortfall: Sendable, Codable, Equatable {
        /// After a shallower sub-decoder.
        var shallower: Int
        /// Left as they came. Tiles that were not even looked at count, though some of them may be sharp.
        var untouched: Int

        init?(_ report: RestorationReport) {
            let tiles = report.tiles.filter(\.isCutShort)
            guard !tiles.isEmpty else { return nil }
            untouched = tiles.count { $0.exit == 0 }
            shallower = tiles.count - untouched
        }

        var header: String { "shallower=\(shallower), untouched=\(untouched)" }

        var isSound: Bool { shallower >= 0 && untouched >= 0 }
    }

    var format: String
    /// With its quotation marks; nil where equal input need not give equal bytes.
    var etag: String?
    var timing: Timing
    var tiles: Int
    /// Tiles by exit.
    var exits: [Int: Int]
    var anomalies: Int
    /// What a deadline cost; nil where it cost nothing.
    var deadline: Shortfall?
    /// `name@digest` of the model that made it.
    var model: String

    init(_ plan: DeblurPlan, _ report: RestorationReport, _ timing: Timing, _ model: Model) {
        format = plan.format.rawValue
        etag = plan.etag
        self.timing = timing
        tiles = report.grid.count
        exits = report.exits
        anomalies = report.anomalies
        deadline = Shortfall(report)
        self.model = model.reference
    }

    /// The header fields, without those of the connection and the request.
    var headers: HTTPHeaders {
        var headers: HTTPHeaders = ["Content-Type": "image/\(format)"]
        if let etag { headers.add("ETag", etag) }
        headers.add("Server-Timing", timing.header)
        headers.add("Deblur-Tiles", String(tiles))
        headers.add("Deblur-Exits", Self.text(of: exits))
        if let deadline { headers.add("Deblur-Deadline", deadline.header) }
        headers.add("Deblur-Model", model)
        if anomalies > 0 { headers.add("Deblur-Anomalies", String(anomalies)) }
        return headers
    }

    /// The head of the answer that brings the result.
    func response(plan: DeblurPlan) -> Response {
        var response = Response(.ok, headers: headers)
        if plan.parameters.format == .auto { response.headers.add("Vary", "Accept") }
        return response
    }

    /// `1=2, 4=6`: two tiles left after sub-decoder 1, six after 4.
    static func text(of exits: [Int: Int]) -> String {
        exits.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }

    /// Whether one that was read from disk can be sent.
    var isSound: Bool {
        ImageFormat(rawValue: format) != nil && timing.isSound && tiles >= 1 && anomalies >= 0
            && deadline?.isSound ?? true && exits.count <= 1024 && exits.allSatisfy { $0.key >= 0 && $0.value >= 0 }
            && model.utf8.count <= 512
            && etag?.wholeMatch(of: /"[A-Za-z0-9]{1,64}"/) != nil
    }
}
