import ServiceBus
import Testing

@testable import CallboardCore

/// What can be said of how counts go, from what they were.
@Suite("Count history")
struct CountHistoryTests {
    private let start = Timestamp(milliseconds: 1_795_000_000_000)

    private func queue(_ name: String, active: Int64 = 0, dead: Int64 = 0, transferDead: Int64 = 0) throws -> EntityDescription {
        EntityDescription(
            path: try .queue(name), kind: .queue, counts: EntityCounts(active: active, deadLetter: dead, transferDeadLetter: transferDead))
    }

    private func listing(_ second: Int, _ entities: [EntityDescription]) -> EntityListing {
        EntityListing(entities: entities, asOf: start.advanced(by: .seconds(second)))
    }

    /// A history of one queue: seconds, dead letters, what waits.
    private func history(_ samples: [(second: Int, dead: Int64, active: Int64)]) throws -> CountHistory {
        var history = CountHistory()
        for sample in samples {
            history.record(listing(sample.second, [try queue("q", active: sample.active, dead: sample.dead)]))
        }
        return history
    }

    private let q: EntityPath

    init() throws { q = try EntityPath.queue("q") }

    @Test("of one sample nothing follows")
    func one() throws {
        let history = try history([(0, 5, 5)])
        #expect(history.deadLetters(of: q) == nil)
        #expect(history.trend(of: [q], active: 5).drain == .unknown)
        #expect(history.deadLetters(of: try .queue("other")) == nil)
    }

    @Test("growth is what was added, a minute; what became less is less than zero")
    func growth() throws {
        let growing = try #require(try history([(0, 100, 0), (30, 150, 0)]).deadLetters(of: q))
        #expect(growing == CountRate(perMinute: 100, over: .seconds(30)))
        #expect(growing.isRough)
        let falling = try #require(try history([(0, 100, 0), (120, 40, 0)]).deadLetters(of: q))
        #expect(falling == CountRate(perMinute: -30, over: .seconds(120)))
        #expect(!falling.isRough)
        #expect(try history([(0, 7, 0), (60, 7, 0)]).deadLetters(of: q)?.perMinute == 0)
    }

    @Test("transfer dead letters count as dead letters")
    func transfer() throws {
        var history = CountHistory()
        history.record(listing(0, [try queue("q", dead: 1, transferDead: 1)]))
        history.record(listing(60, [try queue("q", dead: 1, transferDead: 4)]))
        #expect(history.deadLetters(of: q)?.perMinute == 3)
    }

    @Test("rates are those of the last five minutes; where nobody looked for longer, of the time since")
    func window() throws {
        var steady: [(second: Int, dead: Int64, active: Int64)] = []
        for minute in 0...20 {
            let dead = minute < 10 ? 0 : (minute - 10) * 8
            steady.append((second: minute * 60, dead: Int64(dead), active: 0))
        }
        #expect(try history(steady).deadLetters(of: q) == CountRate(perMinute: 8, over: .seconds(300)))
        #expect(try history([(0, 0, 0), (1200, 40, 0)]).deadLetters(of: q) == CountRate(perMinute: 2, over: .seconds(1200)))
    }

    @Test("a backlog drains at its net outflow, and never while it grows or stands still")
    func drain() throws {
        func drain(_ samples: [(Int, Int64, Int64)]) throws -> DrainTime {
            let history = try history(samples.map { (second: $0.0, dead: $0.1, active: $0.2) })
            return history.trend(of: [q], active: samples.last?.2).drain
        }
        #expect(try drain([(0, 0, 600), (60, 0, 400)]) == .about(.seconds(120)))
        #expect(try drain([(0, 0, 400), (60, 0, 600)]) == .never(isGrowing: true))
        #expect(try drain([(0, 0, 400), (60, 0, 400)]) == .never(isGrowing: false))
        #expect(try drain([(0, 0, 400), (60, 0, 0)]) == .empty)
        #expect(DrainTime(backlog: nil, rate: nil) == .unknown)
        #expect(DrainTime(backlog: .max, rate: CountRate(perMinute: -0.001, over: .seconds(60))) == .never(isGrowing: false))
        #expect(DrainTime(backlog: 0, rate: nil) == .empty)
    }

