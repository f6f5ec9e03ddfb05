// Prints numbers that the portable kernels and the picture codecs make of fixed inputs: run natively and on arm64, the
// two have to agree, and so has the NEON set (Tests/arm64/run). With the name of another kernel set, its numbers: also for the
// sanitizers (Tests/sanitizers/run). Status 77 where this CPU has not got that set, 2 where there is none of that name.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../Sources/CImageCodecs/include/CImageCodecs.h"
#include "../../Sources/CKernels/include/CKernels.h"

enum { ROWS = 37, DEPTH = 48, COLUMNS = 32, HEIGHT = 24, WIDTH = 36, CHANNELS = 16 };

static unsigned state = 7;

// -1…1, the same on every machine.
static float next(void) {
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / 8388608.0f - 1.0f;
}

static float *numbers(long count) {
    float *values = malloc(sizeof(float) * (size_t)count);
    for (long i = 0; i < count; i++) values[i] = next();
    return values;
}

/// For results, packed weights and working memory: sets want different amounts of it, and are given the same numbers all
/// the same.
static float *room(long count) {
    float *values = malloc(sizeof(float) * (size_t)count);
    for (long i = 0; i < count; i++) values[i] = 0.25f;
    return values;
}

static void show(const char *name, const float *values, long count) {
    double sum = 0, squares = 0;
    for (long i = 0; i < count; i++) sum += (double)values[i] * (double)(i % 7 + 1), squares += (double)values[i] * values[i];
    printf("%s %.6g %.6g %.6g %.6g\n", name, sum, sqrt(squares), values[1], values[count / 2]);
}

static void products(const kernel_set *set) {
    const char *names[] = {"store", "add", "gelu", "gate", "relu"};
    for (int epilogue = kernel_store; epilogue <= kernel_relu; epilogue++) {
        int gate = epilogue == kernel_gate;
        float *a = numbers(ROWS * DEPTH), *weights = numbers(COLUMNS * DEPTH), *bias = numbers(COLUMNS);
        float *packed = room(set->packed_weights(COLUMNS, DEPTH, gate));
        float *packed_bias = room(set->packed_bias(COLUMNS, gate));
        set->pack(COLUMNS, DEPTH, gate, weights, bias, packed, packed_bias);
        float *c = numbers(ROWS * COLUMNS), *product = room(ROWS * COLUMNS), *ahead = numbers(ROWS * DEPTH);
        long columns = gate ? COLUMNS / 2 : COLUMNS;
        kernel_matmul op = {ROWS, DEPTH, 1, COLUMNS, a, DEPTH, 0, packed, packed_bias, c, columns, product, ahead,
                            ROWS * DEPTH};
        set->matmul(&op, (kernel_epilogue)epilogue);
        show(names[epilogue], c, ROWS * columns);
    }
}

static void layers(const kernel_set *set) {
    float *x = numbers(ROWS * COLUMNS), *weight = numbers(COLUMNS), *bias = numbers(COLUMNS), *y = numbers(ROWS * COLUMNS);
    kernel_layer_norm norm = {ROWS, COLUMNS, x, COLUMNS, weight, bias, 1e-6f, y, COLUMNS, 0};
    set->layer_norm(&norm);
    show("layer_norm", y, ROWS * COLUMNS);
    float *map = numbers(3 * WIDTH * 2 * CHANNELS), *taps = numbers(9 * 2 * CHANNELS), *biases = numbers(2 * CHANNELS);
    float *row = numbers(WIDTH * CHANNELS);
    double sums[CHANNELS] = {0};
    long stride = WIDTH * 2 * CHANNELS;
    kernel_depthwise depthwise = {WIDTH, CHANNELS, map, map + stride, map + 2 * stride, taps, biases, row, sums};
    set->depthwise_gate(&depthwise);
    show("depthwise", row, WIDTH * CHANNELS);
}

static void branches(const kernel_set *set) {
    const kernel_branch *branch = &set->branch;
    const long count = ROWS * COLUMNS;
    float *x = numbers(count), *y = numbers(count), *z = numbers(count), *w = numbers(count);
    float *factor = numbers(COLUMNS), *offset = numbers(COLUMNS), *each = numbers(ROWS), *keep = numbers(COLUMNS);
    for (int i = 0; i < COLUMNS; i++) keep[i] = (float)(i % 2);
    uint32_t names[COLUMNS];
    for (uint32_t i = 0; i < COLUMNS; i++) names[i] = 3 * i + 1;
    branch->relu_rows(ROWS, COLUMNS, x, COLUMNS, y, COLUMNS);
    show("relu_rows", y, count);
    branch->softmax_rows(ROWS, COLUMNS - 3, y, COLUMNS);
    show("softmax_rows", y, count);
    branch->standardise_rows(ROWS, COLUMNS - 3, each, z, COLUMNS);
    show("standardise_rows", z, count);
    kernel_noise noise = {ROWS, COLUMNS - 3, 0x123456789abcdefu, 5, names, each, w, COLUMNS};
    branch->add_noise(&noise);
    show("add_noise", w, count);
    branch->tanh_relu_rows(ROWS, COLUMNS / 2 + 1, COLUMNS - 3, w, COLUMNS);
    show("tanh_relu_rows", w, count);
    kernel_coupling coupling = {ROWS, COLUMNS - 3, x, COLUMNS, factor, offset, keep, z, w, COLUMNS};
    branch->couple_rows(&coupling);
    show("couple_rows", x, count);
    branch->sigmoid_rows(ROWS, COLUMNS - 3, factor, offset, 0.5f, 0.25f, x, COLUMNS);
    show("sigmoid_rows", x, count);
    branch->sigmoid_gate(ROWS, COLUMNS - 3, z, COLUMNS, w, COLUMNS, x, COLUMNS, y, COLUMNS);
    show("sigmoid_gate", y, count);
    branch->sigmoid_mean(ROWS, COLUMNS - 3, y, COLUMNS, each);
    show("sigmoid_mean", each, ROWS);
}

