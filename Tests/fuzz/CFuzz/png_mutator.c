// libFuzzer's mutations, and then, for a PNG, the checksums of its chunks made right: otherwise nearly every change
// ends at the first checksum. One time in eight they stay wrong. Now and then a chunk moves, is doubled or is dropped.
#include <string.h>

#include <zlib.h>

#include "CFuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed);

enum { SIGNATURE = 8, FRAME = 12, MOST_CHUNKS = 64 };

static uint32_t big32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int is_png(const uint8_t *data, size_t size) {
    return size > SIGNATURE && memcmp(data, "\x89PNG\r\n\x1a\n", SIGNATURE) == 0;
}

// Offsets of whole chunks, and where the last of them ends.
static int chunks(const uint8_t *data, size_t size, size_t *starts) {
    int count = 0;
    size_t at = SIGNATURE;
    while (count < MOST_CHUNKS && size - at >= FRAME && big32(data + at) <= size - at - FRAME) {
        starts[count++] = at;
        at += FRAME + big32(data + at);
    }
    starts[count] = at;
    return count;
}

static void correct(uint8_t *data, size_t size) {
    size_t starts[MOST_CHUNKS + 1];
    int count = chunks(data, size, starts);
    for (int i = 0; i < count; i++) {
        uint8_t *chunk = data + starts[i];
        uint32_t length = big32(chunk), sum = (uint32_t)crc32(0, chunk + 4, length + 4);
        for (int b = 0; b < 4; b++) chunk[8 + length + b] = (uint8_t)(sum >> (24 - 8 * b));
    }
}

// Changes the inside of one chunk and its length field with it.
static size_t change_chunk(uint8_t *data, size_t size, size_t limit, unsigned seed) {
    static uint8_t rest[1 << 20];
    size_t starts[MOST_CHUNKS + 1];
    int count = chunks(data, size, starts);
    if (count == 0) return LLVMFuzzerMutate(data, size, limit);
    int i = (int)(seed % (unsigned)count);
    uint8_t *chunk = data + starts[i];
    size_t length = big32(chunk), behind = size - starts[i] - FRAME - length;
    if (behind > sizeof rest) return LLVMFuzzerMutate(data, size, limit);
    memcpy(rest, chunk + FRAME + length, behind);
    size_t room = limit - (size - length);
    if (room == 0) return size;
    length = LLVMFuzzerMutate(chunk + 8, length, room);
    for (int b = 0; b < 4; b++) chunk[b] = (uint8_t)(length >> (24 - 8 * b));
    memcpy(chunk + FRAME + length, rest, behind);
    return starts[i] + FRAME + length + behind;
}

// Doubles or drops a chunk, or puts it in front of another.
static size_t move_chunk(uint8_t *data, size_t size, size_t limit, unsigned seed) {
    static uint8_t copy[1 << 20];
    size_t starts[MOST_CHUNKS + 1];
    int count = chunks(data, size, starts);
    if (count < 2) return size;
    int from = (int)(seed % (unsigned)count), to = (int)(seed / 64 % (unsigned)count);
    size_t length = starts[from + 1] - starts[from];
    if (length > sizeof copy) return size;
    memcpy(copy, data + starts[from], length);
    if (seed / 4096 % 2 == 0) {
        memmove(data + starts[from], data + starts[from + 1], size - starts[from + 1]);
        size -= length;
        if (seed / 8192 % 3 == 0) return size;
        if (to > from) starts[to] -= length;
    }
    if (size + length > limit || starts[to] > size) return size;
    memmove(data + starts[to] + length, data + starts[to], size - starts[to]);
    memcpy(data + starts[to], copy, length);
    return size + length;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed) {
    if (!is_png(data, size)) return LLVMFuzzerMutate(data, size, limit);
    switch (seed % 8) {
    case 0: return LLVMFuzzerMutate(data, size, limit);
    case 1: size = LLVMFuzzerMutate(data, size, limit); break;
    case 2: size = move_chunk(data, size, limit, seed / 8); break;
    default: size = change_chunk(data, size, limit, seed / 8); break;
    }
    if (is_png(data, size)) correct(data, size);
    return size;
}
