/// A snapshot of a restoration.
public struct RestorationStatus: Sendable, Equatable {
    public var state: RestorationState
    /// Tiles finished; `total` tiles in all.
    public var done: Int
    public var total: Int
    /// Finished tiles by exit.
    public var exits: [Int: Int]
    /// Images whose first tile starts before this one's; nil once it has started.
    public var position: Int?
    /// Seconds until the end by measured throughput, other images' turns included; nil when it has ended.
    public var etaSeconds: Double?
}
