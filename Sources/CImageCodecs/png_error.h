#ifndef IMAGE_PNG_ERROR_H
#define IMAGE_PNG_ERROR_H

#include <setjmp.h>

#include <png.h>

#include "internal.h"

// Where libpng's failures jump to, and what is told about them.
typedef struct {
    jmp_buf jump;
    image_result *result;
} png_failure;

// Ends the call with that status.
_Noreturn void png_fail(png_failure *failure, image_status status, const char *text);

// Ends the call where its watch says so.
void png_watch(png_failure *failure, const image_turn *turn);

// Callbacks of libpng; the error pointer of the struct is a png_failure.
_Noreturn void png_on_error(png_structp png, png_const_charp text);
void png_on_warning(png_structp png, png_const_charp text);

#endif
