import Deblur
import Digests
import HTTP
import Images
import Network
import Tiles

/// Everything about a request that is settled before a pixel is decoded.
struct DeblurPlan: Sendable {
    let parameters: DeblurParameters
    let header: ImageHeader
    let grid: TileGrid
    let policy: ExitPolicy
    let format: ImageFormat
    /// Nil where equal input need not give equal bytes: with a deadline they depend on the clock.
    let etag: String?
    /// The most memory the image takes, bytes.
    let bytes: Int

    /// - Throws: ``Problem``, `ImageError`, `TilesError`.
    init(_ image: RawSpan, _ parameters: DeblurParameters, accepted: AcceptedTypes, engine: Engine) throws {
        self.parameters = parameters
        header = try ImageHeader.read(image)
        try engine.limits.check(header)
        grid = try engine.scheduler.grid(width: header.width, height: header.height)
        do {
            policy = try engine.model.policy(parameters.exit)
        } catch let error as ExitChoiceError {
            throw Problem(
                .badRequest, .badParameter,
                "The parameter \(error.parameter) does not fit the model: \(error.reason).")
        }
        format = try Self.format(parameters.format, input: header.format, accepted: accepted, parameters.dryRun)
        if format == .jpeg, !parameters.dryRun, max(header.width, header.height) > Self.longestJPEGSide {
            throw ImageError.unsupportedFeature("JPEG with a side over \(Self.longestJPEGSide) pixels")
        }
        bytes = engine.bytes(for: header, grid: grid, as: format)
        etag =
            parameters.deadlineSeconds == nil && !parameters.dryRun
            ? Self.entityTag(image, parameters, policy, format, engine.model) : nil
    }

    /// libjpeg's limit.
    private static let longestJPEGSide = 65_500

    var encodeOptions: EncodeOptions {
        EncodeOptions(format: format, quality: parameters.quality, metadata: parameters.metadata)
    }

    /// As `format` says; `auto`: as Accept says, and the input's where that is as good as the other.
    static func format(
        _ wanted: DeblurParameters.Format, input: ImageFormat, accepted: AcceptedTypes, _ isDryRun: Bool
    ) throws(Problem) -> ImageFormat {
        switch wanted {
        case .jpeg: return .jpeg
        case .png: return .png
        case .auto:
            if isDryRun { return input }
            let other = input == .jpeg ? ImageFormat.png : .jpeg
            guard let type = accepted.preferred(among: [input.mediaType, other.mediaType]) else {
                throw .notAcceptable
            }
            return type == input.mediaType ? input : other
        }
    }

    /// A strong validator (RFC 9110 §8.8.1) of the answer, known before it is computed, because equal input gives equal
    /// bytes: input, model, everything that changes the result, and the kernels, whose rounding differs by CPU.
    private static func entityTag(
        _ image: RawSpan, _ parameters: DeblurParameters, _ policy: ExitPolicy, _ format: ImageFormat,
        _ model: Model
    ) -> String {
        var hash = SHA256()
        hash.update(
            """
            \(Version.current) \(model.summary.digest) \(model.summary.precision) \(model.kernels) \(policy) \
            \(parameters.strength) \(format) \(parameters.quality ?? 0) \(parameters.metadata)\n
            """)
        image.withUnsafeBytes { hash.update($0) }
        return "\"\(hash.finalize().hex.prefix(32))\""
    }
}
