import Foundation

/// An error with the name of what it happened to.
struct CommandFailure: Error, CustomStringConvertible, LocalizedError {
    let description: String

    init(_ name: String, _ error: any Error) {
        let reason =
            switch error {
            case let error as CocoaError where error.code == .fileReadNoSuchFile: "there is no such file"
            case let error as any CustomStringConvertible & LocalizedError: error.description
            case let error as any CustomStringConvertible where !(error is CocoaError): error.description
            default: error.localizedDescription
            }
        description = reason.hasPrefix(name) ? reason : "\(name): \(reason)"
    }

    var errorDescription: String? { description }
}
