/// A `multipart/form-data` body in its parts (RFC 7578).
public struct MultipartForm: Sendable {
    /// One part. Its content is a range of the body: nothing is copied.
    public struct Part: Sendable {
        public let name: String
        /// What the client calls its file; never a path to be used.
        public let filename: String?
        public let contentType: MediaType?
        public let headers: HTTPHeaders
        /// Where the content lies in the body.
        public let range: Range<Int>
    }

    /// Bounds of what is taken apart.
    public struct Limits: Sendable {
        public var parts = 64
        public var headerBytes = 8 << 10

        public init() {}
    }

    /// What is wrong with a form, in words for the client.
    public struct Failure: Error, Sendable {
        public let detail: String
    }

    public let parts: [Part]
}
