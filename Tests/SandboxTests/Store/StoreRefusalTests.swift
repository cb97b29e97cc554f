import AMQP
import FoundationEssentials
import GRDB
import NIOCore
import Testing

@testable import Sandbox

/// A folder that cannot be used is refused, with the reason and the way out, and stays as it is.
@Suite struct StoreRefusalTests {
    let fixture = StoreFixture()

    private func code(_ body: () throws -> Void) -> StoreError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? StoreError)?.code
        }
    }

    /// Makes a namespace with a little of everything, closes it and runs SQL on its file.
    private func spoil(_ sql: String) throws {
        let namespace = try fixture.open { broker in
            var settings = QueueSettings()
            settings.requiresSession = true
            try broker.createQueue("q", settings)
            try broker.createTopic("t")
            try broker.createSubscription("s", of: "t")
        }
        try namespace.send { $0.sessionID = "a" }
        try namespace.keep()
        namespace.store.close()
        try DatabaseQueue(path: fixture.file).write { db in try db.execute(sql: sql) }
    }

    private func refusal() -> StoreError? { #expect(throws: StoreError.self) { try fixture.open { _ in Issue.record("nothing is kept") } } }

    @Test func folderThatSomebodyElseHasOpen() throws {
        let first = try fixture.open { try $0.createQueue("q") }
        #expect(code { _ = try NamespaceStore(folder: fixture.folder) } == .inUse)
        try first.send()
        try first.keep()
        first.store.close()
        #expect(code { _ = try NamespaceStore(folder: fixture.folder) } == nil)
    }

    @Test func databaseOfANewerVersion() throws {
        try spoil("INSERT INTO grdb_migrations (identifier) VALUES ('7')")
        let error = try #require(refusal())
        #expect(error.code == .newer)
        #expect(error.detail.contains("7"))
    }

    @Test func databaseOfSomethingElse() throws {
        try FileManager.default.createDirectory(atPath: fixture.folder, withIntermediateDirectories: true)
        let other = try DatabaseQueue(path: fixture.file)
        try other.write { db in try db.execute(sql: "CREATE TABLE album (title TEXT)") }
        try other.close()
        #expect(refusal()?.code == .foreign)
    }

    @Test func fileThatIsNoDatabase() throws {
        try FileManager.default.createDirectory(atPath: fixture.folder, withIntermediateDirectories: true)
        let text = Data(String(repeating: "no database, only text. ", count: 400).utf8)
        try text.write(to: URL(filePath: fixture.file))
        let error = try #require(refusal())
        #expect(error.code == .damaged)
        #expect(error.description.contains(fixture.file))
        #expect(error.hint.contains("Move the file"))
        #expect(try Data(contentsOf: URL(filePath: fixture.file)) == text)
    }

    @Test func folderThatIsAFileOrCannotBeMade() throws {
        try FileManager.default.createDirectory(atPath: fixture.folder, withIntermediateDirectories: true)
        let file = "\(fixture.folder)/file"
        try Data("x".utf8).write(to: URL(filePath: file))
        #expect(code { _ = try NamespaceStore(folder: file) } == .noFolder)
        #expect(code { _ = try NamespaceStore(folder: "\(file)/below") } == .noFolder)
    }

    @Test func onlyThisUserCanReadWhatIsKept() throws {
        let namespace = try fixture.open { try $0.createQueue("q") }
        try namespace.send()
        try namespace.keep()
        func permissions(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try permissions(fixture.folder) == 0o700)
        #expect(try permissions(fixture.file) == 0o600)
        #expect(try permissions("\(fixture.file)-wal") == 0o600)
    }

    /// Rows that no sandbox writes, each of which would otherwise lead the broker astray or end the process.
    @Test(arguments: [
        "UPDATE message SET part = 3", "UPDATE message SET part = 300", "UPDATE message SET state = 9",
        "UPDATE message SET part = 1, state = 2",
        "UPDATE message SET number = 0", "UPDATE message SET number = -5", "UPDATE message SET enqueuedNumber = 0",
        "UPDATE message SET enqueuedAt = -1", "UPDATE message SET deliveryCount = -1", "UPDATE message SET deliveryCount = 5000000000",
        "UPDATE message SET hops = -1", "UPDATE message SET priority = 256", "UPDATE message SET timeToLive = -1",
        "UPDATE message SET bodyStart = -1", "UPDATE message SET bodyStart = bodyEnd + 1", "UPDATE message SET bodyEnd = 1000",
        "UPDATE message SET content = x''", "UPDATE message SET annotationCount = -1", "UPDATE message SET session = NULL",
        "UPDATE message SET part = 1", "UPDATE message SET entity = 99", "UPDATE message SET id = 9223372036854775807",
        "INSERT INTO message SELECT id + 1, entity, part, number, enqueuedNumber, enqueuedAt, expiresAt, state, deliveryCount, hops, session, "
            + "durable, priority, timeToLive, scheduledAt, annotations, annotationCount, deadLetterSource, bodyStart, bodyEnd, content FROM message",
        "UPDATE session SET entity = 99", "UPDATE session SET ordinal = 9223372036854775807", "UPDATE session SET id = -1",
        "UPDATE entity SET kind = 5", "UPDATE entity SET topic = 1 WHERE kind = 2", "UPDATE entity SET topic = NULL WHERE kind = 2",
        "UPDATE entity SET availability = 'Sometimes'", "UPDATE entity SET settings = 'none'",
        "UPDATE entity SET settings = '{\"lockDuration\":9223372036854775807}'", "UPDATE entity SET key = 'other' WHERE kind = 0",
        "UPDATE entity SET updatedAt = -9223372036854775807", "UPDATE counters SET lastNumber = 9223372036854775807",
        "UPDATE counters SET accessedAt = -9223372036854775807", "UPDATE counters SET partitions = '[1]'",
        "UPDATE counters SET partitions = 'x'", "UPDATE counters SET nextPartition = 16", "UPDATE rule SET definition = '{}'",
        "UPDATE rule SET definition = '{\"name\":\"r\",\"filter\":\"sql\",\"sql\":\"a = = b\"}'",
        "UPDATE rule SET definition = '{\"name\":\"r\",\"filter\":\"sql\",\"sql\":\"1=1\",\"parameters\":{\"a\":\"AAAA\"}}'",
        "DROP TABLE rule", "ALTER TABLE message RENAME COLUMN number TO count",
        "INSERT INTO remembered VALUES (1, -9223372036854775807, x'00')",
    ])
    func contentThatCannotBeRight(sql: String) throws {
        try spoil(sql)
        #expect(refusal()?.code == .damaged)
    }
}
