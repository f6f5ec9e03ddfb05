import Foundation

/// How long tests wait for what must come. A sanitizer makes everything many times slower: it says by how much
/// (Tests/sanitizers/run), and every wait is that much longer. What a test proves stays the same; times that are the thing
/// proved are not scaled.
public enum Patience {
    /// `DEBLUR_TEST_PATIENCE`; 1 without it.
    public static let factor = max(1, ProcessInfo.processInfo.environment["DEBLUR_TEST_PATIENCE"].flatMap { Double($0) } ?? 1)

    /// On an ordinary machine so many seconds are far more than enough.
    public static func seconds(_ seconds: Double) -> Double { seconds * factor }
}
