import Files

/// Standard error and output. Names are written with the bytes that they have.
enum Console {
    /// A message. Who has closed standard error does not want any: failures are passed over.
    static func note(_ text: String) {
        try? FileOutput.file(FilePath("/dev/stderr")).write(ArgumentText.bytes(of: text))
    }

    /// - Throws: `FileError`.
    static func output(_ text: String) throws { try FileOutput.standardOutput.write(text) }
}
