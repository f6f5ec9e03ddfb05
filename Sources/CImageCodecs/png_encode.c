#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "png_error.h"

typedef struct {
    png_failure failure;
    png_structp png;
    png_infop info;
    image_buffer *output;
    int strategy;  // of zlib
    uint8_t *row;
    image_turn turn;
} encoder;

// Photos repeat nothing but runs, so looking for longer matches is time lost. A photo of 24 megapixels on one core:
// runs only 1.1 s and 28.7 MB; matches at level 3 2.5 s and 30.7 MB; all filters at level 6 4.7 s and 29.0 MB. A page
// of text is eight times smaller with matches, a gray photo stored as RGB two times.
enum { MATCH_LEVEL = 3, PROBE_ROWS = 16, WATCH_ROWS = 32 };

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
    encoder *state = png_get_io_ptr(png);
    if (!image_append(state->output, bytes, count)) png_fail(&state->failure, IMAGE_NO_MEMORY, "");
}

static void flush_bytes(png_structp png) { (void)png; }

#define INTERLEAVE(TYPE)                                                                                               \
    do {                                                                                                               \
        const TYPE *colour = (const TYPE *)source->samples + y * source->width * source->channels;                     \
        const TYPE *alpha = (const TYPE *)source->alpha + y * source->width;                                           \
        TYPE *out = (TYPE *)row;                                                                                       \
        for (ptrdiff_t x = 0; x < source->width; x++) {                                                                \
            for (int c = 0; c < source->channels; c++) *out++ = *colour++;                                             \
            *out++ = alpha[x];                                                                                         \
        }                                                                                                              \
    } while (0)

static void interleave(const image_raster *source, ptrdiff_t y, uint8_t *row) {
    if (source->bit_depth == 16)
        INTERLEAVE(uint16_t);
    else
        INTERLEAVE(uint8_t);
}

static void encode(encoder *state, const image_raster *source, const image_segment *segments, size_t segment_count) {
    state->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state->failure, png_on_error, png_on_warning);
    if (!state->png) png_fail(&state->failure, IMAGE_NO_MEMORY, "");
    png_structp png = state->png;
    state->info = png_create_info_struct(png);
    if (!state->info) png_fail(&state->failure, IMAGE_NO_MEMORY, "");
    png_set_write_fn(png, state, write_bytes, flush_bytes);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);

    int has_alpha = source->alpha != NULL;
    int colour = (source->channels == 3 ? PNG_COLOR_MASK_COLOR : 0) | (has_alpha ? PNG_COLOR_MASK_ALPHA : 0);
    png_set_IHDR(png, state->info, (png_uint_32)source->width, (png_uint_32)source->height, source->bit_depth, colour,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, MATCH_LEVEL);
    png_set_compression_strategy(png, state->strategy);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_PAETH);
    png_write_info(png, state->info);
    for (size_t i = 0; i < segment_count; i++) {
        uint32_t kind = segments[i].kind;
        png_byte name[5] = {kind >> 24 & 0xff, kind >> 16 & 0xff, kind >> 8 & 0xff, kind & 0xff, 0};
        png_write_chunk(png, name, segments[i].bytes, segments[i].count);
    }
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (source->bit_depth == 16) png_set_swap(png);
#endif
    size_t stride = (size_t)source->width * (size_t)source->channels * (size_t)(source->bit_depth / 8);
    if (has_alpha) {
        state->row = malloc(stride + (size_t)source->width * (size_t)(source->bit_depth / 8));
        if (!state->row) png_fail(&state->failure, IMAGE_NO_MEMORY, "");
    }
    for (ptrdiff_t y = 0; y < source->height; y++) {
        if (y % WATCH_ROWS == 0) png_watch(&state->failure, &state->turn);
        if (has_alpha) interleave(source, y, state->row);
        png_write_row(png, has_alpha ? state->row : (uint8_t *)source->samples + (size_t)y * stride);
    }
    png_write_end(png, NULL);
}

static __attribute__((noinline)) void guarded(encoder *state, const image_raster *source,
                                              const image_segment *segments, size_t segment_count) {
    if (setjmp(state->failure.jump) == 0) encode(state, source, segments, segment_count);
}

static image_result write_png(const image_raster *source, int strategy, const image_segment *segments,
                              size_t segment_count, image_buffer *output, image_watch *watch) {
    image_result result = {0};
    encoder state;
    memset(&state, 0, sizeof state);
    state.failure.result = &result;
    state.output = output;
    state.strategy = strategy;
    state.turn = image_turn_begin(watch);
    guarded(&state, source, segments, segment_count);
    if (state.png) png_destroy_write_struct(&state.png, &state.info);
    free(state.row);
    image_turn_end(&state.turn);
    return result;
}

// Packs a few rows at a quarter, the middle and three quarters both ways. Matches have to gain a fifth to be worth it.
static int choose_strategy(const image_raster *source) {
    size_t sizes[2] = {0, 0};
    const int strategies[2] = {Z_RLE, Z_DEFAULT_STRATEGY};
    for (int part = 1; part <= 3; part++) {
        ptrdiff_t first = source->height * part / 4;
        ptrdiff_t pixels = first * source->width, bytes = source->bit_depth / 8;
        image_raster rows = *source;
        rows.height = source->height - first < PROBE_ROWS ? source->height - first : PROBE_ROWS;
        rows.samples = (char *)source->samples + pixels * source->channels * bytes;
        if (source->alpha) rows.alpha = (char *)source->alpha + pixels * bytes;
        for (int way = 0; way < 2; way++) {
            image_buffer packed = {0};
            if (write_png(&rows, strategies[way], NULL, 0, &packed, NULL).status == IMAGE_OK) sizes[way] += packed.count;
            image_free(&packed);
        }
    }
    return sizes[1] * 5 < sizes[0] * 4 ? Z_DEFAULT_STRATEGY : Z_RLE;
}

image_result image_png_encode(const image_raster *source, const image_segment *segments, size_t segment_count,
                              image_buffer *output, image_watch *watch) {
    return write_png(source, choose_strategy(source), segments, segment_count, output, watch);
}
