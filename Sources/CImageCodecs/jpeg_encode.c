#include <stdlib.h>
#include <string.h>

#include "jpeg_error.h"

enum { STRIP_ROWS = 16 };

typedef struct {
    struct jpeg_compress_struct info;  // first: the callbacks cast back
    jpeg_failure failure;
    struct jpeg_destination_mgr destination;
    image_buffer *output;
    struct jpeg_progress_mgr progress;
    image_turn turn;
    int created;
    uint8_t *strip;
} encoder;

// --- The destination: a growing buffer.

static void destination_grow(encoder *state) {
    image_buffer *output = state->output;
    if (!image_reserve(output, 65536)) jpeg_fail((j_common_ptr)&state->info, IMAGE_NO_MEMORY, "");
    state->destination.next_output_byte = output->bytes + output->count;
    state->destination.free_in_buffer = output->capacity - output->count;
}

static void destination_init(j_compress_ptr info) { destination_grow((encoder *)info); }

static boolean destination_full(j_compress_ptr info) {
    encoder *state = (encoder *)info;
    state->output->count = state->output->capacity;
    destination_grow(state);
    return TRUE;
}

static void destination_end(j_compress_ptr info) {
    encoder *state = (encoder *)info;
    state->output->count = state->output->capacity - state->destination.free_in_buffer;
}

// Called between rows and between passes.
static void on_progress(j_common_ptr common) { jpeg_watch(common, &((encoder *)common)->turn); }

// --- Rows as JPEG can hold them: 8 bit, opaque.

static inline unsigned sample8(const void *samples, ptrdiff_t at, int bit_depth) {
    return bit_depth == 16 ? (((const uint16_t *)samples)[at] * 255u + 32767) / 65535 : ((const uint8_t *)samples)[at];
}

static void opaque_row(const image_raster *source, ptrdiff_t y, uint8_t *out) {
    int channels = source->channels;
    ptrdiff_t start = y * source->width;
    for (ptrdiff_t x = 0; x < source->width; x++) {
        unsigned a = source->alpha ? sample8(source->alpha, start + x, source->bit_depth) : 255;
        for (int c = 0; c < channels; c++) {
            unsigned v = sample8(source->samples, (start + x) * channels + c, source->bit_depth);
            out[x * channels + c] = (uint8_t)((v * a + 255 * (255 - a) + 127) / 255);
        }
    }
}

static void encode(encoder *state, const image_raster *source, const image_jpeg_options *options,
                   const image_segment *segments, size_t segment_count) {
    j_compress_ptr info = &state->info;
    // Before the call: what it has made when it fails is to be freed as well.
    state->created = 1;
    jpeg_create_compress(info);
    info->dest = &state->destination;
    state->progress.progress_monitor = on_progress;
    info->progress = &state->progress;
    state->destination = (struct jpeg_destination_mgr){
        .init_destination = destination_init, .empty_output_buffer = destination_full,
        .term_destination = destination_end};
    if (source->width > JPEG_MAX_DIMENSION || source->height > JPEG_MAX_DIMENSION)
        jpeg_fail((j_common_ptr)info, IMAGE_UNSUPPORTED, "JPEG with a side over 65500 pixels");

    info->image_width = (JDIMENSION)source->width;
    info->image_height = (JDIMENSION)source->height;
    info->input_components = source->channels;
    info->in_color_space = source->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, options->quality, TRUE);
    info->dct_method = JDCT_ISLOW;
    if (source->channels == 3) {
        info->comp_info[0].h_samp_factor = options->horizontal;
        info->comp_info[0].v_samp_factor = options->vertical;
    }
    // In one scan the standard Huffman tables: own ones would save some 5 % of the file, but need all coefficients in
    // memory first, as progressive order does anyway.
    if (options->progressive) jpeg_simple_progression(info);
    info->density_unit = (UINT8)options->density_unit;
    info->X_density = (UINT16)options->density_x;
    info->Y_density = (UINT16)options->density_y;

    jpeg_start_compress(info, TRUE);
    for (size_t i = 0; i < segment_count; i++)
        jpeg_write_marker(info, (int)segments[i].kind, segments[i].bytes, (unsigned)segments[i].count);

    size_t stride = (size_t)source->width * (size_t)source->channels;
    int direct = source->bit_depth == 8 && !source->alpha;
    if (!direct && !(state->strip = malloc(stride * STRIP_ROWS)))
        jpeg_fail((j_common_ptr)info, IMAGE_NO_MEMORY, "");
    while (info->next_scanline < info->image_height) {
        JDIMENSION first = info->next_scanline;
        JDIMENSION rows = info->image_height - first < STRIP_ROWS ? info->image_height - first : STRIP_ROWS;
        JSAMPROW pointers[STRIP_ROWS];
        for (JDIMENSION y = 0; y < rows; y++) {
            pointers[y] = direct ? (uint8_t *)source->samples + (first + y) * stride : state->strip + y * stride;
            if (!direct) opaque_row(source, (ptrdiff_t)(first + y), pointers[y]);
        }
        jpeg_write_scanlines(info, pointers, rows);
    }
    jpeg_finish_compress(info);
}

static __attribute__((noinline)) void guarded(encoder *state, const image_raster *source,
                                              const image_jpeg_options *options, const image_segment *segments,
                                              size_t segment_count) {
    if (setjmp(state->failure.jump) == 0) encode(state, source, options, segments, segment_count);
}

image_result image_jpeg_encode(const image_raster *source, const image_jpeg_options *options,
                               const image_segment *segments, size_t segment_count, image_buffer *output,
                               image_watch *watch) {
    image_result result = {0};
    encoder state;
    memset(&state, 0, sizeof state);
    state.output = output;
    state.turn = image_turn_begin(watch);
    state.info.err = jpeg_failure_init(&state.failure, &result);
    guarded(&state, source, options, segments, segment_count);
    if (state.created) jpeg_destroy_compress(&state.info);
    free(state.strip);
    image_turn_end(&state.turn);
    return result;
}
