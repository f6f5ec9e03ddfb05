import HTTP

/// What a client prefers (RFC 7240).
struct Preferences: Sendable {
    /// `respond-async` (§4.1). With `wait` (§4.3) beside it the answer is the same: 202 at once.
    let respondAsync: Bool

    init(_ headers: HTTPHeaders) {
        respondAsync = headers.list("Prefer").contains { preference in
            // preference = token [ BWS "=" BWS word ] *( OWS ";" [ OWS parameter ] ); an empty value is none.
            let parts = preference.split(separator: ";", omittingEmptySubsequences: false)[0]
                .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].filter { $0 != " " && $0 != "\t" }.lowercased()
            let value = parts.count == 2 ? parts[1].filter { $0 != " " && $0 != "\t" } : ""
            return name == "respond-async" && (value.isEmpty || value == "\"\"")
        }
    }
}
