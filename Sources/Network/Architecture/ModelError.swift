/// Why a model cannot be used although its file could be read.
public enum ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The tensor names do not describe an AdaRevD: what is missing to tell.
    case notAdaRevD(String)
    /// A part of AdaRevD that this version does not run.
    case unsupported(String)
    /// Noise for the kernel codes of an encoder that has none.
    case noiseWithoutBlur
    /// The file's own description does not fit its tensors or itself.
    case configuration(field: String, String)

    public var description: String {
        switch self {
        case .notAdaRevD(let reason): "not an AdaRevD model: \(reason)"
        case .unsupported(let part): "not supported: \(part)"
        case .noiseWithoutBlur: "kernel noise is for UFPNet encoders; this one has no kernels"
        case .configuration(let field, let reason): "the model's description is wrong in \(field): \(reason)"
        }
    }
}
