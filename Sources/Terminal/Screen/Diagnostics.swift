/// Lines that others wrote to standard output and standard error while the screen was up. Bounded: a library in a loop must not fill memory.
struct Diagnostics {
    static let maximumLines = 1_000
    static let maximumLineBytes = 4_096

    /// The last lines, oldest first; for the end.
    private(set) var history: [String] = []
    /// How many older ones were dropped.
    private(set) var dropped = 0

    private var fresh: [String] = []
    private var partial: [UInt8] = []

    /// Takes bytes as they were written.
    mutating func append(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if byte == 0x0A {
                endLine()
            } else {
                partial.append(byte)
                if partial.count >= Diagnostics.maximumLineBytes { endLine() }
            }
        }
    }

    /// Ends a line that has no end yet; for when nothing more will come.
    mutating func finish() {
        if !partial.isEmpty { endLine() }
    }

    /// Whether there are lines that were not taken.
    var hasFresh: Bool { !fresh.isEmpty }

    /// The lines since the last call.
    mutating func take() -> [String] {
        defer { fresh = [] }
        return fresh
    }

    private mutating func endLine() {
        let line = String(decoding: partial, as: UTF8.self)
        partial.removeAll(keepingCapacity: true)
        history.append(line)
        fresh.append(line)
        // In steps, so that a flood does not move the array for each line.
        if history.count >= 2 * Diagnostics.maximumLines {
            let surplus = history.count - Diagnostics.maximumLines
            history.removeFirst(surplus)
            dropped += surplus
        }
        if fresh.count >= 2 * Diagnostics.maximumLines {
            fresh.removeFirst(fresh.count - Diagnostics.maximumLines)
        }
    }
}
