import ArgumentParser
import Commands
import Deblur
import Foundation
import HTTP
import Service

struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Exit code 0 when the service is ready, else 1.",
        discussion: "For a container's check: reads DEBLUR_UNIX_SOCKET, DEBLUR_HOST and DEBLUR_PORT as serve does.")

    @Option(help: "Where the service is: http://HOST:PORT or unix:PATH.")
    var url: String?
    @Option(help: ArgumentHelp("Longest wait for an answer.", valueName: "time"))
    var timeout = "5s"

    func run() throws {
        guard let seconds = Quantity.seconds(timeout), seconds > 0 else {
            throw ValidationError("--timeout: a duration such as 5s is expected")
        }
        guard let target = HTTPProbe.Target(url ?? Self.fromEnvironment()) else {
            throw ValidationError("--url: http://HOST:PORT or unix:PATH is expected")
        }
        let answer: HTTPProbe.Answer
        do {
            answer = try HTTPProbe.get("/readyz", from: target, timeout: seconds)
        } catch {
            Console.note("not ready: \(error.call): \(error.reason)\n")
            throw ExitCode(1)
        }
        guard answer.status == 200 else {
            let text = answer.body.trimmingCharacters(in: .whitespacesAndNewlines)
            Console.note("not ready: status \(answer.status) \(text)\n")
            throw ExitCode(1)
        }
        print("ready")
    }

    private static func fromEnvironment() -> String {
        let environment = ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }
        if let path = environment[OptionRow.unixSocket.environment] { return "unix:\(path)" }
        var host = environment[OptionRow.host.environment] ?? "127.0.0.1"
        // Listening everywhere includes here.
        if host == "0.0.0.0" { host = "127.0.0.1" }
        if host == "::" { host = "::1" }
        if host.contains(":") { host = "[\(host)]" }
        return "http://\(host):\(environment[OptionRow.port.environment] ?? "8080")"
    }
}
