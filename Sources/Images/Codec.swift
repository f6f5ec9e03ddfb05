import CImageCodecs
import Glibc

/// Calls of the C side: statuses become errors, its memory becomes arrays.
enum Codec {
    static func check(_ result: image_result) throws(ImageError) {
        switch result.status {
        case IMAGE_OK: return
        case IMAGE_TRUNCATED: throw .truncated
        case IMAGE_NO_MEMORY: throw .outOfMemory
        case IMAGE_CANCELLED: throw .cancelled
        case IMAGE_UNSUPPORTED: throw .unsupportedFeature(reason(result))
        default: throw .corrupt(reason: reason(result))
        }
    }

    private static func reason(_ result: image_result) -> String {
        withUnsafeBytes(of: result.reason) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// Runs a call that fills a buffer.
    static func collect(_ call: (inout image_buffer) -> image_result) throws(ImageError) -> EncodedImage {
        var buffer = image_buffer()
        do throws(ImageError) { try check(call(&buffer)) } catch {
            image_free(&buffer)
            throw error
        }
        image_trim(&buffer)
        return EncodedImage(buffer)
    }

    /// A zlib stream unpacked; nil when it is damaged or holds more than `limit` bytes.
    static func inflate(_ bytes: RawSpan, limit: Int, watch: CodecWatch? = nil) -> [UInt8]? {
        bytes.withUnsafeBytes { source in
            let start = source.bindMemory(to: UInt8.self).baseAddress
            return (try? collect { image_inflate(start, source.count, limit, &$0, watch?.watch) })?.bytes
        }
    }

    /// The first `count` bytes of a zlib stream unpacked, fewer when it is cut or damaged before them; nil without memory.
    static func inflate(_ bytes: RawSpan, first count: Int) -> [UInt8]? {
        bytes.withUnsafeBytes { source in
            let start = source.bindMemory(to: UInt8.self).baseAddress
            return (try? collect { image_inflate_part(start, source.count, count, &$0) })?.bytes
        }
    }

    static func deflate(_ bytes: [UInt8]) -> [UInt8]? {
        bytes.withUnsafeBufferPointer { source in
            (try? collect { image_deflate(source.baseAddress, source.count, &$0) })?.bytes
        }
    }

    /// Lends metadata to a call: one copy of all bytes, and segments that point into it.
    static func withSegments<R>(_ chunks: [Metadata.Chunk], _ body: (UnsafeBufferPointer<image_segment>) -> R) -> R {
        let blob = chunks.flatMap(\.bytes)
        return blob.withUnsafeBufferPointer { blob in
            var segments: [image_segment] = []
            var offset = 0
            for chunk in chunks {
                let start = blob.baseAddress.map { $0 + offset }
                segments.append(image_segment(kind: chunk.type, bytes: start, count: chunk.bytes.count))
                offset += chunk.bytes.count
            }
            return segments.withUnsafeBufferPointer(body)
        }
    }

    /// ``withSegments(_:_:)`` around ``collect(_:)``.
    static func withSegmentsCollecting(
        _ chunks: [Metadata.Chunk],
        _ call: (UnsafeBufferPointer<image_segment>, inout image_buffer) -> image_result
    ) throws(ImageError) -> EncodedImage {
        let outcome = withSegments(chunks) { segments in
            Result { () throws(ImageError) in try collect { call(segments, &$0) } }
        }
        return try outcome.get()
    }
}
