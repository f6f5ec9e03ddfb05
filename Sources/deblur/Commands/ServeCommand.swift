import ArgumentParser
import Dispatch
import Foundation
import Logging
import Service

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Runs the HTTP service.",
        discussion: "SIGTERM and SIGINT end it in good order; a second one ends it at once.")

    @OptionGroup var flags: ServeFlags

    func run() throws {
        let options: ServeOptions
        do {
            options = try ServeOptions(flags: flags.given, environment: ProcessInfo.processInfo.environment)
        } catch {
            throw ValidationError(error.description)
        }
        let level = Logger.Level(rawValue: options.logLevel) ?? .info
        LoggingSystem.bootstrap { LineLogHandler(label: $0, format: options.logFormat, level: level) }
        let logger = Logger(label: "deblur")

        let file = try ModelFile.resolve(options.model)
        let service = try Service(options: options, logger: logger)
        let signals = Self.drainOnSignals(service, logger)
        for address in try service.start() {
            let text = address.port == nil ? address.description : "http://\(address)"
            logger.notice("listening", metadata: ["address": "\(text)"])
            print("deblur listens on \(text)")
        }
        // Whoever started this with port 0 waits for that line, maybe at the end of a pipe.
        fflush(nil)

        let model = try ServedModel(
            contentsOf: file, classifier: options.classifier.map { URL(filePath: $0) }, table: options.exitTable,
            precision: options.precision)
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
                    Glibc.exit(0)
                }
            }
            source.resume()
            return source
        }
    }
}
