import HTTP

/// A refusal of the service. `detail` is public text: it may name a parameter of ours or a number, never repeat what
/// the client sent.
extension Problem {
    init(
        _ status: HTTPStatus, _ code: ProblemCode, _ detail: String, limit: Int? = nil, actual: Int? = nil,
        retryAfterSeconds: Int? = nil, headers: HTTPHeaders = HTTPHeaders(), closesConnection: Bool = false
    ) {
        var headers = headers
        if let retryAfterSeconds { headers.add("Retry-After", String(retryAfterSeconds)) }
        var members: [(name: String, value: Problem.Value)] = []
        if let limit { members.append(("limit", .integer(limit))) }
        if let actual { members.append(("actual", .integer(actual))) }
        self.init(
            status, code: code.rawValue, title: code.title, detail: detail, members: members, headers: headers,
            closesConnection: closesConnection)
    }

    /// Its code, where it is one of the service's own.
    var serviceCode: ProblemCode? { ProblemCode(rawValue: code) }

    static func badParameter(_ name: String, _ expected: String) -> Problem {
        Problem(.badRequest, .badParameter, "The parameter \(name) has to be \(expected).")
    }

    static let unauthorized = Problem(
        .unauthorized, .unauthorized, "Send one of the service's keys as \"Authorization: Bearer KEY\".",
        headers: ["WWW-Authenticate": "Bearer realm=\"deblur\""])

    static let unsupportedMediaType = Problem(
        .unsupportedMediaType, .unsupportedMediaType,
        "Send a JPEG or PNG image as the body, or multipart/form-data with a file part named image.",
        headers: ["Accept-Post": "image/jpeg, image/png, multipart/form-data"])

    static let notAcceptable = Problem(
        .notAcceptable, .notAcceptable, "The answer can be image/jpeg or image/png; Accept allows neither.")

    /// RFC 9110 §7.4.
    static let misdirected = Problem(
        .misdirectedRequest, .misdirected,
        "The target is an https URI, but the connection is not encrypted, and no trusted proxy says that the client's was.")

    static let draining = Problem(
        .serviceUnavailable, .draining, "The service is shutting down and takes no new work.", retryAfterSeconds: 5,
        closesConnection: true)

    static func loading(_ reason: String) -> Problem {
        Problem(.serviceUnavailable, .loading, reason, retryAfterSeconds: 5)
    }

    static let noSuchJob = Problem(
        .notFound, .notFound, "There is no job of this name, or not any more.")

    static let expired = Problem(
        .gone, .expired, "The job and its result were kept for as long as results are, or were deleted.")

    static let cancelled = Problem(.gone, .expired, "The job was cancelled: it has no result.")

    static let abandoned = Problem(
        .internalServerError, .abandoned,
        "The service ended three times while it worked on this photo; it is not tried again.")

    static let unreadable = Problem(
        .internalServerError, .abandoned, "The service cannot read what it kept of this job; it is not tried again.")

    /// A transfer whose memory others need.
    static let tooSlow = Problem(
        .tooManyRequests, .queueFull,
        "Memory is short, and of all requests this one came in most slowly. Send it again, or over a faster line.",
        retryAfterSeconds: 5, closesConnection: true)

    static func notFinished(_ retryAfterSeconds: Int) -> Problem {
        Problem(.conflict, .notFinished, "The result is not there yet.", retryAfterSeconds: retryAfterSeconds)
    }

    /// 507 (RFC 4918 §11.5).
    static func insufficientStorage(
        _ detail: String, limit: Int? = nil, actual: Int? = nil, retryAfterSeconds: Int
    ) -> Problem {
        Problem(
            .insufficientStorage, .insufficientStorage, detail, limit: limit, actual: actual,
            retryAfterSeconds: retryAfterSeconds)
    }

    static func tooManyJobs(limit: Int, actual: Int, retryAfterSeconds: Int) -> Problem {
        .insufficientStorage(
            "The service keeps as many jobs as it may for this caller; what is deleted does not count.", limit: limit, actual: actual,
            retryAfterSeconds: retryAfterSeconds)
    }

    static let noSuchPage = badParameter("after", "the `next` of a page of your jobs; that job is not kept any more, or never was")

    static let internalError = Problem(
        .internalServerError, .internalError, "The service failed; the request's id leads to its log.")
}