    @Test("samples close together take the place of one another, and the newest is always the last listing")
    func spacing() throws {
        var samples: [(second: Int, dead: Int64, active: Int64)] = []
        for step in 0...30 { samples.append((second: step * 10, dead: Int64(step), active: 0)) }
        let history = try history(samples)
        let times = history.course(of: [q]).times.map { Int($0.since(start).components.seconds) }
        #expect(times.first == 0)
        #expect(times.last == 300)
        #expect(zip(times, times.dropFirst()).dropLast().allSatisfy { $1 - $0 >= 30 })
        #expect(history.course(of: [q]).deadLetters.last == 30)
    }

    @Test("the ring is bounded: sixty samples, and what is gone from the namespace is forgotten")
    func bounds() throws {
        var history = CountHistory()
        for second in 0..<200 {
            let names = ["q", "gone-\(second)"]
            history.record(listing(second * 30, try names.map { try queue($0, dead: Int64(second)) }))
        }
        #expect(history.count == CountHistory.capacity)
        #expect(history.entityCount == 2)
        let expected: [Int64?] = (140..<200).map { Int64($0) }
        #expect(history.course(of: [q]).deadLetters == expected)
        #expect(history.deadLetters(of: q)?.perMinute == 2)
    }

    @Test("ten thousand entities keep their samples apart")
    func tenThousand() throws {
        var history = CountHistory()
        for second in [0, 60] {
            let entities = try (0..<10_000).map { number in try queue("q-\(number)", dead: Int64(number * second / 60)) }
            history.record(listing(second, entities))
        }
        #expect(history.entityCount == 10_000)
        #expect(history.deadLetters(of: try .queue("q-9999"))?.perMinute == 9999)
        #expect(history.deadLetters(of: try .queue("q-1"))?.perMinute == 1)
    }

    @Test("an entity that is new or was not counted has no rate, and a gap in its course")
    func unknown() throws {
        var uncounted = try queue("q")
        uncounted.counts = nil
        var history = CountHistory()
        history.record(listing(0, [try queue("q", dead: 4)]))
        history.record(listing(60, [uncounted]))
        #expect(history.deadLetters(of: q) == nil)
        history.record(listing(120, [try queue("q", dead: 9), try queue("new", dead: 3)]))
        #expect(history.deadLetters(of: q) == nil, "over a gap nobody knows what happened")
        #expect(history.course(of: [q]).deadLetters == [4, nil, 9])
        #expect(history.course(of: [q, try .queue("new")]).deadLetters == [4, nil, 12])
        #expect(history.course(of: [try EntityPath.queue("none")]).deadLetters.isEmpty)
    }

    @Test("several together: the sum of what is known; a topic adds nothing of its own")
    func together() throws {
        let topic = EntityDescription(path: try .topic("t"), kind: .topic, counts: EntityCounts(active: 99, scheduled: 9))
        var history = CountHistory()
        let samples: [(second: Int, dead: Int64, active: Int64)] = [(0, 1, 100), (60, 3, 80)]
        for sample in samples {
            let a = try queue("a", active: sample.active, dead: sample.dead)
            let b = try queue("b", active: sample.active, dead: sample.dead * 2)
            history.record(listing(sample.second, [a, b, topic]))
        }
        let trend = history.trend(of: [try .queue("a"), try .queue("b"), try .topic("t")], active: 160)
        #expect(trend.deadLetters?.perMinute == 6)
        #expect(trend.backlog?.perMinute == -40)
        #expect(trend.drain == .about(.seconds(240)))
        #expect(trend.course.active == [200, 160])
    }

    @Test("a clock that was set back begins anew; the same listing twice is one sample")
    func clock() throws {
        var history = try history([(60, 1, 0), (120, 5, 0)])
        history.record(listing(120, [try queue("q", dead: 50)]))
        #expect(history.course(of: [q]).deadLetters == [1, 5])
        history.record(listing(0, [try queue("q", dead: 2)]))
        #expect(history.course(of: [q]).deadLetters == [2])
    }

    @Test("counts beyond what can be kept, or below zero, do not trap")
    func extremes() throws {
        let history = try history([(0, .min, .min), (60, .max, .max)])
        #expect(try #require(history.deadLetters(of: q)).perMinute == Double(UInt32.max - 1))
        #expect(history.trend(of: [q], active: .max).drain == .never(isGrowing: true))
    }
}
