/// A page of text that `deblur help NAME` prints; the man pages deblur-NAME(7) are made from the same text.
///
/// Its form: lines of at most 78 characters; a heading is a line in capitals at the left edge; text below it is indented by
/// four spaces, examples and tables by eight.
struct HelpPage: Sendable {
    let name: String
    let text: String

    static let all = [exits, formats]
}
