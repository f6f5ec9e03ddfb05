import ArgumentParser
import Deblur
import Digests
import Files

/// One of N disjoint parts of the inputs. What part a file belongs to depends on its name below the output folder and on
/// N alone: on every machine, in every run, whatever other files came or went.
struct Shard: Equatable {
    /// From 0.
    let index: Int
    let count: Int

    private static let variables = ["JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID"]

    /// - Parameter text: `I/N`, or `auto/N` where Kubernetes or Slurm says which part.
    /// - Throws: `ValidationError`.
    init(_ text: String, environment: [String: String]) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let count = Quantity.whole(parts[1]), (1...1_000_000).contains(count) else {
            throw ValidationError("--shard: I/N or auto/N is expected, as 0/4")
        }
        var (source, value) = ("--shard", parts[0])
        if value == "auto" {
            guard let name = Self.variables.first(where: { environment[$0]?.isEmpty == false }),
                let number = environment[name]
            else {
                throw ValidationError("--shard auto/\(count): neither \(Self.variables.joined(separator: " nor ")) is set")
            }
            (source, value) = ("--shard auto/\(count): \(name)", number)
        }
        guard let index = Quantity.whole(value), index < count else {
            throw ValidationError("\(source): parts count from 0 to \(count - 1), \"\(value)\" is none of them")
        }
        self.index = index
        self.count = count
    }

    /// - Parameter key: a path below the output folder.
    func contains(_ key: FilePath) -> Bool {
        let number = SHA256.hash(key.bytes).bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return number % UInt64(count) == UInt64(index)
    }
}
