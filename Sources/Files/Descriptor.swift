import Glibc

/// An open file that is closed at its end of life.
struct Descriptor: ~Copyable {
    let number: Int32
    private let path: FilePath

    init(_ number: Int32, of path: FilePath) {
        self.number = number
        self.path = path
    }

    /// - Throws: ``FileError``.
    static func open(_ path: FilePath, _ flags: Int32, mode: mode_t = 0o666) throws(FileError) -> Descriptor {
        while true {
            let number = path.withCString { Glibc.open($0, flags | O_CLOEXEC, mode) }
            if number >= 0 { return Descriptor(number, of: path) }
            let code = errno
            if code != EINTR { throw FileError(path, code: code) }
        }
    }

    /// Another number for an open file, so that closing this one leaves it open.
    static func duplicate(_ number: Int32, as path: FilePath) throws(FileError) -> Descriptor {
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw FileError(path, code: errno) }
        return Descriptor(copy, of: path)
    }

    deinit { close(number) }

    /// At most `count` bytes behind those in `bytes`; false at the end.
    func read(into bytes: inout [UInt8], count: Int) throws(FileError) -> Bool {
        var failure: Int32 = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while true {
                let got = Glibc.read(number, buffer.baseAddress, count)
                if got >= 0 {
                    initialized = got
                    return
                }
                if !shouldRetry(POLLIN) {
                    failure = errno
                    return
                }
            }
        }
        guard failure == 0 else { throw FileError(path, code: failure) }
        bytes += chunk
        return !chunk.isEmpty
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let done = Glibc.write(number, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if done >= 0 {
                rest = rest.dropFirst(done)
            } else if !shouldRetry(POLLOUT) {
                throw FileError(path, code: errno)
            }
        }
    }

    /// Whether a call that failed may go through when it is made again. Standard input and output come from whoever
    /// started the process, who may have made them non-blocking: then this waits.
    private func shouldRetry(_ event: Int32) -> Bool {
        if errno == EINTR { return true }
        guard errno == EAGAIN else { return false }
        var waiting = pollfd(fd: number, events: Int16(event), revents: 0)
        return poll(&waiting, 1, -1) >= 0 || errno == EINTR
    }
}
