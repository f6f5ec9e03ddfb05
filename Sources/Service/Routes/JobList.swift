import Deblur
import HTTP

extension JobListQuery {
    static let names = ["state", "limit", "after"]
    private static let usualLimit = 50
    private static let mostInPage = 500

    /// - Throws: ``Problem`` `bad_parameter` that names the parameter, never its value.
    init(_ items: [QueryItem], accounts: [String]) throws(Problem) {
        self.init(accounts: accounts, limit: Self.usualLimit)
        try items.readEach(of: Self.names) { item throws(Problem) in
            switch item.name {
            case "state":
                guard let state = JobState(rawValue: item.value) else {
                    throw .badParameter("state", "one of \(JobState.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                self.state = state
            case "limit":
                guard let limit = Quantity.whole(item.value), (1...Self.mostInPage).contains(limit) else {
                    throw .badParameter("limit", "a whole number from 1 to \(Self.mostInPage)")
                }
                self.limit = limit
            default:
                guard let after = JobID(item.value) else { throw .noSuchPage }
                self.after = after
            }
        }
    }
}

/// `GET /jobs` on the wire.
struct JobListDocument: Encodable {
    let jobs: [JobDocument]
    /// What the next page is asked for with; null on the last one.
    let next: String?

    init(_ jobs: [JobDocument], next: JobID?) {
        self.jobs = jobs
        self.next = next?.text
    }

    enum CodingKeys: CodingKey { case jobs, next }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(jobs, forKey: .jobs)
        try values.encode(next, forKey: .next)
    }
}
