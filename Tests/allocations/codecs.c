// Every allocation of the codecs fails in turn, as SQLite's tests do it: the first one, then the second, and so on, alone
// and with all that follow. Each call has to end with a clean status, and nothing may be left of it.
//
// malloc, calloc, realloc and free of this program are its own, for libjpeg, libpng and zlib too.
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CImageCodecs.h"

// 0: another allocator, such as a sanitizer's, is there; then nothing fails and each call is made once.
#ifndef OWN_ALLOCATOR
#define OWN_ALLOCATOR 1
#endif

static long live, made, failing_from = -1;
static int fails_all, has_failed;

#if OWN_ALLOCATOR
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

// Whether the next allocation fails.
static int fails(void) {
    made++;
    if (failing_from < 0 || made < failing_from || (!fails_all && made > failing_from)) return 0;
    has_failed = 1;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) {
    void *block = fails() ? NULL : __libc_malloc(size);
    live += block != NULL;
    return block;
}

void *calloc(size_t count, size_t size) {
    void *block = fails() ? NULL : __libc_calloc(count, size);
    live += block != NULL;
    return block;
}

void *realloc(void *block, size_t size) {
    void *moved = fails() ? NULL : __libc_realloc(block, size);
    live += moved && !block;
    return moved;
}

void *aligned_alloc(size_t alignment, size_t size) {
    void *block = fails() ? NULL : __libc_memalign(alignment, size);
    live += block != NULL;
    return block;
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    *block = fails() ? NULL : __libc_memalign(alignment, size);
    live += *block != NULL;
    return *block ? 0 : ENOMEM;
}

void free(void *block) {
    live -= block != NULL;
    __libc_free(block);
}
#endif

enum { WIDTH = 96, HEIGHT = 64 };

typedef struct {
    const char *name;
    image_status (*call)(void);
} operation;

static uint8_t samples[WIDTH * HEIGHT * 3], alpha[WIDTH * HEIGHT], decoded[WIDTH * HEIGHT * 3], decoded_alpha[WIDTH * HEIGHT];
static image_raster opaque = {samples, NULL, WIDTH, HEIGHT, 3, 8}, see_through = {samples, alpha, WIDTH, HEIGHT, 3, 8};
// Turned by 90 degrees.
static image_raster target = {decoded, NULL, HEIGHT, WIDTH, 3, 8}, target_alpha = {decoded, decoded_alpha, HEIGHT, WIDTH, 3, 8};
static image_buffer jpeg, progressive, png, packed;
static const uint8_t note[] = "a comment";
static const image_segment comment = {0xFE, note, sizeof note}, text = {0x74455874, note, sizeof note};

static image_jpeg_options options(int is_progressive) {
    return (image_jpeg_options){
        .quality = 90, .horizontal = 2, .vertical = 2, .progressive = is_progressive, .density_x = 1, .density_y = 1};
}

static image_status write_jpeg(int is_progressive, const image_raster *source, image_buffer *output) {
    image_jpeg_options settings = options(is_progressive);
    return image_jpeg_encode(source, &settings, &comment, 1, output, NULL).status;
}

// Encodes and throws the output away.
static image_status thrown_away(image_status status, image_buffer *output) {
    image_free(output);
    return status;
}

static image_status encode_jpeg(void) {
    image_buffer output = {0};
    return thrown_away(write_jpeg(0, &see_through, &output), &output);
}
static image_status encode_progressive(void) {
    image_buffer output = {0};
    return thrown_away(write_jpeg(1, &opaque, &output), &output);
}
static image_status encode_png(void) {
    image_buffer output = {0};
    return thrown_away(image_png_encode(&see_through, &text, 1, &output, NULL).status, &output);
}
static image_status decode_jpeg(void) {
    return image_jpeg_decode(jpeg.bytes, jpeg.count, 1, WIDTH, HEIGHT, 6, 1 << 24, 100, &target, NULL).status;
}
static image_status decode_progressive(void) {
    return image_jpeg_decode(progressive.bytes, progressive.count, 1, WIDTH, HEIGHT, 6, 1 << 24, 100, &target, NULL).status;
}
static image_status decode_png(void) {
    return image_png_decode(png.bytes, png.count, WIDTH, HEIGHT, 6, &target_alpha, NULL).status;
}
static image_status inflate_text(void) {
    image_buffer output = {0};
    return thrown_away(image_inflate(packed.bytes, packed.count, 1 << 20, &output, NULL).status, &output);
}
static image_status deflate_text(void) {
    image_buffer output = {0};
    return thrown_away(image_deflate(samples, sizeof samples, &output).status, &output);
}
static image_status watched(void) {
    image_watch *watch = image_watch_new(1);
    if (!watch) return IMAGE_NO_MEMORY;
    image_watch_free(watch);
    return IMAGE_OK;
}

static const operation operations[] = {
    {"JPEG is encoded", encode_jpeg},           {"a progressive JPEG is encoded", encode_progressive},
    {"PNG is encoded", encode_png},             {"JPEG is decoded", decode_jpeg},
    {"a progressive JPEG is decoded", decode_progressive}, {"PNG is decoded", decode_png},
    {"a text is unpacked", inflate_text},       {"a profile is packed", deflate_text},
    {"a watch is made", watched},
};

// Lets the n-th allocation fail, for every n until none does. The number of allocations, -1 after a fault.
static long in_turn(const operation *one, int all) {
    for (long n = 1;; n++) {
        const long before = live;
        made = 0, has_failed = 0, fails_all = all, failing_from = n;
        const image_status status = one->call();
        failing_from = -1;
        if (live != before) {
            printf("FAULT %s: %ld blocks are left after allocation %ld failed\n", one->name, live - before, n);
            return -1;
        }
        if (!has_failed) {
            if (status != IMAGE_OK) {
                printf("FAULT %s: status %d although nothing failed\n", one->name, status);
                return -1;
            }
            return OWN_ALLOCATOR ? n - 1 : 1;
        }
        // A library may do without what it did not get.
        if (status != IMAGE_NO_MEMORY && status != IMAGE_OK) {
            printf("FAULT %s: status %d after allocation %ld failed\n", one->name, status, n);
            return -1;
        }
    }
}

int main(void) {
    for (int i = 0; i < WIDTH * HEIGHT * 3; i++) samples[i] = (uint8_t)(i * 7 % 251);
    for (int i = 0; i < WIDTH * HEIGHT; i++) alpha[i] = (uint8_t)(i % 256);
    if (write_jpeg(0, &opaque, &jpeg) != IMAGE_OK || write_jpeg(1, &opaque, &progressive) != IMAGE_OK
        || image_png_encode(&see_through, NULL, 0, &png, NULL).status != IMAGE_OK
        || image_deflate(samples, sizeof samples, &packed).status != IMAGE_OK) {
        printf("FAULT the files cannot be made\n0 passed, 1 failed\n");
        return 1;
    }
    int passed = 0, failed = 0;
    setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        for (int all = 0; all < 2; all++) {
            const long count = in_turn(&operations[i], all);
            count > 0 ? passed++ : failed++;
            if (count > 0 && !OWN_ALLOCATOR)
                printf("ok %s: nothing is left\n", operations[i].name);
            else if (count > 0)
                printf("ok %s: each of %ld allocations failed%s\n", operations[i].name, count, all ? ", and all after it" : "");
        }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
