#include "jpeg_error.h"

#include <jerror.h>

void jpeg_fail(j_common_ptr info, image_status status, const char *text) {
    jpeg_failure *failure = (jpeg_failure *)info->err;
    image_set_reason(failure->result, status, text);
    longjmp(failure->jump, 1);
}

void jpeg_watch(j_common_ptr info, const image_turn *turn) {
    image_status status = image_turn_status(turn);
    if (status != IMAGE_OK) jpeg_fail(info, status, status == IMAGE_TOO_COSTLY ? "takes too long to decode" : "");
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

// libjpeg goes on after damage and fills the rest with gray or garbage. Such a picture is refused. Damage is what
// entropy-coded data suffered: a code that is none, bits that are missing, a lost restart marker, a scan that refines
// what never came. All other warnings are about headers (a version or a colour code from the future, spectral bounds of
// a baseline scan that Samsung's phones leave 0) and about bytes between segments; every viewer shows those files.
static int is_damage(j_common_ptr info) {
    switch (info->err->msg_code) {
    case JWRN_ARITH_BAD_CODE:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC:
        return 1;
    case JWRN_BOGUS_PROGRESSION:  // a first scan that comes late or again overwrites, and harms nothing
        return info->is_decompressor && ((j_decompress_ptr)info)->Ah != 0;
    }
    return 0;
}

static void on_message(j_common_ptr info, int level) {
    if (level >= 0 || !is_damage(info)) return;
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    jpeg_fail(info, ((jpeg_failure *)info->err)->source_ended ? IMAGE_TRUNCATED : IMAGE_CORRUPT, text);
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
