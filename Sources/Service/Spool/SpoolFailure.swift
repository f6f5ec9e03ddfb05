/// Why the spool cannot do what it was asked.
package enum SpoolFailure: Error, Equatable, CustomStringConvertible {
    /// A file that is not what its record, or its checksum, says.
    case damaged(file: String, reason: String)
    /// Another process has the folder.
    case inUse(folder: String)
    /// As many bytes, or jobs, as may be kept are kept.
    case full(limit: Int, actual: Int)

    package var description: String {
        switch self {
        case .damaged(let file, let reason): "\(file): \(reason)"
        case .inUse(let folder): "the state folder \(folder) is used by another process"
        case .full(let limit, let actual): "the spool would hold \(actual), it may hold \(limit)"
        }
    }
}
