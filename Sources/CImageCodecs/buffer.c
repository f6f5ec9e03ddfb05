#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

void image_free(image_buffer *buffer) {
    free(buffer->bytes);
    *buffer = (image_buffer){0};
}

int image_reserve(image_buffer *buffer, size_t extra) {
    if (extra <= buffer->capacity - buffer->count) return 1;
    if (extra > SIZE_MAX / 4 || buffer->count > SIZE_MAX / 4) return 0;
    size_t capacity = buffer->count + extra;
    // Half as much again: a large block grows by moving its pages (mremap), not by copying.
    if (capacity < buffer->capacity + buffer->capacity / 2) capacity = buffer->capacity + buffer->capacity / 2;
    if (capacity < 65536) capacity = 65536;
    uint8_t *bytes = realloc(buffer->bytes, capacity);
    if (!bytes) return 0;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return 1;
}

void image_trim(image_buffer *buffer) {
    uint8_t *bytes = buffer->count ? realloc(buffer->bytes, buffer->count) : NULL;
    if (bytes) {
        buffer->bytes = bytes;
        buffer->capacity = buffer->count;
    }
}

int image_append(image_buffer *buffer, const void *bytes, size_t count) {
    if (!image_reserve(buffer, count)) return 0;
    if (count) memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count += count;
    return 1;
}

void image_set_reason(image_result *result, image_status status, const char *text) {
    result->status = status;
    size_t length = 0;
    for (; text[length] && length < IMAGE_REASON_SIZE - 1; length++) {
        char c = text[length];
        result->reason[length] = c >= 0x20 && c < 0x7f ? c : '?';
    }
    result->reason[length] = 0;
}
