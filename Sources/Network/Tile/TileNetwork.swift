import Kernels

/// What the classifier says about one tile.
public struct TileAssessment: Sendable, Equatable {
    /// Degradation class, 0 = hardest; nil when no classifier ran.
    public var degradationClass: Int?
    /// The classifier's outputs, one per class; empty when no classifier ran.
    public var logits: [Float]

    public init(degradationClass: Int? = nil, logits: [Float] = []) {
        self.degradationClass = degradationClass
        self.logits = logits
    }
}

/// When a tile leaves the chain of sub-decoders.
public enum ExitPolicy: Sendable, Hashable {
    /// Always after that many sub-decoders, 1…K; the classifier does not run.
    case fixed(Int)
    /// After as many as the tile's class says, hardest class first; 0 leaves the tile as it came (E_c, Eq. 12).
    case table([Int])
    /// When the gain in dB that a regressor predicts for the next sub-decoder is at most its threshold; one
    /// threshold for each step from sub-decoder i to i + 1, i = 1…K−1.
    case regressor(thresholds: [Float])
}

/// A network that restores one tile in steps, as the tile scheduler sees it.
///
/// Order of calls for one tile, all with the same workspace and from one thread at a time:
/// `begin`, `encode`, then for depth = 0, 1, … `leaves(after: depth)` and, while that is false, `advance(to: depth + 1)`; at the
/// end `writeResidual(ofExit: depth)` unless depth is 0, where the residual is zero. Steps may be abandoned anywhere;
/// the next `encode` starts afresh. Each step spreads over the idle members of the workspace's team by itself.
public protocol TileNetwork: Sendable {
    /// The memory of one tile in flight. Never used by two threads at once.
    associatedtype Workspace: AnyObject

    /// K, the number of sub-decoders.
    var subDecoders: Int { get }

    /// - Parameter team: whose idle members help with every step.
    func makeWorkspace(team: ThreadTeam) -> Workspace

    /// Bytes that a workspace takes for a tile of that size.
    func workspaceBytes(tileSide: Int) -> Int

    /// Makes room for a tile, so that no step after it needs memory. What is not called before `encode`, that does itself,
    /// but it cannot say no.
    ///
    /// - Parameters:
    ///   - height: pixels, a positive multiple of 16; so is `width`.
    /// - Returns: false when there is no memory for it; it can be tried again.
    func prepare(height: Int, width: Int, in workspace: Workspace) -> Bool

    /// Says which tile the next `encode` is for, counted over the image in the order of its grid. Random numbers depend on
    /// it: without the call, or with another order of counting, results are other draws.
    func begin(tile index: Int, in workspace: Workspace)

    /// Runs the encoder, and the classifier when `classify` is set and the model has one.
    ///
    /// - Parameters:
    ///   - tile: `(height, width, 3)` row-major, RGB, 0…1.
    ///   - height: pixels, a positive multiple of 16; so is `width`.
    func encode(
        _ tile: UnsafePointer<Float>, height: Int, width: Int, classify: Bool, in workspace: Workspace
    ) -> TileAssessment

    /// Bytes that ``makeImageEncoding(height:width:tileSide:team:)`` reserves for an image of that size; nil when the
    /// network encodes tiles only.
    func imageEncodingBytes(height: Int, width: Int, tileSide: Int) -> Int?

    /// Makes room for encoding a whole image (specification 11, mode A), which replaces the encoder pass of its tiles.
    ///
    /// - Parameters:
    ///   - height: pixels, a positive multiple of 16; so is `width`. One of them is above `tileSide`: with a lone tile
    ///     the modes are one.
    ///   - tileSide: of the model; the pooling windows follow from it.
    /// - Returns: nil when the system has not that much memory, or the network encodes tiles only.
    func makeImageEncoding(height: Int, width: Int, tileSide: Int, team: ThreadTeam) -> (any ImageEncoding)?

    /// Instead of `encode`: takes the features of a tile from those of its image, which is complete and was made by
    /// this network. The rest of the tile's steps is the same.
    ///
    /// - Parameters:
    ///   - row: first pixel of the tile in the padded image, a multiple of 16; so is `column`.
    ///   - height: pixels, a positive multiple of 16; so is `width`.
    func encode(
        tileAtRow row: Int, column: Int, height: Int, width: Int, of image: any ImageEncoding, classify: Bool,
        in workspace: Workspace
    ) -> TileAssessment

    /// Whether the tile answers at depth `subDecoder` (0…K) under that policy. At depth K it always does.
    func leaves(
        after subDecoder: Int, _ assessment: TileAssessment, under policy: ExitPolicy, in workspace: Workspace
    ) -> Bool

    /// Runs sub-decoder `subDecoder` (1…K; one after the other).
    func advance(to subDecoder: Int, in workspace: Workspace)

    /// Writes `outputs` head `subDecoder` of the current features: restored − input, `(height, width, 3)` row-major,
    /// unclamped.
    func writeResidual(ofExit subDecoder: Int, to residual: UnsafeMutablePointer<Float>, in workspace: Workspace)
}

extension TileNetwork {
    /// Needs nothing.
    public func prepare(height: Int, width: Int, in workspace: Workspace) -> Bool { true }

    /// Does nothing: most networks do not draw random numbers.
    public func begin(tile index: Int, in workspace: Workspace) {}
}

/// A network that encodes tiles only.
extension TileNetwork {
    public func imageEncodingBytes(height: Int, width: Int, tileSide: Int) -> Int? { nil }

    public func makeImageEncoding(
        height: Int, width: Int, tileSide: Int, team: ThreadTeam
    ) -> (any ImageEncoding)? { nil }

    public func encode(
        tileAtRow row: Int, column: Int, height: Int, width: Int, of image: any ImageEncoding, classify: Bool,
        in workspace: Workspace
    ) -> TileAssessment { preconditionFailure("this network makes no image encodings") }
}

/// A whole image on its way through the encoder, and then its features (specification 11, mode A).
///
/// One thread at a time calls ``advance(reading:)`` until it answers 1. From then on it does not change, and any number
/// of threads take tiles from it.
public protocol ImageEncoding: AnyObject, Sendable {
    /// Does the next part of the work, a few rows of one layer or, of UFPNet's estimator, a layer on some hundred rows.
    /// The idle members of the team help. May be abandoned between two parts.
    ///
    /// - Parameter readRow: writes row `y` of the padded image, `(width, 3)`, RGB, 0…1. Called from this thread, more
    ///   than once for a row.
    /// - Returns: the share of all work that is done, rising to 1.
    /// - Throws: what `readRow` throws; the encoding cannot go on then.
    func advance(
        reading readRow: (_ y: Int, _ row: UnsafeMutablePointer<Float>) throws -> Void
    ) throws -> Double
}