static void fourier(const kernel_set *set) {
    kernel_fourier *plan = set->fourier_make(HEIGHT, WIDTH, CHANNELS);
    // A column is a bin longer than the map is high.
    long row = WIDTH * CHANNELS, bins = 2 * CHANNELS, columns = WIDTH / 2 + 1, stride = (HEIGHT + 1) * bins;
    float *map = numbers(HEIGHT * row), *scratch = room(set->fourier_scratch(plan));
    float *spectrum = numbers(columns * stride), *column = numbers(HEIGHT * bins), *back = numbers(HEIGHT * row);
    for (long y = 0; y < HEIGHT; y++) set->fourier_row(plan, map + y * row, CHANNELS, y, spectrum, scratch);
    show("fourier_row", spectrum, columns * stride);
    for (long x = 0; x < columns; x++) {
        float *at = spectrum + x * stride;
        set->fourier_column(plan, at, column, bins, scratch);
        if (x == 3) show("fourier_column", column, HEIGHT * bins);
        set->inverse_column(plan, column, bins, at, scratch);
    }
    for (long y = 0; y < HEIGHT; y++) set->inverse_row(plan, spectrum, y, back + y * row, CHANNELS, scratch);
    show("fourier_back", back, HEIGHT * row);
    double worst = 0;
    for (long i = 0; i < HEIGHT * row; i++) worst = fmax(worst, fabs((double)back[i] / (HEIGHT * WIDTH) - (double)map[i]));
    printf("fourier round trip within 1e-6: %d\n", worst < 1e-6);
    set->fourier_free(plan);
}

static void show_bytes(const char *name, const image_buffer *buffer) {
    printf("%s %zu bytes, CRC %08x\n", name, buffer->count, image_crc32(buffer->bytes, buffer->count));
}

static void codecs(void) {
    static uint8_t samples[HEIGHT * WIDTH * 3], again[HEIGHT * WIDTH * 3];
    for (int i = 0; i < HEIGHT * WIDTH * 3; i++) samples[i] = (uint8_t)(i * 7 / 5);
    image_raster source = {samples, NULL, WIDTH, HEIGHT, 3, 8}, target = source;
    target.samples = again;
    image_buffer png = {0}, jpeg = {0};
    image_png_encode(&source, NULL, 0, &png, NULL);
    show_bytes("png", &png);
    printf("png status %d", image_png_decode(png.bytes, png.count, WIDTH, HEIGHT, 1, &target, NULL).status);
    printf(", equal %d\n", memcmp(samples, again, sizeof samples) == 0);
    image_jpeg_options options = {92, 2, 2, 1, 0, 1, 1};
    image_jpeg_encode(&source, &options, NULL, 0, &jpeg, NULL);
    show_bytes("jpeg", &jpeg);
    image_jpeg_decode(jpeg.bytes, jpeg.count, 1, WIDTH, HEIGHT, 1, 1 << 20, 100, &target, NULL);
    image_buffer decoded = {again, sizeof again, 0};
    show_bytes("jpeg decoded", &decoded);
    // An error, which leaves the library by longjmp.
    printf("cut %d\n", image_jpeg_decode(jpeg.bytes, jpeg.count / 2, 1, WIDTH, HEIGHT, 1, 1 << 20, 100, &target, NULL).status);
}

typedef struct {
    const char *name;
    const kernel_set *(*get)(void);
} kernel_source;

static const kernel_source *named(const char *name) {
    static const kernel_source sources[] = {
        {"portable", kernel_set_portable},
        {"neon", kernel_set_neon},
        {"avx2", kernel_set_avx2},
        {"avx512", kernel_set_avx512},
        {"avx512bf16", kernel_set_avx512bf16},
    };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (strcmp(name, sources[i].name) == 0) return &sources[i];
    return NULL;
}

int main(int count, char **arguments) {
    const char *name = count > 1 ? arguments[1] : "portable";
    const kernel_source *source = named(name);
    if (!source) {
        fprintf(stderr, "%s is not the name of a kernel set\n", name);
        return 2;
    }
    const kernel_set *set = source->get();
    if (!set) return 77;
    products(set);
    layers(set);
    branches(set);
    fourier(set);
    codecs();
    return 0;
}
