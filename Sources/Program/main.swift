import ArgumentParser
import Files
import Foundation

StandardStreams.holdClosed()
// A client that leaves while an answer is written is an error of that write, not the end of the process.
signal(SIGPIPE, SIG_IGN)

var running: (any ParsableCommand.Type)?
do {
    var command = try DeblurCommand.parseAsRoot(ArgumentText.arguments())
    running = type(of: command)
    try command.run()
} catch {
    DeblurCommand.finish(with: error, in: running)
}
