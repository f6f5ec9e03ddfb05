#include <stdlib.h>
#include <string.h>

#include "jpeg_error.h"

enum { STRIP_ROWS = 32 };

typedef struct {
    struct jpeg_decompress_struct info;  // first: the callbacks cast back
    jpeg_failure failure;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    int scan_limit;
    image_turn turn;
    int created;
    uint8_t *strip;
} decoder;

// --- The source: all bytes of the scans are there from the start. Behind them stands an end marker, whether the file has
// one or not; bits that are wanted then are missing, which the decoder reports (on_message in jpeg_error.c).

static void source_nothing(j_decompress_ptr info) { (void)info; }

static boolean source_empty(j_decompress_ptr info) {
    static const JOCTET end[2] = {0xFF, JPEG_EOI};
    ((decoder *)info)->failure.source_ended = 1;
    info->src->next_input_byte = end;
    info->src->bytes_in_buffer = sizeof end;
    return TRUE;
}

static void source_skip(j_decompress_ptr info, long count) {
    if (count <= 0) return;
    if ((size_t)count > info->src->bytes_in_buffer) {
        source_empty(info);
    } else {
        info->src->next_input_byte += count;
        info->src->bytes_in_buffer -= (size_t)count;
    }
}

// Called between rows and between passes: the place to stop a file that has ever more scans.
static void on_progress(j_common_ptr common) {
    decoder *state = (decoder *)common;
    if (state->info.input_scan_number > state->scan_limit) jpeg_fail(common, IMAGE_CORRUPT, "too many scans");
    jpeg_watch(common, &state->turn);
}

// Four components are written upside down (0 is full ink), with or without Adobe's marker: what browsers, Pillow and
// libvips take for granted. No colour management: ink on white, the way browsers show a file without a profile.
static void cmyk_to_rgb(uint8_t *row, ptrdiff_t width) {
    for (ptrdiff_t x = 0; x < width; x++) {
        unsigned k = row[4 * x + 3];
        for (int c = 0; c < 3; c++) row[3 * x + c] = (uint8_t)((row[4 * x + c] * k + 127) / 255);
    }
}

// Whether no coefficient of any component is still to come (T.81, G.1.1.1).
static int is_refined(j_decompress_ptr info) {
    for (int c = 0; c < info->num_components; c++)
        for (int k = 0; k < DCTSIZE2; k++)
            if (info->coef_bits[c][k] != 0) return 0;
    return 1;
}

// Called when the scans have been read, or the only one has begun: each component has had one. Without an end marker a
// scan may be missing that nothing else tells of, and the arithmetic decoder takes the end for zeros (T.81, D.2.6).
static void check_scans(j_decompress_ptr info, int has_end) {
    int whole = has_end || (!info->arith_code && (!info->progressive_mode || is_refined(info)));
    for (int c = 0; c < info->num_components; c++)
        if (!info->comp_info[c].quant_table || (info->progressive_mode && info->coef_bits[c][0] < 0)) whole = 0;
    if (!whole) jpeg_fail((j_common_ptr)info, IMAGE_TRUNCATED, "scans are missing");
}

static void decode(decoder *state, const uint8_t *bytes, size_t count, int has_end, uint32_t width, uint32_t height,
                   int orientation, size_t memory_limit, const image_raster *target) {
    j_decompress_ptr info = &state->info;
    j_common_ptr common = (j_common_ptr)info;
    // Before the call: what it has made when it fails is to be freed as well.
    state->created = 1;
    jpeg_create_decompress(info);
    info->mem->max_memory_to_use = (long)memory_limit;
    info->src = &state->source;
    state->source = (struct jpeg_source_mgr){
        .next_input_byte = bytes, .bytes_in_buffer = count, .init_source = source_nothing,
        .fill_input_buffer = source_empty, .skip_input_data = source_skip,
        .resync_to_restart = jpeg_resync_to_restart, .term_source = source_nothing};
    state->progress.progress_monitor = on_progress;
    info->progress = &state->progress;

    jpeg_read_header(info, TRUE);
    if (info->image_width != width || info->image_height != height)
        jpeg_fail(common, IMAGE_CORRUPT, "two frame headers that differ");
    int cmyk = info->num_components == 4;
    info->out_color_space = cmyk ? JCS_CMYK : info->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    info->dct_method = JDCT_ISLOW;
    jpeg_start_decompress(info);
    check_scans(info, has_end);
    if (info->output_components != (cmyk ? 4 : target->channels) || target->bit_depth != 8)
        jpeg_fail(common, IMAGE_CORRUPT, "component count changed");

    size_t stride = (size_t)width * (size_t)info->output_components;
    int direct = orientation == 1 && !cmyk;
    if (!direct && !(state->strip = malloc(stride * STRIP_ROWS))) jpeg_fail(common, IMAGE_NO_MEMORY, "");
    while (info->output_scanline < height) {
        uint32_t first = info->output_scanline;
        uint32_t rows = height - first < STRIP_ROWS ? height - first : STRIP_ROWS;
        uint8_t *start = direct ? (uint8_t *)target->samples + first * stride : state->strip;
        JSAMPROW pointers[STRIP_ROWS];
        for (uint32_t y = 0; y < rows; y++) pointers[y] = start + y * stride;
        while (info->output_scanline < first + rows)
            jpeg_read_scanlines(info, pointers + (info->output_scanline - first), first + rows - info->output_scanline);
        if (cmyk)
            for (uint32_t y = 0; y < rows; y++) cmyk_to_rgb(pointers[y], width);
        if (!direct) image_place(target, orientation, width, height, first, rows, start, stride, 0);
    }
    // All rows are there: what comes behind the scans does not matter.
}

// A function of its own, so that nothing it needs after the jump lives in its own frame.
static __attribute__((noinline)) void guarded(decoder *state, const uint8_t *bytes, size_t count, int has_end,
                                              uint32_t width, uint32_t height, int orientation, size_t memory_limit,
                                              const image_raster *target) {
    if (setjmp(state->failure.jump) == 0)
        decode(state, bytes, count, has_end, width, height, orientation, memory_limit, target);
}

image_result image_jpeg_decode(const uint8_t *bytes, size_t count, int has_end, uint32_t width, uint32_t height,
                               int orientation, size_t memory_limit, int scan_limit, const image_raster *target,
                               image_watch *watch) {
    image_result result = {0};
    decoder state;
    memset(&state, 0, sizeof state);
    state.scan_limit = scan_limit;
    state.turn = image_turn_begin(watch);
    state.info.err = jpeg_failure_init(&state.failure, &result);
    guarded(&state, bytes, count, has_end, width, height, orientation, memory_limit, target);
    if (state.created) jpeg_destroy_decompress(&state.info);
    free(state.strip);
    image_turn_end(&state.turn);
    return result;
}
