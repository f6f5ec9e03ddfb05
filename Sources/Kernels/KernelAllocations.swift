import CKernels

/// The memory of kernels and arenas, for tests that let it run out.
package enum KernelAllocations {
    /// Blocks and mappings that were not given back.
    package static var live: Int { kernel_live_allocations() }
    /// Whether one has failed since ``fail(nth:andAllBehind:)``.
    package static var haveFailed: Bool { kernel_has_failed_allocation() }

    /// Lets the `nth` allocation of the process from now on fail, counted from 1; with 0 none does.
    package static func fail(nth: Int, andAllBehind all: Bool = false) { kernel_fail_allocation(nth, all) }
}
