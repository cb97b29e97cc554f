import AMQP
import DequeModule

/// What was delivered in a session under a lock and has not been settled yet, by delivery number.
///
/// Numbers go up by one a delivery, so a place in a deque is found without hashing, and a disposition for a wide range costs what is held of
/// it, not what it names. A delivery that stays unsettled while many others come and go moves aside, so that it does not keep their places.
struct UnsettledDeliveries {
    /// A delivery and the link it left on.
    struct Entry {
        var token: UUIDBytes
        var link: OutgoingLink
    }

    /// Empty places beyond which the oldest deliveries move aside.
    private static let tolerance = 8192

    private var recent: Deque<Entry?> = []
    /// The number of the first place in `recent`.
    private var first: UInt32 = 0
    private var held = 0
    private var old: [UInt32: Entry] = [:]

    /// How many deliveries are held.
    var count: Int { held + old.count }

    /// Notes a delivery. Numbers come in order, not all of them here: those of settled deliveries are left out.
    mutating func insert(_ entry: Entry, at number: UInt32) {
        if held == 0 {
            recent.removeAll(keepingCapacity: true)
            first = number
        }
        let place = Int(number &- first)
        guard place <= recent.count + Self.tolerance else {
            // Far beyond what is held: the places between would all be empty.
            moveAside(all: true)
            return insert(entry, at: number)
        }
        while recent.count < place { recent.append(nil) }
        recent.append(entry)
        held += 1
        if recent.count > Self.tolerance, held < recent.count / 4 { moveAside(all: false) }
    }

    /// Takes a delivery out.
    mutating func remove(_ number: UInt32) -> Entry? {
        let place = Int(number &- first)
        guard place < recent.count, let entry = recent[place] else { return old.removeValue(forKey: number) }
        recent[place] = nil
        held -= 1
        while let front = recent.first, front == nil {
            recent.removeFirst()
            first &+= 1
        }
        return entry
    }

    /// The numbers held of a range, in order.
    /// - Parameter last: the end, not before `first` in serial order.
    func numbers(from start: UInt32, through last: UInt32) -> [UInt32] {
        let distance = last &- start
        // A range of more than half of all numbers runs backwards: no peer's window allows it.
        guard distance <= UInt32(Int32.max) else { return [] }
        var numbers: [UInt32] = []
        if !old.isEmpty { numbers = old.keys.filter { $0 &- start <= distance }.sorted { $0 &- start < $1 &- start } }
        // Where the range meets the places: from `start` on, or from the first place when the range began earlier.
        var number = start &- first < UInt32(Int32.max) ? start : first
        while number &- start <= distance, number &- first < UInt32(clamping: recent.count) {
            if recent[Int(number &- first)] != nil { numbers.append(number) }
            number &+= 1
        }
        return numbers
    }

    /// Forgets what left on a link.
    mutating func forget(_ link: OutgoingLink) {
        for place in recent.indices where recent[place]?.link === link {
            recent[place] = nil
            held -= 1
        }
        while let front = recent.first, front == nil {
            recent.removeFirst()
            first &+= 1
        }
        if !old.isEmpty { old = old.filter { $0.value.link !== link } }
    }

    /// Moves the older half of what is held, or all of it, to where numbers have no neighbours.
    private mutating func moveAside(all: Bool) {
        var toMove = all ? held : (held + 1) / 2
        while toMove > 0 || (recent.first.map { $0 == nil } ?? false), let front = recent.popFirst() {
            if let front {
                old[first] = front
                held -= 1
                toMove -= 1
            }
            first &+= 1
        }
    }
}
