/// Carries the bytes of the command line through a parser that knows strings only.
///
/// What is not UTF-8 becomes a scalar of the last private-use plane per byte, U+10FF80 … U+10FFFF; those scalars
/// themselves, should somebody use them, travel in the same way. So every argument comes back as it was.
public enum ArgumentText {
    private static let base: UInt32 = 0x10_FF00
    private static let carriers: ClosedRange<UInt32> = 0x10_FF80...0x10_FFFF

    /// The process's arguments, without its own name.
    public static func arguments() -> [String] {
        (1..<max(1, Int(CommandLine.argc))).compactMap { index in
            CommandLine.unsafeArgv[index].map { start in
                let start = UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self)
                var count = 0
                while start[count] != 0 { count += 1 }
                return text(of: UnsafeBufferPointer(start: start, count: count))
            }
        }
    }

    public static func text(of bytes: some Sequence<UInt8>) -> String {
        let bytes = Array(bytes)
        if let text = String(validating: bytes, as: UTF8.self), isPlain(text) { return text }
        var text = String.UnicodeScalarView()
        forEachUTF8Part(of: bytes) { scalar, part in
            if let scalar, !carriers.contains(scalar.value) {
                text.append(scalar)
            } else {
                text.append(contentsOf: part.compactMap { Unicode.Scalar(base + UInt32($0)) })
            }
        }
        return String(text)
    }

    /// Whether a text that came from ``text(of:)`` stands for itself: its bytes were UTF-8.
    public static func isPlain(_ text: String) -> Bool {
        !text.unicodeScalars.contains { carriers.contains($0.value) }
    }

    /// The bytes of a text that came from ``text(of:)``, or of any other.
    public static func bytes(of text: String) -> [UInt8] {
        text.unicodeScalars.flatMap { scalar -> [UInt8] in
            carriers.contains(scalar.value) ? [UInt8(truncatingIfNeeded: scalar.value - base)] : Array(UTF8.encode(scalar)!)
        }
    }
}
