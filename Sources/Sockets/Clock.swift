import Dispatch

/// Time that never goes back.
public enum Clock {
    public static var milliseconds: UInt64 { DispatchTime.now().uptimeNanoseconds / 1_000_000 }
}
