import ArgumentParser

/// `deblur help`: the help of a command, as the parser has it, or a page of text on what users ask most.
struct HelpPageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "help", abstract: "Help of a command, or the page exits or formats.",
        discussion: "Pages: exits (who decides how deep a tile goes, and what the answer says of it), formats (what is read and written).",
        // The parser lists and completes a help of its own; that one would stand there twice.
        shouldDisplay: false)

    @Argument(help: "A command, or exits or formats.")
    var topic: String?

    func run() throws {
        guard let topic else { throw CleanExit.helpRequest(DeblurCommand.self) }
        if let page = HelpPage.all.first(where: { $0.name == topic }) {
            throw CleanExit.message(page.text)
        }
        let command = DeblurCommand.configuration.subcommands.first { $0._commandName == topic }
        guard let command else {
            let pages = HelpPage.all.map { $0.name }.joined(separator: ", ")
            throw ValidationError("there is no command and no page \"\(topic)\"; the pages are \(pages)")
        }
        throw CleanExit.message(DeblurCommand.helpMessage(for: command))
    }
}
