import HTTP

/// What a call to a keeper ends with. Called once, on any thread, maybe before the call returns: it must not block.
typealias JobAnswer<Value> = @Sendable (Result<Value, Problem>) -> Void

/// Who keeps jobs: their records, photos, results and events, and the order in which they are done.
///
/// Every call returns at once, so that event loops may make it; what takes a medium ends later, on another thread. Who works
/// jobs off claims them one by one and may lose a claim. Routes and ``JobRunner`` know keepers by this protocol alone.
protocol JobKeeper: AnyObject, Sendable {
    /// Whether jobs survive this process, so that it may end while they wait.
    var isDurable: Bool { get }
    /// Why jobs cannot be kept now, as public text; nil: nothing is known against it.
    var trouble: String? { get }

    // MARK: For those who bring jobs and ask for them

    /// Takes in a job. It survives what the keeper survives once the answer comes.
    func accept(_ job: NewJob, _ answer: @escaping JobAnswer<JobView>)
    /// Answers 404, with the same work whether there is no such job or it is somebody else's; 410 for what has expired. What else
    /// is asked of a job is asked once this has found it.
    func find(_ id: JobID, for owner: JobOwner, _ answer: @escaping JobAnswer<JobView>)
    /// Jobs that ``find(_:for:_:)`` finds, newest first.
    func list(_ query: JobListQuery, _ answer: @escaping JobAnswer<JobPage>)
    func events(of id: JobID, _ answer: @escaping JobAnswer<any JobEvents>)
    /// Finished tiles so far, and with `preview` what heat maps are drawn on.
    func exits(of id: JobID, withPreview: Bool, _ answer: @escaping JobAnswer<JobExits>)
    /// Answers 410 where there is none any more.
    func result(of id: JobID, _ answer: @escaping JobAnswer<any StoredBytes>)
    /// Cancels a job, or removes its result. Without effect where there is nothing to stop or remove.
    ///
    /// - Parameters:
    ///   - owner: for anybody else there is no such job.
    ///   - forgetting: leaves no trace.
    ///   - answer: called when this is kept, or cannot be for now.
    func delete(_ id: JobID, for owner: JobOwner, forgetting: Bool, _ answer: @escaping JobAnswer<Void>)

    // MARK: For those who work them off

    /// Jobs that wait to be claimed, as far as is known.
    var queuedJobs: Int { get }
    /// Calls `body`, on any thread, whenever there may be something to claim.
    func onNews(_ body: @escaping @Sendable () -> Void)
    /// Takes the next job, if there is room for it; no other is taken in its place.
    func claim(within room: JobRoom, _ answer: @escaping @Sendable ((any ClaimedJob)?) -> Void)

    // MARK: For those who watch and end them

    /// Sets the metrics that take a look at every job, then calls `done`.
    func updateGauges(_ done: @escaping @Sendable () -> Void)
    /// Ends streams although their jobs go on: those of queued jobs, or all. Clients come back, to whoever keeps them next.
    func endStreams(ofQueuedOnly: Bool)
    /// Nothing is claimed any more.
    func stop()
    /// Nothing is kept from now on. Blocks until what is being written is.
    func close()
}

/// A job that this process works on, for as long as its keeper lets it.
protocol ClaimedJob: AnyObject, Sendable {
    var id: JobID { get }
    /// As it is now.
    var record: JobRecord { get }
    /// The process ended in the middle of its work: it is done alone, so that nobody else is blamed for another end.
    var isSuspect: Bool { get }
    /// Calls `body` once, on any thread, when the job is not to be done by this process any more; at once, when that is so.
    func onLoss(_ body: @escaping @Sendable () -> Void)
    /// Answers with a problem where it is not what was posted any more.
    func photo(_ answer: @escaping JobAnswer<[UInt8]>)
    /// Writes down that the work begins. It must not begin before the answer.
    func begin(tiles: Int, _ answer: @escaping @Sendable (JobBeginning) -> Void)
    func add(_ tile: JobTile)
    /// - Parameter over: called once, when the result is kept or not wanted any more.
    func succeed(_ product: PhotoPipeline.Product, _ answer: DeblurAnswer, _ over: @escaping @Sendable () -> Void)
    func fail(_ error: any Error)
    /// It is not done here after all, through no fault of its own; its turn stays its own.
    func giveBack()
    /// The end of the work is wanted: it is no fault of the job.
    func takeBackTry()
}

enum JobBeginning: Sendable {
    /// - Parameter queueSeconds: it has waited for so long in this process.
    case begun(queueSeconds: Double)
    /// The claim is lost.
    case lost
    /// It cannot be written down now.
    case failed
}

/// The events of one job, from any number on.
protocol JobEvents: AnyObject, Sendable {
    /// - Parameter limit: most events in the answer.
    func read(after number: Int, limit: Int, _ answer: @escaping JobAnswer<JobEventPage>)
    /// Calls `body`, on any thread, whenever there is news, until it is told to ``ignore(_:)`` it.
    func listen(_ body: @escaping @Sendable () -> Void) -> Int
    func ignore(_ listener: Int)
}

struct JobEventPage: Sendable {
    var events: [JobEvent]
    /// Nothing follows behind them: the stream ends.
    var isEnd: Bool
    /// Nothing ever will.
    var isComplete: Bool
}

/// Bytes that are kept, read in pieces.
protocol StoredBytes: Sendable {
    var count: Int { get }
    /// Answers with as many bytes as asked for; nil where they cannot be had.
    func read(at offset: Int, count: Int, _ answer: @escaping @Sendable ([UInt8]?) -> Void)
}

/// A job that is to be taken in.
struct NewJob: Sendable {
    let id: JobID
    let record: JobRecord
    let photo: ArraySlice<UInt8>
    /// Room that its result may need, bytes.
    let resultBytes: Int
    /// Most jobs that may be kept for its caller, this one included; nil: as for everybody.
    let mostJobs: Int?
    /// Seconds until its end, by its place; nil while nothing was measured.
    let eta: @Sendable (JobPlace) -> Double?
}

/// A job as it is at a moment.
struct JobView: Sendable {
    let id: JobID
    let record: JobRecord
    /// Nil unless it waits.
    var place: JobPlace?
}

/// Which jobs a list is to have.
struct JobListQuery: Sendable {
    /// The names that they are kept under.
    let accounts: [String]
    /// Nil: in any.
    var state: JobState?
    /// Those that came before this one.
    var after: JobID?
    var limit: Int
}

/// Part of a list of jobs.
struct JobPage: Sendable {
    /// At most as many as were asked for.
    var jobs: [JobView]
    /// Others follow behind this one; nil: none.
    var next: JobID?
}

/// Where a job waits.
struct JobPlace: Sendable {
    /// Photos whose turn comes before.
    let ahead: Int
    /// Of the jobs that wait, by their records.
    let meanTiles: Double
}

/// What happened to the tiles of a job.
struct JobExits: Sendable {
    let record: JobRecord
    let tiles: [JobTile]
    var preview: [UInt8]?
}

/// What another job may take beside those that are in work.
struct JobRoom: Sendable {
    /// Nil: any number.
    var bytes: Int?
    var takesSuspects = true

    func fits(_ record: JobRecord, isSuspect: Bool) -> Bool {
        (takesSuspects || !isSuspect) && record.memoryBytes <= bytes ?? .max
    }
}
