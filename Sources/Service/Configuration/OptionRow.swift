/// One option of `deblur serve`: the source of its flag, its environment twin, its help and its line in
/// docs/configuration.md.
public struct OptionRow: Sendable {
    /// As in `--max-body`.
    public let name: String
    /// What stands for the value in help: `SIZE`. Empty for a switch.
    public let placeholder: String
    /// A flag without a value; in the environment it is `yes` or `no`.
    public var isSwitch: Bool { placeholder.isEmpty }
    /// The value when nothing is said, as the user would write it; nil when it is worked out at start or absent.
    public let fallback: String?
    /// What help says of the default; nil when there is none.
    public let fallbackNote: String?
    public let help: String
    /// Heading in docs/configuration.md.
    public let section: Section
    let apply: @Sendable (_ text: String, _ source: String, inout ServeOptions) throws(OptionError) -> Void

    public enum Section: String, Sendable, CaseIterable {
        case listening = "Listening"
        case network = "Network and threads"
        case limits = "Limits"
        case time = "Time"
        case jobs = "Jobs"
        case trust = "Trust"
        case logs = "Logs"
    }

    /// As in `DEBLUR_MAX_BODY`.
    public var environment: String {
        "DEBLUR_" + String(name.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    /// For `--help`: what it does, its default, its environment twin.
    public var flagHelp: String {
        let note = fallbackNote.map { "default: \($0); " } ?? ""
        return "\(help) (\(note)env: \(environment))"
    }

    /// - Parameters:
    ///   - fallback: the default as text; `note` replaces it in help where the value depends on the machine.
    ///   - expected: the noun for an error message.
    ///   - parse: nil for text that is not a value of this option.
    init<Value>(
        _ name: String, _ placeholder: String, _ section: Section, default fallback: String? = nil,
        note: String? = nil, _ help: String, expected: String,
        _ field: any WritableKeyPath<ServeOptions, Value> & Sendable,
        _ parse: @escaping @Sendable (String) -> Value?
    ) {
        self.name = name
        self.placeholder = placeholder
        self.section = section
        self.fallback = fallback
        fallbackNote = note ?? fallback
        self.help = help
        apply = { (text, source, options) throws(OptionError) in
            guard let value = parse(text) else {
                throw OptionError(source: source, value: text, expected: expected)
            }
            options[keyPath: field] = value
        }
    }
}

/// A value of an option that cannot be used.
public struct OptionError: Error, Equatable, CustomStringConvertible {
    /// Where the value came from: `--port` or `DEBLUR_PORT`.
    public let source: String
    public let value: String
    /// What would have been right, as a noun: "a whole number from 0 to 65535".
    public let expected: String

    public var description: String { "\(source): \"\(value)\" is not \(expected)" }
}
