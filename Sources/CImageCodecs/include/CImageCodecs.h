// libjpeg and libpng behind calls that always return.
//
// Both libraries leave a failure by longjmp. Here every jump starts and lands in C; no Swift code is ever called from
// inside a call, so none can be jumped over. A call gives a status and, for damaged data, the library's own message
// (fixed texts with numbers or chunk names, never bytes of the file).
#ifndef CImageCodecs_H
#define CImageCodecs_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    IMAGE_OK = 0,
    IMAGE_TRUNCATED,
    IMAGE_CORRUPT,
    IMAGE_UNSUPPORTED,
    IMAGE_NO_MEMORY,
    IMAGE_CANCELLED,
    IMAGE_TOO_COSTLY,
} image_status;

enum { IMAGE_REASON_SIZE = 256 };

typedef struct {
    image_status status;
    char reason[IMAGE_REASON_SIZE];
} image_result;

// The Swift class Raster: (height, width, channels) without gaps, and (height, width) alpha or NULL.
typedef struct {
    void *samples;
    void *alpha;
    ptrdiff_t width, height;
    int channels;   // 1 or 3
    int bit_depth;  // 8 or 16
} image_raster;

// A piece of metadata: `kind` is a JPEG marker (0xE1) or the four letters of a PNG chunk.
typedef struct {
    uint32_t kind;
    const uint8_t *bytes;
    size_t count;
} image_segment;

// Memory that image_free gives back.
typedef struct {
    uint8_t *bytes;
    size_t count, capacity;
} image_buffer;

void image_free(image_buffer *buffer);
// Gives back what the bytes do not need.
void image_trim(image_buffer *buffer);

// What ends calls about one file early: that nobody wants the picture any more (IMAGE_CANCELLED), or that they have
// taken more processor time together than it may (IMAGE_TOO_COSTLY). Asked between rows and blocks. NULL ends nothing.
typedef struct image_watch image_watch;
image_watch *image_watch_new(double seconds);
// May be called from any thread while calls run.
void image_watch_cancel(image_watch *watch);
void image_watch_free(image_watch *watch);

// --- Decoding: fills `target`, whose sides are those of the upright picture (orientation 1…8 as in EXIF).

// `bytes`, `count`: from the start marker to the end of the last scan. `has_end`: whether an end marker follows; without
// one the scans have to be complete by themselves.
// `width`, `height`: as the caller read them from the frame header; where the decoder sees others the file is corrupt.
// `memory_limit`: bytes that libjpeg may hold. `scan_limit`: scans of one file.
image_result image_jpeg_decode(const uint8_t *bytes, size_t count, int has_end, uint32_t width, uint32_t height,
                               int orientation, size_t memory_limit, int scan_limit, const image_raster *target,
                               image_watch *watch);

image_result image_png_decode(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, int orientation,
                              const image_raster *target, image_watch *watch);

// --- Encoding

typedef struct {
    int quality;                 // 1…100
    int horizontal, vertical;    // luma samples per chroma sample
    int progressive;
    int density_unit;            // 0 aspect, 1 per inch, 2 per centimetre
    int density_x, density_y;
} image_jpeg_options;

// 16 bit is rounded to 8; alpha is laid over white.
image_result image_jpeg_encode(const image_raster *source, const image_jpeg_options *options,
                               const image_segment *segments, size_t segment_count, image_buffer *output,
                               image_watch *watch);

// The segments are written as chunks between IHDR and IDAT, in their order.
image_result image_png_encode(const image_raster *source, const image_segment *segments, size_t segment_count,
                              image_buffer *output, image_watch *watch);

// --- Rows between samples and floats, (height, width, 3) RGB 0…1, rows `stride` floats apart

void image_read_rgb(const image_raster *raster, ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height,
                    float *output, ptrdiff_t stride);
void image_write_rgb(const image_raster *raster, ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height,
                     const float *input, ptrdiff_t stride);

// --- zlib streams and checksums of PNG chunks

// Unpacks at most `limit` bytes; more is IMAGE_CORRUPT.
image_result image_inflate(const uint8_t *bytes, size_t count, size_t limit, image_buffer *output,
                           image_watch *watch);
// Unpacks until `wanted` bytes are there or the stream gives no more, be it sound or not: the caller judges what there is.
image_result image_inflate_part(const uint8_t *bytes, size_t count, size_t wanted, image_buffer *output);
image_result image_deflate(const uint8_t *bytes, size_t count, image_buffer *output);
uint32_t image_crc32(const uint8_t *bytes, size_t count);

#endif
