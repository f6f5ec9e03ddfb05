import CVersion
import Kernels

/// Which deblur this is.
public enum Version {
    /// The one place where the number stands. `Deploy/version` carries it to the files that have to repeat it and checks that
    /// they agree (docs/releasing.md).
    public static let current = "0.2.0"

    /// The commit that the program was built from, `1a2b3c4`; `1a2b3c4+` with changes that were not committed; `unknown` when
    /// the build was not told.
    public static let commit = String(cString: cversion_commit())

    /// What `deblur --version` prints: number, commit, and the kernels that this CPU gets.
    public static var line: String { "deblur \(current) (\(commit), \(KernelSet.best.name))" }
}
