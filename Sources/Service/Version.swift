/// What `deblur --version` prints.
public enum Version {
    /// The one place where the number stands. `Deploy/version` carries it to the files that have to repeat it and checks that
    /// they agree (docs/releasing.md).
    public static let current = "0.2.0"
}
