#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The machine's clock.
public enum WallClockTime {
    /// Milliseconds since 1970.
    public static func milliseconds() -> Int64 {
        // Not clock_gettime: which module declares `timespec` depends on which files are compiled together.
        Int64((Date().timeIntervalSince1970 * 1000).rounded(.down))
    }
}
