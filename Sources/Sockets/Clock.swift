import CSystem

/// Time that never goes back.
public enum Clock {
    public static var milliseconds: UInt64 { csystem_monotonic_milliseconds() }
    public static var nanoseconds: UInt64 { csystem_monotonic_nanoseconds() }
}
