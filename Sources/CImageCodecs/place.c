#include <string.h>

#include "internal.h"

// Where the stored pixel (x, y) goes: base + x·dx + y·dy, in pixels of the upright picture.
typedef struct {
    ptrdiff_t base, dx, dy;
} layout;

static layout layout_of(int orientation, ptrdiff_t width, ptrdiff_t height) {
    ptrdiff_t last_x = width - 1, last_y = height - 1;
    switch (orientation) {
    case 2: return (layout){last_x, -1, width};
    case 3: return (layout){last_y * width + last_x, -1, -width};
    case 4: return (layout){last_y * width, 1, -width};
    // From 5 on the upright rows are `height` pixels long.
    case 5: return (layout){0, height, 1};
    case 6: return (layout){last_y, height, -1};
    case 7: return (layout){last_x * height + last_y, -height, -1};
    case 8: return (layout){last_x * height, -height, 1};
    default: return (layout){0, 1, width};
    }
}

// One version for each sample type, channel count and alpha: the counts are constants where it is inlined. The inner
// loop walks along the upright rows (stored columns when the sides change places), so that writes stay together.
#define PLACE(NAME, TYPE)                                                                                              \
    static inline __attribute__((always_inline)) void NAME(                                                            \
        TYPE *samples, TYPE *alpha, layout to, int transposed, ptrdiff_t width, ptrdiff_t first, ptrdiff_t rows,       \
        const char *strip, size_t stride, const int channels, const int has_alpha) {                                   \
        const int step = channels + has_alpha;                                                                         \
        ptrdiff_t outer = transposed ? width : rows, inner = transposed ? rows : width;                                \
        for (ptrdiff_t i = 0; i < outer; i++)                                                                          \
            for (ptrdiff_t j = 0; j < inner; j++) {                                                                    \
                ptrdiff_t x = transposed ? i : j, y = transposed ? j : i;                                              \
                const TYPE *from = (const TYPE *)(strip + (size_t)y * stride) + x * step;                              \
                ptrdiff_t at = to.base + x * to.dx + (first + y) * to.dy;                                              \
                for (int c = 0; c < channels; c++) samples[at * channels + c] = from[c];                               \
                if (has_alpha) alpha[at] = from[channels];                                                             \
            }                                                                                                          \
    }

PLACE(place8, uint8_t)
PLACE(place16, uint16_t)

#define DISPATCH(NAME, TYPE)                                                                                           \
    do {                                                                                                               \
        TYPE *s = target->samples, *a = target->alpha;                                                                 \
        if (target->channels == 1 && !has_alpha)                                                                       \
            NAME(s, a, to, transposed, width, first, rows, strip, stride, 1, 0);                                       \
        else if (target->channels == 1)                                                                                \
            NAME(s, a, to, transposed, width, first, rows, strip, stride, 1, 1);                                       \
        else if (!has_alpha)                                                                                           \
            NAME(s, a, to, transposed, width, first, rows, strip, stride, 3, 0);                                       \
        else                                                                                                           \
            NAME(s, a, to, transposed, width, first, rows, strip, stride, 3, 1);                                       \
    } while (0)

void image_place(const image_raster *target, int orientation, ptrdiff_t width, ptrdiff_t height, ptrdiff_t first,
                 ptrdiff_t rows, const void *strip, size_t stride, int has_alpha) {
    layout to = layout_of(orientation, width, height);
    int transposed = orientation >= 5;
    if (target->bit_depth == 16)
        DISPATCH(place16, uint16_t);
    else
        DISPATCH(place8, uint8_t);
}
