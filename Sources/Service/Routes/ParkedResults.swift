import Foundation
import Synchronization

/// Results whose clients take them slowly wait here, on disk, so that they hold no memory. The files have no name: they
/// are gone with their last reader, or with the process.
final class ParkedResults: Sendable {
    /// Why a result stays in memory.
    enum Failure: Error { case full, disk(code: Int32) }

    /// Bytes of all files.
    let limit: Int
    /// Threads that wait for the medium.
    let disk = OperationQueue()
    private let folder: String
    private let used = Mutex(0)

    /// A quarter of what jobs may take, in the state folder where there is one.
    init(options: ServeOptions) {
        limit = options.spoolLimitBytes / 4
        disk.name = "parked results"
        disk.maxConcurrentOperationCount = 4
        folder = options.stateFolder ?? FileManager.default.temporaryDirectory.path
    }

    var bytes: Int { used.withLock { $0 } }

    /// Writes bytes to a file of their own. Blocks.
    func park(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> ParkedFile {
        let fits = used.withLock { used in
            guard used + bytes.count <= limit else { return false }
            used += bytes.count
            return true
        }
        guard fits else { throw .full }
        // Gives its part back when it is let go of, also when writing fails.
        let file = ParkedFile(bytes: bytes.count, of: self)
        try file.write(bytes, in: folder)
        return file
    }

    fileprivate func giveBack(_ bytes: Int) { used.withLock { $0 -= bytes } }
}

/// One parked result.
final class ParkedFile: Sendable {
    let bytes: Int
    private let lot: ParkedResults
    private let descriptor = Atomic<Int32>(-1)

    fileprivate init(bytes: Int, of lot: ParkedResults) {
        self.bytes = bytes
        self.lot = lot
    }

    deinit {
        let open = descriptor.load(ordering: .relaxed)
        if open >= 0 { close(open) }
        lot.giveBack(bytes)
    }

    fileprivate func write(_ content: UnsafeRawBufferPointer, in folder: String) throws(ParkedResults.Failure) {
        var template = Array("\(folder)/.deblur-answer-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw .disk(code: errno) }
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        descriptor.store(file, ordering: .relaxed)
        unlink(template)
        var written = 0
        while written < content.count {
            let count = Glibc.write(file, content.baseAddress! + written, content.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .disk(code: count < 0 ? errno : ENOSPC) }
            written += count
        }
    }

    /// Nil where the medium fails.
    func read(at offset: Int, count: Int) -> [UInt8]? {
        let file = descriptor.load(ordering: .relaxed)
        var filled = 0
        let content = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while filled < count {
                let got = pread(file, buffer.baseAddress! + filled, count - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { break }
                filled += got
            }
            initialized = filled
        }
        return filled == count ? content : nil
    }
}
