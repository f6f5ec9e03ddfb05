import Foundation

/// What a model answered for the known tile where it was trusted: samples of the residual at every exit, and the
/// classifier's outputs. It lies beside the model as `NAME.selftest.json`, written by `deblur selftest --write`.
public struct KnownAnswer: Codable, Sendable, Equatable {
    /// SHA-256 of the model file, hexadecimal. An answer of another file says nothing, and is an error: either the
    /// model or the answer is not what it should be.
    public var digest: String
    /// The classifier's outputs; empty without one.
    public var logits: [Float]
    /// Per exit 1…K: residuals at evenly spaced places of the known tile.
    public var residuals: [[Float]]

    public init(digest: String, logits: [Float], residuals: [[Float]]) {
        self.digest = digest
        self.logits = logits
        self.residuals = residuals
    }

    /// Largest accepted difference of a residual: a quarter of an 8-bit level. Kernels of different instruction sets
    /// differ by a hundredth of that; a wrong weight or a miscompiled kernel by far more. With operands of 8 bits
    /// (bf16) two and a half levels; the default model differs by 1.2e-3.
    public static func tolerance(precision: String) -> Float { precision == "fp32" ? 1e-3 : 1e-2 }
    /// Largest accepted difference of a classifier output, relative to the largest output (at least 1).
    public static let logitTolerance: Float = 1e-2

    /// Where the answer of a model file is kept.
    public static func location(of model: URL) -> URL {
        model.deletingPathExtension().appendingPathExtension("selftest.json")
    }

    /// The stored answer of a model file; nil when there is none.
    ///
    /// - Throws: ``Unreadable``.
    public static func beside(_ model: URL) throws -> KnownAnswer? {
        let url = location(of: model)
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        do {
            return try JSONDecoder().decode(KnownAnswer.self, from: Data(contentsOf: url))
        } catch {
            throw Unreadable(file: url.lastPathComponent)
        }
    }

    /// A stored answer that is there and cannot be read.
    public struct Unreadable: Error, Equatable, CustomStringConvertible {
        let file: String

        public var description: String {
            "\(file), the model's stored answer, cannot be read: deblur selftest --write makes it anew, without it the tile is only checked for sense"
        }
    }

    public func write(beside model: URL) throws {
        try (JSON.encode(self, pretty: true) + Data("\n".utf8)).write(
            to: Self.location(of: model), options: .atomic)
    }
}
