import AMQP
import Backstage
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

/// The board over time: what is worst now, by how things go.
@Suite("Board over time")
struct BoardTrendTests {
    private let gateway = MemoryGateway()
    private let start = Timestamp(milliseconds: 1_795_000_000_000)

    private func workspace(_ services: [String]) -> Workspace {
        var context = OperatorContext(name: "demo")
        context.catalogueText = services.map { name in
            "---\napiVersion: v1\nkind: Component\nmetadata: {name: \(name), annotations: {callboard.dev/entities: '\(name)'}}\n"
                + "spec: {type: service, owner: team}\n"
        }.joined()
        let (start, seconds) = (start, seconds)
        return Workspace(context: context, gateway: gateway, now: { start.advanced(by: .seconds(seconds.value)) })
    }

    /// The injected clock: seconds since the start.
    private final class Seconds: Sendable {
        private let state = Mutex(0)
        var value: Int {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    private let seconds = Seconds()

    private func set(_ counts: [(name: String, active: Int64, dead: Int64)]) throws {
        let descriptions = try counts.map { entry in
            EntityDescription(
                path: try .queue(entry.name), kind: .queue, counts: EntityCounts(active: entry.active, deadLetter: entry.dead))
        }
        gateway.with { $0.descriptions = descriptions }
    }

    @Test("dead letters that become more go first, however many others have")
    func growth() async throws {
        let workspace = workspace(["heap", "leak", "quiet"])
        try set([("heap", 0, 50_000), ("leak", 5, 10), ("quiet", 0, 0)])
        #expect(await workspace.board().rows.map(\.service.name) == ["heap", "leak", "quiet"])
        seconds.value = 60
        try set([("heap", 0, 50_000), ("leak", 5, 40), ("quiet", 0, 0)])
        let board = await workspace.board()
        #expect(board.rows.map(\.service.name) == ["leak", "heap", "quiet"])
        #expect(board.rows[0].trend.deadLetters == CountRate(perMinute: 30, over: .seconds(60)))
        #expect(board.rows[0].trend.drain == .never(isGrowing: false))
        #expect(board.rows[1].trend.deadLetters?.perMinute == 0)
        #expect(board.trend.deadLetters?.perMinute == 30)
        #expect(board.trend.course.deadLetters == [50_010, 50_040])
    }

    @Test("then the one whose dead letters have been there longest, then the one whose backlog lasts longest")
    func ages() async throws {
        let workspace = workspace(["new", "old", "stuck", "slow"])
        let counts: [(String, Int64, Int64)] = [("new", 0, 900), ("old", 0, 1), ("stuck", 50, 0), ("slow", 50, 0)]
        try set(counts.map { (name: $0.0, active: $0.1, dead: $0.2) })
        let recent = try Messages.make(900, reason: "x")
        let ancient = try Messages.make(3, reason: "x")
        gateway.with {
            $0.messages[$0.descriptions[0].path.deadLetter] = [recent]
            $0.messages[$0.descriptions[1].path.deadLetter] = [ancient]
        }
        #expect(await workspace.board().rows.prefix(2).map(\.service.name) == ["new", "old"])
        let aged = try #require(await workspace.overviewWithAges())
        #expect(aged.board.rows.prefix(2).map(\.service.name) == ["old", "new"])
        #expect(aged.board.rows[0].oldestDeadLetter.value == Timestamp(milliseconds: 1_795_000_000_003))
        #expect(gateway.with { $0.listings } == 1, "the ages need no second listing")
        seconds.value = 60
        try set([("new", 0, 900), ("old", 0, 1), ("stuck", 50, 0), ("slow", 40, 0)])
        #expect(await workspace.board().rows.suffix(2).map(\.service.name) == ["stuck", "slow"])
    }

    @Test("each look costs credits of the namespace, takes headers of a few messages, and is remembered")
    func budget() async throws {
        let workspace = workspace(["a"])
        try set([("a", 4, 7), ("nobody", 0, 2)])
        #expect(await workspace.overviewWithAges() == nil, "before a listing there is nothing to look at")
        _ = await workspace.board()
        _ = await workspace.overviewWithAges()
        let peeked = gateway.with { $0.peeked.map(\.displayName).sorted() }
        #expect(peeked == ["a", "a/$deadletterqueue", "nobody/$deadletterqueue"])
        #expect(gateway.with { $0.creditsWaitedFor } == 3 * OldestMessages.messagesLookedAt)
        #expect(gateway.with { $0.asked.allSatisfy { $0.count == OldestMessages.messagesLookedAt } })
        #expect(await workspace.overviewWithAges() == nil, "what was looked at lately is known")
    }

    @Test("a look that fails leaves the age unknown, with the reason, and the board as it is")
    func failing() async throws {
        let workspace = workspace(["a"])
        try set([("a", 0, 7)])
        gateway.with { $0.failingPeek = (0, OperatorError(.timeout, "a did not answer")) }
        _ = await workspace.board()
        let aged = try #require(await workspace.overviewWithAges())
        #expect(aged.board.rows[0].oldestDeadLetter == .unavailable("a did not answer"))
        #expect(aged.board.rows[0].deadLetters.value == 7)
    }

    @Test("what belongs to nobody has a trend of its own")
    func unowned() async throws {
        let workspace = workspace(["a"])
        try set([("a", 0, 0), ("stray", 9, 1)])
        _ = await workspace.board()
        seconds.value = 60
        try set([("a", 0, 0), ("stray", 3, 5)])
        let board = await workspace.board()
        #expect(board.unownedTrend.deadLetters?.perMinute == 4)
        #expect(board.unownedTrend.drain == .about(.seconds(30)))
    }

    @Test("the first entities are told of before the whole list is there, in one listing")
    func first() async throws {
        let workspace = workspace(["a"])
        try set([("a", 0, 0), ("b", 0, 0), ("c", 0, 0)])
        gateway.with { $0.pageLimit = 2 }
        let told = Mutex<[Int]>([])
        let overview = await workspace.overview { listing in told.withLock { $0.append(listing.entities.count) } }
        #expect(told.withLock { $0 } == [2])
        #expect(try overview.entities.get().entities.count == 3)
        #expect(gateway.with { $0.listings } == 1)
    }
}
