import HTTP

/// What a body holds: the image's bytes within it, and parameters where it was a form.
struct DeblurUpload: Sendable {
    let imageRange: Range<Int>
    let parameters: [QueryItem]

    /// How a body will be read, judged by the head alone.
    enum Kind: Sendable, Equatable {
        case raw
        case form(boundary: String)
    }

    /// Content-Types that say nothing about an image: what curl and fetch send when nobody told them better.
    private static let generic = [
        "application/octet-stream", "application/x-www-form-urlencoded", "binary/octet-stream", "image/*",
        "application/binary",
    ]

    /// - Throws: ``Problem`` 415 for what is neither an image that is read here nor unknown; 400 for a broken type.
    static func kind(of head: RequestHead) throws(Problem) -> Kind {
        if let coding = head.headers["Content-Encoding"], coding.lowercased() != "identity" {
            // RFC 9110 §8.4: 415, with Accept-Encoding saying what would be read.
            throw Problem(
                .unsupportedMediaType, .unsupportedMediaType, "Send the body without a Content-Encoding.",
                headers: ["Accept-Encoding": "identity"])
        }
        guard let text = head.headers["Content-Type"] else { return .raw }
        guard let type = MediaType(text) else {
            throw Problem(.badRequest, .badRequest, "Content-Type is not a media type.")
        }
        if type.essence == "multipart/form-data" {
            guard let boundary = type.parameters["boundary"], !boundary.isEmpty else {
                throw Problem(.badRequest, .badRequest, "Content-Type multipart/form-data lacks its boundary.")
            }
            return .form(boundary: boundary)
        }
        guard ImageMediaType.uploads.contains(type.essence) || generic.contains(type.essence) else { throw .unsupportedMediaType }
        return .raw
    }

    /// - Throws: ``Problem``, `MultipartForm.Failure`.
    init(_ body: [UInt8], _ kind: Kind) throws {
        switch kind {
        case .raw:
            imageRange = body.indices
            parameters = []
        case .form(let boundary):
            let form = try MultipartForm(body: body, boundary: boundary)
            let images = form.parts.filter { $0.name == "image" }
            guard images.count == 1 else {
                throw Problem(.badRequest, .badRequest, "The form has to hold one file part named image.")
            }
            imageRange = images[0].range
            parameters = try form.parts.filter { $0.name != "image" }.map { part in
                guard part.filename == nil, part.range.count <= 256, DeblurParameters.names.contains(part.name),
                    let value = String(validating: body[part.range], as: UTF8.self)
                else {
                    throw Problem(
                        .badRequest, .badParameter,
                        "Besides image, the form may hold these parameters as short texts: "
                            + "\(DeblurParameters.names.joined(separator: ", ")).")
                }
                return QueryItem(name: part.name, value: value)
            }
        }
        guard !imageRange.isEmpty else { throw Problem(.badRequest, .badRequest, "There are no bytes of an image.") }
    }
}

/// The media types of the images that are read and written, and the other names that clients have for them.
enum ImageMediaType {
    /// By the name that a client may use, the registered one.
    static let aliases = ["image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"]
    /// All names under which an image may come. An animated PNG is read as its first picture.
    static let uploads = Set(aliases.keys).union(aliases.values).union(["image/apng"])
}
