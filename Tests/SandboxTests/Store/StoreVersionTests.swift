import AMQP
import FoundationEssentials
import GRDB
import NIOCore
import Testing

@testable import Sandbox

/// Files that earlier versions wrote can be opened by every later one.
@Suite struct StoreVersionTests {
    let fixture = StoreFixture()

    /// A database as version 1 of the tables had it, in full: when this test fails, a released format was changed.
    private static let version1 = """
        PRAGMA application_id = 1128427123;
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES ('1');
        CREATE TABLE namespace (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, createdAt INTEGER NOT NULL) STRICT;
        CREATE TABLE entity (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, path TEXT NOT NULL, topic INTEGER, key TEXT NOT NULL UNIQUE,
            availability TEXT NOT NULL, settings TEXT NOT NULL, createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL) STRICT;
        CREATE TABLE counters (entity INTEGER PRIMARY KEY, accessedAt INTEGER NOT NULL, lastNumber INTEGER NOT NULL, partitions TEXT NOT NULL,
            nextPartition INTEGER NOT NULL) STRICT;
        CREATE TABLE rule (id INTEGER PRIMARY KEY, entity INTEGER NOT NULL, createdAt INTEGER NOT NULL, definition TEXT NOT NULL) STRICT;
        CREATE TABLE session (id INTEGER PRIMARY KEY, entity INTEGER NOT NULL, name BLOB NOT NULL, ordinal INTEGER NOT NULL, state BLOB,
            stateUpdatedAt INTEGER NOT NULL) STRICT;
        CREATE TABLE remembered (entity INTEGER NOT NULL, time INTEGER NOT NULL, id BLOB NOT NULL, PRIMARY KEY (entity, time, id)) STRICT,
            WITHOUT ROWID;
        CREATE TABLE message (id INTEGER PRIMARY KEY, entity INTEGER NOT NULL, part INTEGER NOT NULL, number INTEGER NOT NULL,
            enqueuedNumber INTEGER NOT NULL, enqueuedAt INTEGER NOT NULL, expiresAt INTEGER NOT NULL, state INTEGER NOT NULL,
            deliveryCount INTEGER NOT NULL, hops INTEGER NOT NULL, session BLOB, durable INTEGER, priority INTEGER, timeToLive INTEGER,
            scheduledAt INTEGER, annotations BLOB NOT NULL, annotationCount INTEGER NOT NULL, deadLetterSource TEXT,
            bodyStart INTEGER NOT NULL, bodyEnd INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
        INSERT INTO namespace VALUES (1, 'golden', 1600000000000);
        INSERT INTO entity VALUES (1, 0, 'Orders', NULL, 'orders', 'Active',
            '{"authorizationRules":[{"createdAt":1,"modifiedAt":2,"name":"k","primaryKey":"p","rights":2,"secondaryKey":"s"}],"maxDeliveryCount":4,
            "requiresSession":true,"duplicateDetectionWindow":60000}', 1600000000001, 1600000000002);
        INSERT INTO entity VALUES (2, 1, 'events', NULL, 'events', 'SendDisabled', '{"maximumSizeInMegabytes":2048}', 1600000000003, 1600000000003);
        INSERT INTO entity VALUES (3, 2, 'Billing', 2, 'events/subscriptions/billing', 'Active', '{"lockDuration":5000}', 1600000000004, 1600000000004);
        INSERT INTO counters VALUES (1, 1600000000005, 41, '[]', 0);
        INSERT INTO rule VALUES (1, 3, 1600000000006, '{"filter":"sql","name":"paid","sql":"amount > @a","parameters":{"@a":"VAU="},"action":"SET b = 1",
            "administered":{"filter":{"sql":{"_0":{"parameters":[{"key":"@a","type":"int","value":"5"}],"text":"amount > @a"}}},"createdAt":7}}');
        INSERT INTO session VALUES (4, 1, x'6100', 3, x'7374617465', 1600000000008);
        INSERT INTO remembered VALUES (1, 1600000000009, x'6d2d31');
        INSERT INTO message VALUES (9, 1, 0, 41, 40, 1600000000010, 9223372036854775807, 1, 2, 0, x'6100', 1, 5, NULL, NULL, x'', 0, NULL, 0, 10,
            x'005375a00568656c6c6f');
        INSERT INTO message VALUES (12, 3, 1, 7, 6, 1600000000011, 1600000060000, 0, 4, 1, NULL, NULL, NULL, 60000, NULL, x'', 0, 'elsewhere', 0, 10,
            x'005375a00568656c6c6f');
        """

    @Test func databaseOfVersion1() throws {
        try FileManager.default.createDirectory(atPath: fixture.folder, withIntermediateDirectories: true)
        let made = try DatabaseQueue(path: fixture.file)
        try made.write { db in try db.execute(sql: Self.version1) }
        try made.close()
        fixture.clock.milliseconds = 1_600_000_050_000

        let namespace = try fixture.open { _ in Issue.record("nothing was kept") }
        #expect(namespace.store.header == .init(name: "golden", createdAt: 1_600_000_000_000))
        let orders = try namespace.broker.snapshot(of: "orders")
        #expect(
            (orders.path, orders.createdAt, orders.updatedAt, orders.accessedAt) == (
                "Orders", 1_600_000_000_001, 1_600_000_000_002, 1_600_000_000_005
            ))
        guard case .queue(let settings) = orders.kind else { throw BrokerError(.notAllowed, "no queue") }
        #expect((settings.maxDeliveryCount, settings.requiresSession, settings.duplicateDetectionWindow) == (4, true, 60_000))
        #expect(settings.lockDuration == 60_000, "what is not there has its default")
        #expect(settings.administrative.authorizationRules.map(\.primaryKey) == ["p"])
        #expect(try namespace.broker.snapshot(of: "events").availability == .sendDisabled)
        let rule = try #require(try namespace.broker.rules(of: "events/Subscriptions/Billing").first)
        #expect((rule.settings.filter, rule.settings.action, rule.createdAt) == (.sql("amount > @a"), "SET b = 1", 1_600_000_000_006))
        #expect(rule.settings.filterParameters == ["@a": .int(5)])
        #expect(rule.settings.administered?.filter == .sql(.init("amount > @a", parameters: [.init(key: "@a", type: .int, value: "5")])))

        let queue = try namespace.queue("orders")
        let message = try #require(try queue.peekAll().first)
        #expect(try message.text == "hello")
        #expect((message.sequenceNumber, message.enqueuedSequenceNumber, message.state, message.deliveryCount) == (41, 40, .deferred, 2))
        #expect(try queue.sessionIDs(stateUpdatedAfter: nil, skip: 0, top: 10) == ["a\u{0}"])
        _ = try queue.acceptSession("a\u{0}")
        #expect(try queue.sessionState("a\u{0}") == ByteBuffer(string: "state"))
        #expect(try namespace.send(to: "orders") { ($0.messageID, $0.sessionID) = ("m-1", "a\u{0}") } == nil)
        #expect(try namespace.send(to: "orders") { $0.sessionID = "b" } == 42)
        let dead = try namespace.queue("events/subscriptions/billing/$deadletterqueue").receiveOne()
        #expect((dead.deliveryCount, try dead.decoded.header?.ttl) == (4, 59_989))
        #expect(try dead.decoded.messageAnnotations["x-opt-deadletter-source"] == "elsewhere")
        try fixture.keepAndCompare()
    }
}
