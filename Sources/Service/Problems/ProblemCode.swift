/// The machine-readable reasons of the service's own refusals. Clients branch on them: names never change. What is
/// wrong with a message itself (408, 413, 414, 431, …) is the HTTP layer's to say.
public enum ProblemCode: String, Sendable, CaseIterable {
    case badParameter = "bad_parameter"
    case badRequest = "bad_request"
    case unauthorized
    case notAcceptable = "not_acceptable"
    case preconditionFailed = "precondition_failed"
    case misdirected
    case unsupportedMediaType = "unsupported_media_type"
    case badImage = "bad_image"
    case tooManyPixels = "too_many_pixels"
    case tooSmall = "too_small"
    case queueFull = "queue_full"
    case rateLimited = "rate_limited"
    case internalError = "internal_error"
    case draining
    case loading
    case notFound = "not_found"
    case notFinished = "not_finished"
    case expired
    case abandoned
    case insufficientStorage = "insufficient_storage"

    /// A few words for people; the same for every occurrence (RFC 9457 §3.1.3).
    var title: String {
        switch self {
        case .badParameter: "A parameter is out of range"
        case .badRequest: "The request is malformed"
        case .unauthorized: "A valid API key is needed"
        case .notAcceptable: "No acceptable format"
        case .preconditionFailed: "The client has this result"
        case .misdirected: "Not an encrypted connection"
        case .unsupportedMediaType: "Not a JPEG or PNG image"
        case .badImage: "The image cannot be decoded"
        case .tooManyPixels: "The image is too large"
        case .tooSmall: "The image is too small"
        case .queueFull: "Too much work is waiting"
        case .rateLimited: "The key's rate is used up"
        case .internalError: "The service failed"
        case .draining: "The service is shutting down"
        case .loading: "The service is not ready yet"
        case .notFound: "There is no such job"
        case .notFinished: "The job is not finished"
        case .expired: "The result is gone"
        case .abandoned: "The job was given up"
        case .insufficientStorage: "The service has no room for jobs"
        }
    }
}
