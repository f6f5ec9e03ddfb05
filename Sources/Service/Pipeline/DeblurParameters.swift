import Deblur
import Foundation
import HTTP
import Images

/// The parameters of `POST /deblur`, from the query or from text parts of a form. Parsed once, at the edge.
struct DeblurParameters: Sendable, Equatable {
    enum Format: String, Sendable, CaseIterable { case auto, jpeg, png }

    var exit = ExitChoice()
    var strength: Float = 1
    var format = Format.auto
    /// JPEG, 1…100; nil: by the input.
    var quality: Int?
    var metadata = EncodeOptions.MetadataPolicy.keep
    /// Seconds.
    var deadlineSeconds: Double?
    var dryRun = false

    static let names = ["exit", "tau", "strength", "format", "quality", "metadata", "deadline", "dry_run"]

    /// - Throws: ``Problem`` `bad_parameter` that names the parameter, never its value.
    init(_ items: [QueryItem]) throws(Problem) {
        try items.readEach(of: Self.names) { item throws(Problem) in try set(item.name, item.value) }
        if exit.fixed != nil, exit.tau != nil {
            throw .badParameter("tau", "left out where exit is a number: it derives adaptive exits")
        }
    }

    /// The same parameters as they would have to be sent; defaults are left out.
    var items: [QueryItem] {
        let values: [(String, String?)] = [
            ("exit", exit.fixed.map { String($0) }), ("tau", exit.tau.map { Self.text($0) }),
            ("strength", strength == 1 ? nil : Self.text(Double(strength))),
            ("format", format == .auto ? nil : format.rawValue), ("quality", quality.map { String($0) }),
            ("metadata", metadata == .keep ? nil : metadata.rawValue),
            ("deadline", deadlineSeconds.map { Self.text($0) }), ("dry_run", dryRun ? "1" : nil),
        ]
        return values.compactMap { name, value in value.map { QueryItem(name: name, value: $0) } }
    }

    /// Digits and a point, as ``Quantity/decimal(_:)`` reads them: the same number again.
    private static func text(_ number: Double) -> String {
        let short = "\(number)"
        return short.contains("e") ? String(format: "%.330f", number) : short
    }

    private mutating func set(_ name: String, _ value: String) throws(Problem) {
        switch name {
        case "exit":
            do { exit.fixed = try ExitChoice.fixedExit(value) } catch {
                throw .badParameter("exit", "\"adaptive\" or the number of a sub-decoder")
            }
        case "tau": exit.tau = try Self.number(value, "tau", 0...100, "a number of decibels from 0 to 100")
        case "strength": strength = Float(try Self.number(value, "strength", 0...1, "a number from 0 to 1"))
        case "format":
            guard let format = Format(rawValue: value) else {
                throw .badParameter("format", "auto, jpeg or png")
            }
            self.format = format
        case "quality":
            guard let quality = Quantity.whole(value), (1...100).contains(quality) else {
                throw .badParameter("quality", "a whole number from 1 to 100")
            }
            self.quality = quality
        case "metadata":
            guard let metadata = EncodeOptions.MetadataPolicy(rawValue: value) else {
                throw .badParameter("metadata", "keep or strip")
            }
            self.metadata = metadata
        case "deadline":
            let seconds = try Self.number(value, "deadline", 0...86_400, "a number of seconds above 0, at most 86400")
            guard seconds > 0 else { throw .badParameter("deadline", "a number of seconds above 0, at most 86400") }
            deadlineSeconds = seconds
        default:
            guard value == "0" || value == "1" else { throw .badParameter("dry_run", "0 or 1") }
            dryRun = value == "1"
        }
    }

    private static func number(
        _ text: String, _ name: String, _ range: ClosedRange<Double>, _ expected: String
    ) throws(Problem) -> Double {
        guard let number = Quantity.decimal(text), range.contains(number) else {
            throw .badParameter(name, expected)
        }
        return number
    }
}

extension [QueryItem] {
    /// Reads the items in order.
    ///
    /// - Throws: ``Problem`` `bad_parameter` for a name that is not known, or comes twice; what `read` throws.
    func readEach(of known: [String], _ read: (QueryItem) throws(Problem) -> Void) throws(Problem) {
        var seen: Set<String> = []
        for item in self {
            guard known.contains(item.name) else {
                throw Problem(
                    .badRequest, .badParameter,
                    "There is an unknown parameter; these are known: \(known.joined(separator: ", ")).")
            }
            guard seen.insert(item.name).inserted else {
                throw Problem(.badRequest, .badParameter, "The parameter \(item.name) comes twice.")
            }
            try read(item)
        }
    }
}
