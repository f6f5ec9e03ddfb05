#include <stdlib.h>
#include <string.h>

#include "png_error.h"

enum { STRIP_ROWS = 32, CHUNK_MEMORY = 1 << 20, CHUNK_COUNT = 64, WATCH_ROWS = 32 };

typedef struct {
    png_failure failure;
    png_structp png;
    png_infop info;
    const uint8_t *next;
    size_t left;
    size_t allowance;  // bytes that may still be read in this stage
    uint8_t *rows;
    image_turn turn;
} decoder;

static void read_bytes(png_structp png, png_bytep out, size_t count) {
    decoder *state = png_get_io_ptr(png);
    if (count > state->left) png_fail(&state->failure, IMAGE_TRUNCATED, "data ends early");
    if (count > state->allowance) png_fail(&state->failure, IMAGE_CORRUPT, "more data than the picture can hold");
    state->allowance -= count;
    memcpy(out, state->next, count);
    state->next += count;
    state->left -= count;
}

static void decode(decoder *state, uint32_t width, uint32_t height, int orientation, const image_raster *target) {
    state->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state->failure, png_on_error, png_on_warning);
    if (!state->png) png_fail(&state->failure, IMAGE_NO_MEMORY, "");
    png_structp png = state->png;
    state->info = png_create_info_struct(png);
    if (!state->info) png_fail(&state->failure, IMAGE_NO_MEMORY, "");
    png_set_read_fn(png, state, read_bytes);
    png_set_user_limits(png, width, height);
    png_set_chunk_malloc_max(png, CHUNK_MEMORY);
    png_set_chunk_cache_max(png, CHUNK_COUNT);
    // Only what the pixels need (IHDR, PLTE, tRNS, IDAT) is looked at; metadata is read elsewhere, within bounds.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);

    png_read_info(png, state->info);
    if (png_get_image_width(png, state->info) != width || png_get_image_height(png, state->info) != height)
        png_fail(&state->failure, IMAGE_CORRUPT, "two headers that differ");
    png_set_expand(png);  // palette to RGB, 1, 2, 4 bit to 8, tRNS to alpha
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    png_set_swap(png);
#endif
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, state->info);
    int has_alpha = target->alpha != NULL;
    if (png_get_channels(png, state->info) != target->channels + has_alpha
        || png_get_bit_depth(png, state->info) != target->bit_depth)
        png_fail(&state->failure, IMAGE_CORRUPT, "unusable transparency");

    size_t stride = png_get_rowbytes(png, state->info);
    int direct = orientation == 1 && !has_alpha;
    uint32_t strip = direct || passes > 1 ? height : height < STRIP_ROWS ? height : STRIP_ROWS;
    if (!direct) {
        state->rows = malloc(stride * strip);
        if (!state->rows) png_fail(&state->failure, IMAGE_NO_MEMORY, "");
    }
    // Behind the last row libpng unpacks the rest of the stream, however much it is: 1000 bytes for each of the file.
    // Deflate needs hardly more than the plain bytes, so what is read for the last row (of Adam7: for all) is bounded.
    size_t slack = 1 << 16;
    if (passes > 1) state->allowance = 2 * stride * height + slack;
    uint8_t *start = direct ? target->samples : state->rows;
    for (uint32_t first = 0; first < height; first += strip) {
        uint32_t rows = height - first < strip ? height - first : strip;
        for (int pass = 0; pass < passes; pass++)
            for (uint32_t y = 0; y < rows; y++) {
                if (y % WATCH_ROWS == 0) png_watch(&state->failure, &state->turn);
                if (passes == 1 && first + y == height - 1) state->allowance = 2 * stride + slack;
                png_read_row(png, start + y * stride, NULL);
            }
        if (!direct) image_place(target, orientation, width, height, first, rows, start, stride, has_alpha);
    }
    // With the last row libpng has read the rest of the compressed data and their checksums. What comes behind them does
    // not matter.
}

// A function of its own, so that nothing it needs after the jump lives in its own frame.
static __attribute__((noinline)) void guarded(decoder *state, uint32_t width, uint32_t height, int orientation,
                                              const image_raster *target) {
    if (setjmp(state->failure.jump) == 0) decode(state, width, height, orientation, target);
}

image_result image_png_decode(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, int orientation,
                              const image_raster *target, image_watch *watch) {
    image_result result = {0};
    decoder state;
    memset(&state, 0, sizeof state);
    state.failure.result = &result;
    state.next = bytes;
    state.left = count;
    state.allowance = SIZE_MAX;
    state.turn = image_turn_begin(watch);
    guarded(&state, width, height, orientation, target);
    if (state.png) png_destroy_read_struct(&state.png, &state.info, NULL);
    free(state.rows);
    image_turn_end(&state.turn);
    return result;
}
