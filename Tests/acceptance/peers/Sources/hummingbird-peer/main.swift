// `GET /healthz` on Hummingbird as its documentation shows it, without any middleware: hummingbird-peer PORT
import Hummingbird
import Logging

let router = Router()
router.get("healthz") { _, _ in "ok\n" }
var logger = Logger(label: "peer")
logger.logLevel = .error
let application = Application(
    router: router,
    configuration: .init(address: .hostname("127.0.0.1", port: Int(CommandLine.arguments[1])!), serverName: "peer"),
    logger: logger)
try await application.runService()
