import Foundation

/// Why pictures cannot be compared.
public enum EvaluationError: Error, Equatable, Sendable {
    /// A folder or file that is not there or holds no JPEG or PNG.
    case noPictures(path: String)
    /// Blurred pictures, or results, without a sharp one; `total` of them were looked at.
    case unpaired(names: [String], total: Int)
    /// Results that no blurred picture belongs to; `total` of them were looked at.
    case noBlurred(names: [String], total: Int)
    /// A blurred picture and its sharp one differ in size; pixels.
    case sizes(name: String, blur: [Int], sharp: [Int])
    /// A picture that is compared has another size than the sharp one; pixels.
    case resultSize(name: String, file: String, actual: [Int], sharp: [Int])
    /// Blurred and sharp pictures that are one file; `total` pairs were looked at.
    case onePicture(names: [String], total: Int)
    /// A tile whose output is not finite: the model is broken.
    case notFinite(name: String)
    /// A model that has no classes to calibrate exits for.
    case noClasses
    /// Thresholds that do not make as many classes as the model has.
    case thresholds(expected: Int, actual: Int)
}

extension EvaluationError: CustomStringConvertible, LocalizedError {
    public var description: String {
        switch self {
        case .noPictures(let path): return "there is no JPEG or PNG at \(path)"
        case .unpaired(let names, let total):
            return "\(names.count) of \(total) pictures have no sharp one: \(Self.list(names))"
        case .noBlurred(let names, let total):
            return "\(names.count) of \(total) results have no blurred one: \(Self.list(names))"
        case .sizes(let name, let blur, let sharp):
            return "\(name): the blurred picture has \(blur[0])×\(blur[1]) pixels, "
                + "the sharp one \(sharp[0])×\(sharp[1])"
        case .resultSize(let name, let file, let actual, let sharp):
            return "\(name): \(file) has \(actual[0])×\(actual[1]) pixels, the sharp picture \(sharp[0])×\(sharp[1])"
        case .onePicture(let names, let total):
            return "\(names.count) of \(total) pairs are one and the same file on both sides: \(Self.list(names))"
        case .notFinite(let name): return "\(name): the network's output is not finite"
        case .noClasses: return "the model has no degradation classes, so there is no exit table to write"
        case .thresholds(let expected, let actual):
            return "\(actual) thresholds make \(actual + 1) classes, the model has \(expected + 1)"
        }
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
    }

    public var errorDescription: String? { description }
}
