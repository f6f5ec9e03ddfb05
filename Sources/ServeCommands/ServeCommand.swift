import ArgumentParser
import Commands
import Deblur
import Dispatch
import Files
import Foundation
import Kernels
import Logging
import Service

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Runs the HTTP service.",
        discussion: "SIGTERM and SIGINT end it in good order; a second one ends it at once.")

    @OptionGroup var flags: ServeFlags

    /// For whoever reads the log to take the last lines; nobody may be there.
    private static let lastWordsSeconds = 0.5

    func run() throws {
        let options: ServeOptions
        do {
            options = try ServeOptions(flags: flags.given, environment: ProcessInfo.processInfo.environment)
        } catch {
            throw ValidationError(error.description)
        }
        Machine.boundAllocator()
        let level = Logger.Level(rawValue: options.logLevel) ?? .info
        LoggingSystem.bootstrap { LineLogHandler(label: $0, format: options.logFormat, level: level) }
        let logger = Logger(label: "deblur")
        // An end by an error says so first.
        defer { LogWriter.standardError.flush(within: Self.lastWordsSeconds) }

        let url = try ModelPath.resolve(options.model.flatMap(FilePath.init(argument:)))
        let classifier = try options.classifier.flatMap(FilePath.init(argument:))
            .map { try ModelPath.readable($0, "classifier file") }
        // A mistake ends the start before anybody is told that the service listens.
        let file = try Self.checked(url, classifier, options)
        let service = try Service(options: options, logger: logger)
        let signals = Self.drainOnSignals(service, logger)
        for address in try service.start() {
            let text = address.port == nil ? address.description : "http://\(address)"
            logger.notice("listening", metadata: ["address": "\(text)"])
            print("deblur listens on \(text)")
        }
        // Whoever started this with port 0 waits for that line, maybe at the end of a pipe.
        fflush(nil)

        // The file's bytes end with the file.
        let model = try (consume file).model(table: options.exitTable, precision: options.precision)
        for warning in model.summary.warnings { logger.warning("\(warning)") }
        let report = service.use(model)
        logger.log(
            level: report.passed ? .notice : .critical, report.passed ? "ready" : "not ready",
            metadata: [
                "model": "\(model.reference)", "kernels": "\(model.kernels)", "threads": "\(options.threads)",
                "selftest": "\(report.detail)", "seconds": "\(report.seconds)",
            ])
        withExtendedLifetime(signals) { dispatchMain() }
    }

    /// The model's files; what can be told before the weights are packed and tried, which may take long, is right.
    private static func checked(_ model: URL, _ classifier: URL?, _ options: ServeOptions) throws -> ModelFile {
        _ = try KernelSet.required(options.precision)
        let file = try ModelFile(contentsOf: model, classifier: classifier)
        do {
            _ = try ExitChoice(table: options.exitTable).policy(for: file.architecture, file.configuration)
        } catch {
            throw ValidationError("--\(error.parameter): \(error.reason)")
        }
        return file
    }

    private static func drainOnSignals(_ service: Service, _ logger: Logger) -> [any DispatchSourceSignal] {
        [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            nonisolated(unsafe) var isSecond = false  // Touched by this source's handler only, which is serial.
            source.setEventHandler {
                if isSecond { Glibc.exit(1) }
                isSecond = true
                logger.notice("draining", metadata: ["seconds": "\(service.options.drainSeconds)"])
                service.drain {
                    logger.notice("stopped")
                    LogWriter.standardError.flush(within: Self.lastWordsSeconds)
                    Glibc.exit(0)
                }
            }
            source.resume()
            return source
        }
    }
}
