internal import Synchronization

/// What decoding the bodies of one page of messages may take up. A small page can unpack to a very large one: what goes beyond is withheld.
final class DecodingBudget: Sendable {
    private struct Left {
        var bytes: Int
        var time: Duration
    }

    /// Bytes that a single body may be unpacked to.
    private static let bytesOfOne = 8 << 20
    /// The longest that a single body may take.
    private static let timeOfOne = Duration.milliseconds(500)

    private let left: Mutex<Left>

    /// - Parameters:
    ///   - bytes: bytes that all bodies may be unpacked to.
    ///   - time: the longest that all of them may take.
    init(bytes: Int = 64 << 20, time: Duration = .seconds(2)) { left = Mutex(Left(bytes: bytes, time: time)) }

    /// The bounds for one more body; nil when nothing is left for it.
    func limits() -> BodyLimits? {
        let left = left.withLock { $0 }
        guard left.bytes > 0, left.time > .zero else { return nil }
        var limits = BodyLimits.standard
        limits.unpackedBytes = min(Self.bytesOfOne, left.bytes)
        limits.windowBytes = limits.unpackedBytes
        limits.time = min(Self.timeOfOne, left.time)
        return limits
    }

    /// Takes off what a body took up.
    func use(bytes: Int, time: Duration) {
        left.withLock {
            $0.bytes -= bytes
            $0.time -= time
        }
    }
}
