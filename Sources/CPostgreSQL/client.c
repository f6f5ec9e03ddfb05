#include "postgresql_client.h"

#include <dlfcn.h>

#if defined(POSTGRESQL_WANTED) && !defined(POSTGRESQL_FOUND)
#error "libpq-fe.h is missing: install libpq-dev, or build with --disable-default-traits, without jobs in a database"
#endif

#ifdef POSTGRESQL_FOUND
const int postgresql_sqlstate_field = PG_DIAG_SQLSTATE;

const char *postgresql_load(struct postgresql_functions *functions) {
    // Never closed: its connections may live as long as the process.
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (!library) return dlerror();
#define POSTGRESQL_FIND(name) \
    functions->name = (__typeof__(functions->name))dlsym(library, #name); \
    if (!functions->name) return "libpq.so.5 has no " #name;
    POSTGRESQL_FUNCTIONS(POSTGRESQL_FIND)
#undef POSTGRESQL_FIND
    return 0;
}

void postgresql_drop_notice(void *argument, const char *message) {
    (void)argument;
    (void)message;
}
#endif
