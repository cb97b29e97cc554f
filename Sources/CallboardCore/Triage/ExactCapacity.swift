extension Array {
    /// A copy that takes no more memory than it needs: arrays that grew by doubling, or whose memory is used again, have slack.
    func withExactCapacity() -> [Element] {
        [Element](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            _ = buffer.initialize(from: self)
            initializedCount = count
        }
    }
}
