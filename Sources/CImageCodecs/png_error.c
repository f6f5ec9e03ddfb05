#define _GNU_SOURCE  // strcasestr
#include "png_error.h"

#include <string.h>

void png_fail(png_failure *failure, image_status status, const char *text) {
    image_set_reason(failure->result, status, text);
    longjmp(failure->jump, 1);
}

void png_watch(png_failure *failure, const image_turn *turn) {
    image_status status = image_turn_status(turn);
    if (status != IMAGE_OK) png_fail(failure, status, status == IMAGE_TOO_COSTLY ? "takes too long to decode" : "");
}

// libpng escapes what it quotes of a chunk name; the reason is made printable once more when it is stored.
void png_on_error(png_structp png, png_const_charp text) {
    image_status status = IMAGE_CORRUPT;
    if (strcasestr(text, "memory")) status = IMAGE_NO_MEMORY;
    png_fail(png_get_error_ptr(png), status, text);
}

// Warnings are about ancillary chunks that are then left out, or about bytes after the last row; the pixels are whole.
void png_on_warning(png_structp png, png_const_charp text) { (void)png, (void)text; }
