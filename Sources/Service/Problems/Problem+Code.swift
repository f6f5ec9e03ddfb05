extension Problem {
    /// The machine-readable reason. Clients branch on it: names never change.
    public enum Code: String, Sendable, CaseIterable {
        case badParameter = "bad_parameter"
        case badRequest = "bad_request"
        case unauthorized
        case notFound = "not_found"
        case methodNotAllowed = "method_not_allowed"
        case notAcceptable = "not_acceptable"
        case timeout = "request_timeout"
        case bodyTooLarge = "body_too_large"
        case targetTooLong = "uri_too_long"
        case unsupportedMediaType = "unsupported_media_type"
        case expectationFailed = "expectation_failed"
        case badImage = "bad_image"
        case tooManyPixels = "too_many_pixels"
        case tooSmall = "too_small"
        case queueFull = "queue_full"
        case headerTooLarge = "header_too_large"
        case internalError = "internal_error"
        case notImplemented = "not_implemented"
        case draining
        case loading
        case versionNotSupported = "version_not_supported"

        /// A few words for people; the same for every occurrence (RFC 9457 §3.1.3).
        public var title: String {
            switch self {
            case .badParameter: "A parameter is out of range"
            case .badRequest: "The request is malformed"
            case .unauthorized: "A valid API key is needed"
            case .notFound: "There is nothing here"
            case .methodNotAllowed: "The method is not allowed here"
            case .notAcceptable: "No acceptable format"
            case .timeout: "The request took too long to arrive"
            case .bodyTooLarge: "The body is too large"
            case .targetTooLong: "The request target is too long"
            case .unsupportedMediaType: "Not a JPEG or PNG image"
            case .expectationFailed: "The expectation cannot be met"
            case .badImage: "The image cannot be decoded"
            case .tooManyPixels: "The image is too large"
            case .tooSmall: "The image is too small"
            case .queueFull: "Too much work is waiting"
            case .headerTooLarge: "The header is too large"
            case .internalError: "The service failed"
            case .notImplemented: "Not implemented"
            case .draining: "The service is shutting down"
            case .loading: "The service is not ready yet"
            case .versionNotSupported: "The HTTP version is not supported"
            }
        }
    }
}
