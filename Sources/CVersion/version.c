#include "CVersion.h"

#ifndef DEBLUR_COMMIT
#define DEBLUR_COMMIT "unknown"
#endif

const char *cversion_commit(void) { return DEBLUR_COMMIT; }
