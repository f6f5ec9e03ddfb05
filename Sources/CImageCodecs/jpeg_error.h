#ifndef IMAGE_JPEG_ERROR_H
#define IMAGE_JPEG_ERROR_H

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "internal.h"

// libjpeg's error manager, where its failures jump to, and what is told about them.
typedef struct {
    struct jpeg_error_mgr manager;
    jmp_buf jump;
    image_result *result;
    int source_ended;  // more was wanted than the file holds
} jpeg_failure;

// Fills the manager; the caller has set `jump` before libjpeg is called.
struct jpeg_error_mgr *jpeg_failure_init(jpeg_failure *failure, image_result *result);

// Ends the call where its watch says so.
void jpeg_watch(j_common_ptr info, const image_turn *turn);

// Ends the call with that status.
_Noreturn void jpeg_fail(j_common_ptr info, image_status status, const char *text);

#endif
