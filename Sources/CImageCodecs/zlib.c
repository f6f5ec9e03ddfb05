#include <zlib.h>

#include "internal.h"

image_result image_inflate(const uint8_t *bytes, size_t count, size_t limit, image_buffer *output,
                           image_watch *watch) {
    image_result result = {0};
    z_stream stream = {0};
    if (count > UINT32_MAX) {
        image_set_reason(&result, IMAGE_CORRUPT, "compressed data too long");
        return result;
    }
    if (inflateInit(&stream) != Z_OK) {
        result.status = IMAGE_NO_MEMORY;
        return result;
    }
    stream.next_in = (Bytef *)bytes;
    stream.avail_in = (uInt)count;
    int code = Z_OK;
    image_turn turn = image_turn_begin(watch);
    while (code == Z_OK) {
        image_status status = image_turn_status(&turn);
        if (status != IMAGE_OK) {
            inflateEnd(&stream);
            image_turn_end(&turn);
            image_set_reason(&result, status, "takes too long to unpack");
            return result;
        }
        if (output->count > limit || !image_reserve(output, 32768)) break;
        stream.next_out = output->bytes + output->count;
        stream.avail_out = 32768;
        code = inflate(&stream, Z_NO_FLUSH);
        output->count += 32768 - stream.avail_out;
    }
    inflateEnd(&stream);
    image_turn_end(&turn);
    if (code == Z_STREAM_END && output->count <= limit) return result;
    if (code == Z_BUF_ERROR)
        image_set_reason(&result, IMAGE_TRUNCATED, "compressed data ends early");
    else if (code == Z_MEM_ERROR || (code == Z_OK && output->count <= limit))
        result.status = IMAGE_NO_MEMORY;
    else
        image_set_reason(&result, IMAGE_CORRUPT, "compressed data damaged or too long");
    return result;
}

image_result image_inflate_part(const uint8_t *bytes, size_t count, size_t wanted, image_buffer *output) {
    image_result result = {0};
    z_stream stream = {0};
    if (!image_reserve(output, wanted) || inflateInit(&stream) != Z_OK) {
        result.status = IMAGE_NO_MEMORY;
        return result;
    }
    stream.next_in = (Bytef *)bytes;
    stream.avail_in = count < UINT32_MAX ? (uInt)count : UINT32_MAX;
    stream.next_out = output->bytes + output->count;
    stream.avail_out = wanted < UINT32_MAX ? (uInt)wanted : UINT32_MAX;
    // One call unpacks all it can: there is no more input and no more room. How it ended does not matter.
    inflate(&stream, Z_SYNC_FLUSH);
    output->count += stream.total_out;
    inflateEnd(&stream);
    return result;
}

image_result image_deflate(const uint8_t *bytes, size_t count, image_buffer *output) {
    image_result result = {0};
    uLongf room = compressBound(count);
    if (!image_reserve(output, room) || compress(output->bytes + output->count, &room, bytes, count) != Z_OK)
        result.status = IMAGE_NO_MEMORY;
    else
        output->count += room;
    return result;
}

uint32_t image_crc32(const uint8_t *bytes, size_t count) { return (uint32_t)crc32_z(0, bytes, count); }
