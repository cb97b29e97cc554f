import Identity
import Logging
import RESTClient
import ServiceBus
import Synchronization
import Testing

@testable import Sandbox

/// Our client against our server over real sockets. What either says to those we did not write is tested elsewhere: the client with recorded
/// answers, the server with the official Python client.
@Suite("The sandbox's administration over HTTP")
struct AdministrationServerTests {
    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// Runs `body` with the port of a server of `fixture`, which is stopped afterwards.
    private func withServer<Result: Sendable>(
        _ fixture: NamespaceFixture = .small, host: String = "127.0.0.1", _ body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let server = AdministrationServer(source: fixture, host: host, port: 0, logger: Self.quiet)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await server.run { port.yield($0) }
                return nil
            }
            group.addTask {
                var iterator = ports.makeAsyncIterator()
                return try await body(await iterator.next() ?? 0)
            }
            let result = try await group.next()
            group.cancelAll()
            try await group.waitForAll()
            return try #require(result ?? nil)
        }
    }

    private func client(_ port: Int, _ credentials: String = "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE")
        throws -> (
            AdministrationClient, RESTClient
        )
    {
        let string = try ConnectionString(
            parsing: "Endpoint=sb://127.0.0.1;\(credentials);UseDevelopmentEmulator=true;ManagementPort=\(port)")
        let http = RESTClient(logger: Self.quiet)
        let tokens = try #require(try string.tokenProvider())
        return (AdministrationClient(endpoint: string.administrationEndpoint, tokens: tokens, http: http), http)
    }

    @Test("tells our client everything there is")
    func everything() async throws {
        try await withServer { port in
            let (client, http) = try client(port)
            let info = try await client.namespaceInfo()
            #expect(info.name == "theatre")
            #expect(info.tier == "Premium")
            #expect(info.messagingUnits == 2)
            let entities = try await client.entities()
            #expect(
                entities.map(\.path.displayName) == [
                    "events", "events/audit", "events/billing", "orders", "orders.special", "quiet/topic", "txt/.-_123",
                ])
            let special = try #require(entities.first { $0.path.name == "orders.special" })
            #expect(special.counts == EntityCounts(active: 12, deadLetter: 50_000, scheduled: 7, transfer: 2, transferDeadLetter: 1))
            #expect(special.status == .sendDisabled)
            #expect(special.lockDuration == .seconds(90))
            #expect(special.defaultTimeToLive == .seconds(14 * 86400))
            #expect(special.requiresSession && special.requiresDuplicateDetection && special.deadLetteringOnExpiration)
            #expect(special.forwardDeadLetteredTo == "graveyard")
            #expect(special.sizeInBytes == 123_456_789_012)
            #expect(special.accessedAt == Timestamp(milliseconds: 1_700_000_000_120))
            #expect(special.settings.contains(.init(name: "UserMetadata", value: "owner=\"team a\"\r\nsecond line")))
            #expect(try await client.entity(special.path) == special)
            let audit = try await client.entity(.subscription(topic: "EVENTS", name: "Audit"))
            #expect(audit.counts == EntityCounts(active: 5, deadLetter: 3))
            let rules = try await client.rules(of: audit.path)
            #expect(rules.map(\.name) == ["$Default"])
            #expect(rules.first?.filter == .all)
            await http.shutdown()
        }
    }

    @Test("lists many queues page by page")
    func pages() async throws {
        try await withServer(.queues(1234)) { port in
            let (client, http) = try client(port)
            #expect(try await client.queues().all().map(\.path.name) == (0..<1234).map { "q\(100_000 + $0)" })
            await http.shutdown()
        }
    }

    @Test("refuses a wrong key and a key without the right, and says what is not there")
    func refusals() async throws {
        try await withServer { port in
            let (client, http) = try client(port)
            let missing = await #expect(throws: AdministrationError.self) { try await client.entity(.queue("nowhere")) }
            #expect(missing?.code == .notFound)
            await http.shutdown()
            for (credentials, code) in [
                ("SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=wrong", AdministrationError.Code.unauthorized),
                ("SharedAccessKeyName=reader;SharedAccessKey=reader key", .notPermitted),
            ] {
                let (client, http) = try self.client(port, credentials)
                let error = await #expect(throws: AdministrationError.self) { try await client.entities() }
                #expect(error?.code == code)
                #expect(error?.status == 401)
                #expect(error?.trackingID != nil)
                await http.shutdown()
            }
        }
    }

    @Test("ends with its task, also while clients keep connections open", .timeLimit(.minutes(5)))
    func stops() async throws {
        let held = Mutex<RESTClient?>(nil)
        let port = try await withServer { port in
            let (client, http) = try client(port)
            _ = try await client.namespaceInfo()
            held.withLock { $0 = http }
            return port
        }
        let http = try #require(held.withLock { $0 })
        let error = await #expect(throws: RESTError.self) { try await http.send(RESTRequest(.get, "http://127.0.0.1:\(port)/health")) }
        #expect(error?.code == .refused, "nobody listens any more")
        await http.shutdown()
    }

    @Test("says why it cannot listen")
    func portInUse() async throws {
        try await withServer { port in
            let second = AdministrationServer(source: NamespaceFixture.small, port: port, logger: Self.quiet)
            let error = await #expect(throws: AdministrationServerError.self) { try await second.run { _ in } }
            #expect(error?.code == .portInUse)
            #expect(error?.description.contains("--http-port") == true)
        }
        let elsewhere = AdministrationServer(source: NamespaceFixture.small, host: "192.0.2.1", port: 0, logger: Self.quiet)
        let error = await #expect(throws: AdministrationServerError.self) { try await elsewhere.run { _ in } }
        #expect(error?.code == .addressNotAvailable)
    }
}
