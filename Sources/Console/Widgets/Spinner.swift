internal import ServiceBus

/// A sign that something is loading. Which frame is shown follows from the clock, so nothing has to count.
enum Spinner {
    /// Milliseconds a frame is shown.
    static let period: Int64 = 120
    private static let frames = Array("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏").map(String.init)

    static func frame(_ now: Timestamp) -> String {
        let place = Int((now.milliseconds / period) % Int64(frames.count))
        return frames.indices.contains(place) ? frames[place] : frames[0]
    }

    /// Milliseconds until the next frame.
    static func untilNext(_ now: Timestamp) -> Int64 { period - max(now.milliseconds, 0) % period }
}
