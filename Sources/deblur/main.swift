import ArgumentParser
import Foundation

// A client that leaves while an answer is written is an error of that write, not the end of the process.
signal(SIGPIPE, SIG_IGN)

do {
    var command = try DeblurCommand.parseAsRoot()
    try command.run()
} catch {
    DeblurCommand.finish(with: error)
}
