import Foundation

/// The bytes of a whole file, mapped and read-only, with checked access for the readers.
final class FileBytes: @unchecked Sendable {
    // Safe to share: the pointer and what it points to are constant until the last owner lets go.

    let raw: UnsafeRawBufferPointer
    private let isMapped: Bool

    var count: Int { raw.count }

    /// - Throws: ``CheckpointError/Problem/inaccessible(_:)`` for everything but a readable regular file.
    init(mapping path: String) throws(CheckpointError.Problem) {
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
        guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw .inaccessible(systemMessage(errno))
        }
        raw = UnsafeRawBufferPointer(start: start, count: count)
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
