import Files

/// Standard error and output. Names are written with the bytes that they have.
package enum Console {
    /// A message. Who has closed standard error does not want any: failures are passed over.
    package static func note(_ text: String) {
        try? FileOutput.file(FilePath("/dev/stderr")).write(ArgumentText.bytes(of: text))
    }

    /// - Throws: `FileError`.
    package static func output(_ text: String) throws { try FileOutput.standardOutput.write(text) }
}
