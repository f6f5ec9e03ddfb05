// Tells ThreadSanitizer what the toolchain's libraries order, which are not built for it. Preloaded into the tests, these
// functions stand in front of the libraries' own.
//
// Swift's Mutex (Synchronization): a lock that is free is taken by an atomic operation of the caller, which the sanitizer
// sees. One that is contended is waited for inside libswiftSynchronization: everything behind such a lock would count as a race.
//
// Reference counts (libswiftCore): who lets go of its copy of an array is done with it; who then finds that its own reference is
// the only one writes in place. Without a word of that, every array that is copied out of a Mutex, read, and let go of while
// others append to it would be a race.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

static void *behind(const char *name, _Atomic(void *) *kept) {
    if (!*kept) *kept = dlsym(RTLD_NEXT, name);
    return *kept;
}

// MARK: Mutex

// _MutexHandle._lockSlow(_ thread: UInt32), a method of a struct that is passed by reference.
SWIFT void lock_slow(uint32_t thread, SELF void *handle) __asm__(LOCK);
SWIFT void unlock_slow(SELF void *handle) __asm__(UNLOCK);

typedef SWIFT void (*locking)(uint32_t, SELF void *);
typedef SWIFT void (*unlocking)(SELF void *);

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

// MARK: Reference counts

static void let_go(void *object) {
    // Null and what is no object at all (negative, as the runtime has it) have no count.
    if ((intptr_t)object > 0 && __tsan_release) __tsan_release(object);
}

void swift_release(void *object) {
    static _Atomic(void *) kept;
    let_go(object);
    ((void (*)(void *))behind("swift_release", &kept))(object);
}

void swift_release_n(void *object, uint32_t count) {
    static _Atomic(void *) kept;
    let_go(object);
    ((void (*)(void *, uint32_t))behind("swift_release_n", &kept))(object, count);
}

bool swift_isUniquelyReferenced_nonNull_native(const void *object) {
    static _Atomic(void *) kept;
    bool is_only = ((bool (*)(const void *))behind("swift_isUniquelyReferenced_nonNull_native", &kept))(object);
    if (is_only && __tsan_acquire) __tsan_acquire((void *)object);
    return is_only;
}
