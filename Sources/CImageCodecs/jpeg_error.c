#include "jpeg_error.h"

#include <jerror.h>

void jpeg_fail(j_common_ptr info, image_status status, const char *text) {
    jpeg_failure *failure = (jpeg_failure *)info->err;
    image_set_reason(failure->result, status, text);
    longjmp(failure->jump, 1);
}

static _Noreturn void on_error(j_common_ptr info) {
    image_status status;
    switch (info->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE:  // more coefficients than the memory limit: jmemnobs has no temporary files
        status = IMAGE_NO_MEMORY;
        break;
    case JERR_INPUT_EOF:
    case JERR_INPUT_EMPTY:
        status = IMAGE_TRUNCATED;
        break;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_IMAGE_TOO_BIG:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
        status = IMAGE_UNSUPPORTED;
        break;
    default:
        status = IMAGE_CORRUPT;
    }
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    jpeg_fail(info, status, text);
}

// libjpeg goes on after damage and fills the rest with gray or garbage. Such a picture is refused. Three warnings say
// nothing about the pixels and are common in files that every viewer shows without complaint: bytes between two
// segments or after the last scan (padding of some cameras), a JFIF version or an Adobe colour code from the future.
static void on_message(j_common_ptr info, int level) {
    if (level >= 0) return;
    switch (info->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM:
        return;
    }
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    jpeg_fail(info, IMAGE_CORRUPT, text);
}

static void on_output(j_common_ptr info) { (void)info; }

struct jpeg_error_mgr *jpeg_failure_init(jpeg_failure *failure, image_result *result) {
    jpeg_std_error(&failure->manager);
    failure->manager.error_exit = on_error;
    failure->manager.emit_message = on_message;
    failure->manager.output_message = on_output;
    failure->result = result;
    return &failure->manager;
}
