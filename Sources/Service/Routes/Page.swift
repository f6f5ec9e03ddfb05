import HTTP

/// The page in `Public/` and the files it asks for. Public even where a key is needed: a browser cannot send one when it
/// loads a page, and there is nothing in it that is not in the release.
struct Page: Sendable {
    /// Scripts and styles from here alone, pictures from here or made by the page; nobody may frame it.
    private static let headers: HTTPHeaders = [
        "Content-Security-Policy":
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
            + "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
        "Referrer-Policy": "no-referrer",
    ]

    private let files: StaticFiles
    private let paths: Set<String>

    /// - Throws: `StaticFiles.Failure` when the folder cannot be read.
    init(folder: String) throws(StaticFiles.Failure) {
        files = try StaticFiles(folder: folder, headers: Self.headers)
        paths = Set(files.paths.map { "/" + $0 } + ["/"])
    }

    /// Whether a request's path is one of the page's files.
    func holds(_ head: RequestHead) -> Bool { paths.contains(head.target.path) }

    /// Answers with the file; 405 for other methods, 404 where there is none.
    func answer(_ exchange: Exchange) {
        guard holds(exchange.head) else {
            return exchange.refuse(Problem(.notFound, code: "not_found", detail: "There is nothing under this path."))
        }
        guard let response = files.response(to: exchange.head) else {
            return exchange.refuse(
                Problem(
                    .methodNotAllowed, code: "method_not_allowed", detail: "The page's files are only read.",
                    headers: ["Allow": "GET, HEAD, OPTIONS"]))
        }
        exchange.respond(response)
    }
}
