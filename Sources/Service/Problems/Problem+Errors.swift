import HTTP
import Images
import Tiles

/// The one place that turns each layer's errors into status, code and public text.
extension Problem {
    /// Never fails: what nobody foresaw is a 500 without details.
    static func describing(_ error: any Error) -> Problem {
        switch error {
        case let problem as Problem: problem
        case let error as ImageError: Problem(error)
        case let error as TilesError: Problem(error)
        case let error as MemoryBudget.Refusal: Problem(error, retryAfterSeconds: 1)
        case let error as MultipartForm.Failure: Problem(.badRequest, .badRequest, error.detail)
        case is QueryError:
            Problem(
                .badRequest, .badRequest, "The query is not percent-encoded UTF-8, or it has more than \(QueryItem.most) parameters.")
        default: .internalError
        }
    }

    private init(_ error: ImageError) {
        self =
            switch error {
            case .unsupportedFormat: .unsupportedMediaType
            case .unsupportedFeature, .truncated, .corrupt:
                Problem(.unprocessableContent, .badImage, error.description)
            case .tooManyPixels(let limit, let actual):
                Problem(
                    .unprocessableContent, .tooManyPixels,
                    "The image has \(actual) pixels; the service takes at most \(limit).", limit: limit, actual: actual)
            case .tooSmall(let limit, let actual):
                Problem(
                    .unprocessableContent, .tooSmall,
                    "The shorter side has \(actual) pixels; the service takes at least \(limit).",
                    limit: limit, actual: actual)
            case .cancelled: .internalError
            case .outOfMemory:
                Problem(
                    .serviceUnavailable, .queueFull, "There is not enough memory for this image now.",
                    retryAfterSeconds: 30)
            }
    }

    private init(_ error: TilesError) {
        self =
            switch error {
            case .queueFull(let full):
                .queueFull(
                    full.held > 0
                        ? "\(full.actual) tiles are waiting, and room for \(full.held) is held; the queue takes \(full.limit)."
                        : "\(full.actual) tiles are waiting; the queue takes \(full.limit).", limit: full.limit,
                    actual: full.actual, retryAfterSeconds: full.retryAfterSeconds)
            case .badOption(let name, _, let expected): .badParameter(name, expected)
            case .emptyImage: Problem(.unprocessableContent, .tooSmall, "The image has no pixels.")
            case .noMemory:
                Problem(
                    .serviceUnavailable, .queueFull, "There is not enough memory for this image now.",
                    retryAfterSeconds: 30)
            case .stopped: .draining
            case .badTileSize, .cancelled: .internalError
            }
    }

    /// - Parameter retryAfterSeconds: when there will be memory, as far as that is known.
    init(_ refusal: MemoryBudget.Refusal, retryAfterSeconds: Double) {
        self =
            switch refusal {
            case .tooLarge(let limit, let actual):
                Problem(
                    .unprocessableContent, .tooManyPixels,
                    "The image needs \(actual) bytes of memory; the service may use \(limit).",
                    limit: limit, actual: actual)
            case .full(let limit, let actual):
                .queueFull(
                    "Images in work use the service's memory of \(limit) bytes.", limit: limit, actual: actual,
                    retryAfterSeconds: retryAfterSeconds)
            }
    }

    /// 429.
    static func queueFull(_ detail: String, limit: Int, actual: Int, retryAfterSeconds: Double) -> Problem {
        Problem(
            .tooManyRequests, .queueFull, detail, limit: limit, actual: actual, retryAfterSeconds: whole(retryAfterSeconds, most: 3600))
    }

    /// 429 for the caller's own limit, however much room there is.
    static func rateLimited(limit: Int, retryAfterSeconds: Double) -> Problem {
        Problem(
            .tooManyRequests, .rateLimited, "This key may post no more photos now.", limit: limit,
            retryAfterSeconds: whole(retryAfterSeconds, most: 86_400))
    }

    /// A client that comes back too early only adds load: rounded up, at least one.
    private static func whole(_ seconds: Double, most: Double) -> Int { Int(min(most, max(1, seconds.rounded(.up)))) }
}
