#ifndef IMAGE_INTERNAL_H
#define IMAGE_INTERNAL_H

#include "CImageCodecs.h"

// Makes room for `extra` more bytes; 0 when there is no memory.
int image_reserve(image_buffer *buffer, size_t extra);
int image_append(image_buffer *buffer, const void *bytes, size_t count);

void image_set_reason(image_result *result, image_status status, const char *text);

// One call under a watch, on the thread that makes it.
typedef struct {
    image_watch *watch;
    int64_t start;
} image_turn;
image_turn image_turn_begin(image_watch *watch);
// IMAGE_OK: go on.
image_status image_turn_status(const image_turn *turn);
void image_turn_end(const image_turn *turn);

// Puts `rows` stored rows, `first` being the first, where they belong on the upright `target`. A stored row is
// (width, channels [+ 1 alpha]) samples; rows lie `stride` bytes apart. `width`, `height`: of the stored picture.
void image_place(const image_raster *target, int orientation, ptrdiff_t width, ptrdiff_t height, ptrdiff_t first,
                 ptrdiff_t rows, const void *strip, size_t stride, int has_alpha);

#endif
