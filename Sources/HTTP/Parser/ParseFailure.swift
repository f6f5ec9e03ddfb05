/// Why a message cannot be read on. The connection ends after the answer: where the next message would begin is not
/// known.
package struct ParseFailure: Error, Sendable, Equatable {
    package let status: HTTPStatus
    package let code: String
    package let detail: String
    /// The number that was exceeded, where one was.
    package var limit: Int?

    static func broken(_ detail: String) -> ParseFailure {
        ParseFailure(status: .badRequest, code: "bad_request", detail: detail)
    }

    static func tooLarge(limit: Int) -> ParseFailure {
        ParseFailure(
            status: .contentTooLarge, code: "content_too_large",
            detail: "The body is larger than \(limit) bytes.", limit: limit)
    }

    static func headerTooLarge(_ detail: String, limit: Int) -> ParseFailure {
        ParseFailure(status: .headerFieldsTooLarge, code: "header_fields_too_large", detail: detail, limit: limit)
    }

    /// The answer's content.
    var problem: Problem {
        Problem(
            status, code: code, detail: detail, members: limit.map { [("limit", .integer($0))] } ?? [],
            closesConnection: true)
    }
}
