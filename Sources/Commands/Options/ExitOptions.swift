import ArgumentParser
import Deblur
import Network
import Tiles

/// Options of commands that restore pictures: where tiles leave, and how they are encoded and put together.
struct ExitOptions: ParsableArguments {
    enum Blend: String, ExpressibleByArgument, CaseIterable {
        case edgeSafe = "edge-safe"
        case authors
    }

    @Option(help: ArgumentHelp("adaptive, or the sub-decoder (1…K) after which every tile leaves.", valueName: "exit"))
    var exit = "adaptive"
    @Option(
        help: ArgumentHelp(
            "Derive the exit table anew from the model's increments: a sub-decoder has to gain this much. For regressors "
                + "their threshold.", valueName: "dB"))
    var tau: Double?
    @Option(help: ArgumentHelp("Sub-decoder per class, hardest class first, as 4,4,3,3,2,1.", valueName: "list"))
    var exitTable: String?
    @OptionGroup var encoding: EncodingOptions
    @Option(help: "How a lone row or column of tiles is weighted.")
    var blend = Blend.edgeSafe

    func validate() throws {
        // Below 0: a sub-decoder may even cost that much, or a regressor is that pessimistic.
        if let tau, !(-100...100).contains(tau) { throw ValidationError("--tau: -100 to 100 dB is expected") }
        let given = [("--exit", exit != "adaptive"), ("--tau", tau != nil), ("--exit-table", exitTable != nil)]
            .filter(\.1).map(\.0)
        guard given.count <= 1 else {
            throw ValidationError("\(given.joined(separator: " and ")) exclude each other: each says where tiles leave")
        }
    }

    func restoration(_ served: Model, strength: Float = 1) throws -> RestorationOptions {
        do {
            let choice = ExitChoice(fixed: try ExitChoice.fixedExit(exit), tau: tau, table: try table)
            return RestorationOptions(
                exit: try served.policy(choice), mode: encoding.mode.mode,
                blend: blend == .authors ? .authors : .edgeSafe, strength: strength)
        } catch let error as ExitChoiceError {
            throw ValidationError("--\(error.parameter): \(error.reason)")
        }
    }

    private var table: [Int]? {
        get throws {
            try exitTable.map { text in
                guard let table = ExitChoice.table(text) else {
                    throw ValidationError("--exit-table: a list of whole numbers such as 4,4,3,3,2,1 is expected")
                }
                return table
            }
        }
    }
}

/// What the encoder sees.
struct EncodingOptions: ParsableArguments {
    @Option(help: "What the encoder sees: each tile alone, or the whole image once as in the authors' evaluation.")
    var mode = ModeOption.tile
}

enum ModeOption: String, ExpressibleByArgument, CaseIterable {
    case tile, whole

    var mode: EncodingMode { self == .whole ? .whole : .tile }
}
