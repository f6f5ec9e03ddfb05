/// One tile after the other on its way through a network. The one place that knows the order of the steps: encoder,
/// classifier, sub-decoders, head.
///
///     run.begin(tile, .exit(policy, limit: run.subDecoders))
///     while let step = run.next() { run.perform(step, residual: memory) }
///
/// Between two steps the caller does what it likes: measures time, asks whether anybody still waits, looks at a residual,
/// or leaves; the next ``begin(_:_:classify:)`` starts afresh. Used by one thread at a time.
public final class TileRun {
    /// How far a tile goes.
    public enum Goal: Sendable {
        /// What the classifier says, and no further.
        case assessment
        /// The exit that the policy chooses, or the one at `limit` (0…K) where the policy has not chosen by then.
        case exit(ExitPolicy, limit: Int)
        /// Every exit from 1 to that one.
        case everyExit(upTo: Int)
    }

    public enum Step: Sendable, Hashable {
        /// The encoder, or the tile's part of its image's features; and the classifier.
        case encoder
        /// One sub-decoder, 1…K.
        case subDecoder(Int)
        /// The head of an exit, which makes its residual.
        case head(Int)
    }

    /// K
    public let subDecoders: Int
    /// What the classifier says; known after the first step.
    public private(set) var assessment = TileAssessment()
    /// Sub-decoders that the tile has been through. At the end, the exit: at 0 no head runs, and the residual is zero.
    public private(set) var depth = 0
    /// Whether the policy would have led the tile beyond its limit. Known at the end.
    public private(set) var isCutShort = false

    private let steps: any TileSteps
    private var tile: TileInput?
    private var goal = Goal.assessment
    private var classifies = false
    private var last: Step?
    private var following: Step?

    public init(_ steps: any TileSteps, subDecoders: Int) {
        self.steps = steps
        self.subDecoders = subDecoders
    }

    /// Makes room for tiles of that size, so that no step of theirs needs memory. Where it is not called, the encoder does
    /// that, but cannot say no.
    ///
    /// - Parameters:
    ///   - height: pixels, a positive multiple of 16; so is `width`.
    ///   - width: pixels.
    /// - Returns: false when there is no memory for it; it can be tried again.
    public func prepare(height: Int, width: Int) -> Bool { steps.prepare(height: height, width: width) }

    /// Turns to another tile, wherever the one before was left.
    ///
    /// - Parameters:
    ///   - classify: whether the classifier runs; nil where the goal asks for what it says.
    ///   - tile: its pixels, which are read by the steps.
    ///   - goal: how far it goes.
    public func begin(_ tile: TileInput, _ goal: Goal, classify: Bool? = nil) {
        self.tile = tile
        self.goal = goal
        if case .exit(let policy, _) = goal {
            classifies = classify ?? policy.needsClassifier
        } else {
            classifies = classify ?? true
        }
        assessment = TileAssessment()
        depth = 0
        isCutShort = false
        last = nil
        following = nil
    }

    /// What comes next; nil when the tile is where it was to go.
    public func next() -> Step? {
        if following == nil, tile != nil { following = onward() }
        return following
    }

    /// Does what ``next()`` has said.
    ///
    /// - Parameters:
    ///   - residual: receives restored − input from a head, `(height, width, 3)` row-major, unclamped. The other
    ///     steps leave it alone.
    ///   - step: the one that ``next()`` gave.
    public func perform(_ step: Step, residual: UnsafeMutablePointer<Float>? = nil) {
        guard let tile, step == following else { preconditionFailure("\(step) where next() says \(following as Any)") }
        switch step {
        case .encoder:
            assessment = steps.encode(tile, classify: classifies)
        case .subDecoder(let number):
            steps.advance(to: number)
            depth = number
        case .head(let exit):
            guard let residual else { preconditionFailure("no memory for the residual of exit \(exit)") }
            steps.writeResidual(ofExit: exit, to: residual)
        }
        last = step
        following = nil
    }

    /// Whether the tile answers at the depth that it has reached. At depth K it always does. To be asked when the last
    /// step was a sub-decoder, its head or the encoder.
    public func leaves(under policy: ExitPolicy) -> Bool {
        if depth >= subDecoders { return true }
        if case .regressor(let thresholds) = policy {
            guard depth > 0, let gain = steps.predictedGain(after: depth) else { return false }
            return gain <= thresholds[depth - 1]
        }
        return depth >= policy.exit(for: assessment, subDecoders: subDecoders) ?? subDecoders
    }

    private func onward() -> Step? {
        switch (last, goal) {
        case (nil, _):
            return .encoder
        case (_, .assessment):
            return nil
        case (.head, .exit):
            return nil
        case (_, .exit(let policy, let limit)):
            if depth < limit, !leaves(under: policy) { return .subDecoder(depth + 1) }
            isCutShort = depth == limit && limit < subDecoders && !leaves(under: policy)
            return depth > 0 ? .head(depth) : nil
        case (.subDecoder, .everyExit):
            return .head(depth)
        case (_, .everyExit(let deepest)):
            return depth < deepest ? .subDecoder(depth + 1) : nil
        }
    }
}

extension TileRun {
    /// Takes a tile to every exit.
    ///
    /// - Parameters:
    ///   - pixels: `(height, width, 3)` row-major, RGB, 0…1.
    ///   - height: pixels.
    ///   - width: pixels.
    /// - Returns: what the classifier says, and restored − input by exit, 1 first.
    public func residuals(
        of pixels: [Float], height: Int, width: Int
    ) -> (assessment: TileAssessment, residuals: [[Float]]) {
        precondition(pixels.count == height * width * 3, "\(pixels.count) values for \(height)×\(width) pixels")
        var residual = [Float](repeating: 0, count: pixels.count), residuals: [[Float]] = []
        pixels.withUnsafeBufferPointer { pixels in
            guard let start = pixels.baseAddress else { return }
            begin(TileInput(.pixels(start), height: height, width: width), .everyExit(upTo: subDecoders))
            while let step = next() {
                perform(step, residual: &residual)
                if case .head = step { residuals.append(residual) }
            }
        }
        return (assessment, residuals)
    }
}
