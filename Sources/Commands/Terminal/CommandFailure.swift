import Files
import Foundation

/// An error with the name of what it happened to.
struct CommandFailure: Error, CustomStringConvertible, LocalizedError {
    let description: String

    init(_ name: String, _ error: any Error) {
        let reason = Self.reason(error)
        description = reason.hasPrefix(name) ? reason : "\(name): \(reason)"
    }

    var errorDescription: String? { description }

    /// Why, in our words.
    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as FileError: error.reason
        case let error as CocoaError where error.code == .fileReadNoSuchFile: "there is no such file"
        case is CocoaError: error.localizedDescription
        case let error as any CustomStringConvertible: error.description
        default: error.localizedDescription
        }
    }
}
