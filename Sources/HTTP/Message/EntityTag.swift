/// Comparing entity tags (RFC 9110 §8.8.3, §13.1.2).
public enum EntityTag {
    /// Whether If-None-Match, as a list of its elements, names the tag: weak comparison; `*` names any.
    ///
    /// - Parameter tag: with its quotation marks.
    public static func isNamed(_ tag: String, in elements: [String]) -> Bool {
        elements.contains { $0 == "*" || strong($0) == strong(tag) }
    }

    private static func strong(_ tag: String) -> Substring { tag.hasPrefix("W/") ? tag.dropFirst(2) : tag[...] }
}
