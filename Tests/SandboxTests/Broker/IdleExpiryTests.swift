import Testing

@testable import Sandbox

@Suite("Entities that nobody uses")
struct IdleExpiryTests {
    private static let idle: Int64 = 300_000

    private static func fixture() throws -> BrokerFixture { try BrokerFixture.withQueue { $0.autoDeleteOnIdle = idle } }

    private func exists(_ path: String, in fixture: BrokerFixture) -> Bool { refusal { try fixture.broker.snapshot(of: path) } == nil }

    @Test("are removed when their idle time is over, not before")
    func end() throws {
        let fixture = try Self.fixture()
        fixture.pass(milliseconds: Self.idle - 1)
        #expect(exists("q", in: fixture))
        fixture.pass(milliseconds: 1)
        #expect(!exists("q", in: fixture))
        #expect(fixture.broker.snapshots(in: .queues, skip: 0, top: 10)?.isEmpty == true)
        try fixture.broker.createQueue("q")
    }

    @Test("live on with every use: sending, receiving, a change of settings, somebody who waits", arguments: 0..<4)
    func use(way: Int) throws {
        let fixture = try Self.fixture()
        fixture.pass(milliseconds: Self.idle - 1)
        switch way {
        case 0: try fixture.send()
        case 1: _ = try fixture.q.receive(maxCount: 1, mode: .peekLock)
        case 2:
            var settings = QueueSettings()
            settings.autoDeleteOnIdle = Self.idle
            try fixture.broker.update("q", to: settings)
        default: fixture.broker.isAwaited = { $0 == "q" }
        }
        fixture.pass(milliseconds: Self.idle - 1)
        #expect(exists("q", in: fixture))
        fixture.broker.isAwaited = nil
        fixture.pass(milliseconds: Self.idle)
        #expect(!exists("q", in: fixture))
    }

    @Test("stay when the setting is taken back")
    func takenBack() throws {
        let fixture = try Self.fixture()
        try fixture.broker.update("q", to: QueueSettings())
        fixture.pass(milliseconds: Self.idle * 2)
        #expect(exists("q", in: fixture))
    }

    @Test("a topic lives as long as one of its subscriptions is used, and takes them with it")
    func topic() throws {
        let fixture = BrokerFixture()
        var settings = TopicSettings()
        settings.autoDeleteOnIdle = Self.idle
        try fixture.broker.createTopic("t", settings)
        try fixture.broker.createSubscription("s", of: "t")
        fixture.pass(milliseconds: Self.idle - 1)
        _ = try fixture.queue("t/Subscriptions/s").receive(maxCount: 1, mode: .peekLock)
        fixture.pass(milliseconds: Self.idle - 1)
        #expect(exists("t", in: fixture))
        fixture.pass(milliseconds: 1)
        #expect(!exists("t", in: fixture) && !exists("t/Subscriptions/s", in: fixture))
    }

    @Test("a removed entity's time ends nothing made later under its name")
    func removed() throws {
        let fixture = try Self.fixture()
        try fixture.broker.remove("q")
        try fixture.broker.createQueue("q")
        fixture.pass(milliseconds: Self.idle * 2)
        #expect(exists("q", in: fixture))
    }
}
