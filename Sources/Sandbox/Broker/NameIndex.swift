/// Names in ordinal order with access by position: what lists are made of.
///
/// Sorted runs of a few hundred names each. Adding, removing and finding the n-th name cost about the square root of their number, so a
/// namespace of ten thousand entities is listed and filled without ever being sorted.
struct NameIndex: Sendable {
    private static let longestRun = 256

    private var runs: [[String]] = []

    /// Adds a name; one that is there already is there once more.
    mutating func insert(_ name: String) {
        guard !runs.isEmpty else {
            runs.append([name])
            return
        }
        let run = self.run(of: name)
        runs[run].insert(name, at: Self.position(of: name, in: runs[run]))
        guard runs[run].count > Self.longestRun else { return }
        let middle = runs[run].count / 2
        runs.insert(Array(runs[run][middle...]), at: run + 1)
        runs[run].removeSubrange(middle...)
    }

    /// Removes a name that is there.
    mutating func remove(_ name: String) {
        guard !runs.isEmpty else { return }
        let run = self.run(of: name)
        let position = Self.position(of: name, in: runs[run])
        guard position < runs[run].count, runs[run][position] == name else { return }
        runs[run].remove(at: position)
        if runs[run].isEmpty { runs.remove(at: run) }
    }

    /// A part of the list.
    func page(skip: Int, top: Int) -> [String] {
        var left = max(0, skip)
        var page: [String] = []
        for run in runs {
            if left >= run.count {
                left -= run.count
                continue
            }
            page += run[left...].prefix(max(0, top) - page.count)
            left = 0
            if page.count >= top { break }
        }
        return page
    }

    /// The run a name belongs to: the last one that does not begin after it.
    private func run(of name: String) -> Int {
        max(0, Self.firstIndex(in: runs.count) { runs[$0][0] > name } - 1)
    }

    private static func position(of name: String, in run: [String]) -> Int {
        firstIndex(in: run.count) { run[$0] >= name }
    }

    /// The first index for which a condition holds that holds for all after it.
    private static func firstIndex(in count: Int, where holds: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
