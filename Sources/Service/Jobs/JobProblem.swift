import HTTP

/// Why a job failed, as it is kept and shown: a problem object (RFC 9457) with the id of the request that brought the
/// photo.
struct JobProblem: Sendable, Codable, Equatable {
    var status: Int
    var code: String
    var title: String
    var detail: String
    var limit: Int?
    var actual: Int?
    var requestID: String

    init(_ problem: Problem, requestID: String) {
        status = problem.status.rawValue
        code = problem.code
        title = problem.title ?? problem.status.reason
        detail = problem.detail
        for (name, value) in problem.members {
            guard case .integer(let number) = value else { continue }
            if name == "limit" { limit = number }
            if name == "actual" { actual = number }
        }
        self.requestID = requestID
    }

    /// The same problem as an answer.
    var problem: Problem {
        var members: [(name: String, value: Problem.Value)] = []
        if let limit { members.append(("limit", .integer(limit))) }
        if let actual { members.append(("actual", .integer(actual))) }
        return Problem(
            HTTPStatus(rawValue: status), code: code, title: title, detail: detail, members: members)
    }

    var isSound: Bool {
        (400...599).contains(status) && code.utf8.count <= 64 && title.utf8.count <= 256 && detail.utf8.count <= 4096
            && RequestID.isAcceptable(requestID)
    }
}

extension JobProblem {
    /// On the wire; ``JobProblem`` itself is the form on disk.
    struct Document: Encodable {
        let type = "about:blank"
        let status: Int
        let code, title, detail, request_id: String
        let limit, actual: Int?
    }

    var document: Document {
        Document(
            status: status, code: code, title: title, detail: detail, request_id: requestID, limit: limit,
            actual: actual)
    }
}
