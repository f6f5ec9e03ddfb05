import Foundation

/// The bytes of a whole file, read once and then constant, with checked access for the readers.
///
/// Read and not mapped: a mapped file that somebody cuts short ends the process that looks at what is gone, and one that is
/// written over changes after it was checked.
final class FileBytes: @unchecked Sendable {
    // Safe to share: the pointer and what it points to are constant until the last owner lets go.

    let raw: UnsafeRawBufferPointer
    private let isMapped: Bool

    var count: Int { raw.count }

    /// - Throws: ``CheckpointError/Problem/inaccessible(_:)`` for everything but a readable regular file, and where there is
    ///   no memory for it; ``CheckpointError/Problem/truncated(part:needed:available:)`` when it gets shorter meanwhile.
    init(reading path: String) throws(CheckpointError.Problem) {
        // Non-blocking, so that a named pipe is refused below instead of waiting for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .inaccessible(systemMessage(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .inaccessible(systemMessage(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .inaccessible("not a regular file") }
        isMapped = status.st_size > 0
        guard isMapped else {
            raw = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let count = Int(status.st_size)
        // Pages of their own, so that all of it goes back to the system.
        let protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let start = mmap(nil, count, protection, flags, -1, 0), start != MAP_FAILED else {
            throw .inaccessible(systemMessage(errno))
        }
        raw = UnsafeRawBufferPointer(start: start, count: count)
        try Self.fill(start, count, from: descriptor)
    }

    private static func fill(
        _ start: UnsafeMutableRawPointer, _ count: Int, from descriptor: Int32
    ) throws(CheckpointError.Problem) {
        var filled = 0
        while filled < count {
            let got = read(descriptor, start + filled, min(count - filled, 1 << 30))
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .inaccessible(systemMessage(errno)) }
            guard got > 0 else {
                throw .truncated(part: "the file", needed: UInt64(count), available: UInt64(filled))
            }
            filled += got
        }
    }

    /// A copy of `bytes`, as if it were a file.
    init(copying bytes: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        copy.copyBytes(from: bytes)
        raw = UnsafeRawBufferPointer(copy)
        isMapped = false
    }

    deinit {
        if isMapped {
            munmap(UnsafeMutableRawPointer(mutating: raw.baseAddress), raw.count)
        } else {
            raw.deallocate()
        }
    }

    /// A little-endian number at `offset`.
    ///
    /// - Parameter part: what is being read, for the error.
    func load<T: FixedWidthInteger>(
        _: T.Type, at offset: Int, of part: @autoclosure () -> String
    ) throws(CheckpointError.Problem) -> T {
        let size = MemoryLayout<T>.size
        guard offset >= 0, offset <= count, count - offset >= size else {
            throw .truncated(part: part(), needed: UInt64(size), available: UInt64(max(0, count - max(0, offset))))
        }
        // In bounds by the line above.
        return T(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// The bytes `offset ..< offset + length`.
    func slice(
        _ offset: Int, _ length: Int, of part: @autoclosure () -> String
    ) throws(CheckpointError.Problem) -> UnsafeRawBufferPointer {
        guard offset >= 0, length >= 0, offset <= count, count - offset >= length else {
            throw .truncated(
                part: part(), needed: UInt64(clamping: length), available: UInt64(max(0, count - max(0, offset))))
        }
        return UnsafeRawBufferPointer(rebasing: raw[offset..<offset + length])
    }

    /// Bytes `offset ..< offset + length` as text.
    func text(
        _ offset: Int, _ length: Int, of part: @autoclosure () -> String
    ) throws(CheckpointError.Problem) -> String {
        let name = part()
        guard let text = String(validating: try slice(offset, length, of: name), as: UTF8.self) else {
            throw .malformed(part: name, "its text is not UTF-8")
        }
        return text
    }
}

/// What the system says about an error number.
func systemMessage(_ code: Int32) -> String {
    String(cString: strerror(code))
}
