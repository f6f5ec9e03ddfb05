#ifndef CEVALUATION_H
#define CEVALUATION_H

#include <stddef.h>

/// Pixels that are filtered side by side; rows are padded to a whole number of them.
#define VOLUME_SSIM_LANES 16
/// Pixels that the window reaches to each side.
#define VOLUME_SSIM_RADIUS 5

/// The sum of the 3-D SSIM of one row over its pixels and channels, each value in single precision.
///
/// x, y: (3, height, row_length) row-major, values 0…255; a row begins VOLUME_SSIM_RADIUS columns before the picture
/// and repeats the edge pixels on both sides; row_length is at least 2 · VOLUME_SSIM_RADIUS + width rounded up to whole
/// lanes. window: (11, 11, 11) of rows, columns, channels.
double volume_ssim_row(
    const float *x, const float *y, size_t width, size_t height, size_t row_length, const float *window, size_t row);

#endif
