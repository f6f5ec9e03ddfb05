// Tells ThreadSanitizer of Swift's Mutex (Synchronization). A lock that is free is taken by an atomic operation of the
// caller, which the sanitizer sees. One that is contended is waited for inside libswiftSynchronization, which is not built
// for the sanitizer: it would call everything behind such a lock a race. Preloaded, these two functions stand in front of
// the library's, and say what they order.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

// _MutexHandle._lockSlow(_ thread: UInt32), a method of a struct that is passed by reference.
SWIFT void lock_slow(uint32_t thread, SELF void *handle) __asm__(LOCK);
SWIFT void unlock_slow(SELF void *handle) __asm__(UNLOCK);

typedef SWIFT void (*locking)(uint32_t, SELF void *);
typedef SWIFT void (*unlocking)(SELF void *);

static void *behind(const char *name, _Atomic(void *) *kept) {
    if (!*kept) *kept = dlsym(RTLD_NEXT, name);
    return *kept;
}

SWIFT void lock_slow(uint32_t thread, SELF void *handle) {
    static _Atomic(void *) kept;
    ((locking)behind(LOCK, &kept))(thread, handle);
    if (__tsan_acquire) __tsan_acquire(handle);
}

SWIFT void unlock_slow(SELF void *handle) {
    static _Atomic(void *) kept;
    if (__tsan_release) __tsan_release(handle);
    ((unlocking)behind(UNLOCK, &kept))(handle);
}
