#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A moment in seconds since 1970-01-01T00:00:00Z, the unit in which tokens say when they end.
public struct WallTime: Hashable, Comparable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
    public var secondsSince1970: Int64

    /// A moment `secondsSince1970` after the epoch.
    public init(secondsSince1970: Int64) {
        self.secondsSince1970 = secondsSince1970
    }

    /// The moment `duration` after this one, in whole seconds; the last representable one if that is too far.
    public func advanced(by duration: Duration) -> WallTime {
        let (sum, overflow) = self.secondsSince1970.addingReportingOverflow(duration.components.seconds)
        guard overflow else { return WallTime(secondsSince1970: sum) }
        return WallTime(secondsSince1970: duration < .zero ? .min : .max)
    }

    /// Whether `left` comes before `right`.
    public static func < (left: WallTime, right: WallTime) -> Bool {
        left.secondsSince1970 < right.secondsSince1970
    }
}

/// Where the current time of day comes from. Tests pass one of their own.
public struct WallClock: Sendable {
    private let read: @Sendable () -> WallTime

    /// A clock that answers with whatever `read` returns.
    public init(_ read: @escaping @Sendable () -> WallTime) {
        self.read = read
    }

    /// The time now.
    public var now: WallTime { self.read() }

    /// The operating system's clock.
    public static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(secondsSince1970: Int64(time.tv_sec))
    }
}
