#include <stdlib.h>
#include <string.h>

#include "png_error.h"

typedef struct {
    png_failure failure;
    png_structp png;
    png_infop info;
    image_buffer *output;
    uint8_t *row;
} encoder;

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
    png_set_compression_level(png, 3);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_UP);
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
        if (has_alpha) interleave(source, y, state->row);
        png_write_row(png, has_alpha ? state->row : (uint8_t *)source->samples + (size_t)y * stride);
    }
    png_write_end(png, NULL);
}

static __attribute__((noinline)) void guarded(encoder *state, const image_raster *source,
                                              const image_segment *segments, size_t segment_count) {
    if (setjmp(state->failure.jump) == 0) encode(state, source, segments, segment_count);
}

image_result image_png_encode(const image_raster *source, const image_segment *segments, size_t segment_count,
                              image_buffer *output) {
    image_result result = {0};
    encoder state;
    memset(&state, 0, sizeof state);
    state.failure.result = &result;
    state.output = output;
    guarded(&state, source, segments, segment_count);
    if (state.png) png_destroy_write_struct(&state.png, &state.info);
    free(state.row);
    return result;
}
