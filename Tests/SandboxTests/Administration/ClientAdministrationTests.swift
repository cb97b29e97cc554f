import CallboardCore
import Identity
import Logging
import RESTClient
import ServiceBus
import Testing

@testable import Sandbox

/// Our client against our server, both over sockets, for everything that can be administered. What each of them says to strangers is proven
/// elsewhere, with recorded answers and with the official client.
@Suite("The administration client with a sandbox")
struct ClientAdministrationTests {
    private static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    private func withClient(
        creditsPerSecond: Int? = nil, budget: CreditBudget? = nil, populate: @escaping @Sendable (Broker) throws -> Void = { _ in },
        _ body: (AdministrationClient, SandboxServer) async throws -> Void
    ) async throws {
        var configuration = SandboxConfiguration()
        configuration.amqpPort = 0
        configuration.httpPort = 0
        configuration.creditsPerSecond = creditsPerSecond
        let server = try await SandboxServer.start(configuration, logger: Self.quiet, populate: populate)
        let http = RESTClient(logger: Self.quiet)
        do {
            let string = try ConnectionString(parsing: server.connectionString)
            let tokens = try #require(try string.tokenProvider())
            try await body(
                AdministrationClient(endpoint: string.administrationEndpoint, tokens: tokens, http: http, budget: budget), server)
        } catch {
            await http.shutdown()
            await server.stop()
            throw error
        }
        await http.shutdown()
        await server.stop()
    }

    // MARK: Every kind

    @Test("creates, reads, changes and removes queues, with every setting there is")
    func queues() async throws {
        try await withClient { client, _ in
            let path = try EntityPath.queue("a/b")
            _ = try await client.create(.queue("sink"), EntityDefinition(.queue))
            var definition = EntityDefinition(.queue)
            let settings: KeyValuePairs = [
                "LockDuration": "PT13S", "MaxSizeInMegabytes": "2048", "RequiresDuplicateDetection": "true", "RequiresSession": "true",
                "DefaultMessageTimeToLive": "P14D", "DeadLetteringOnMessageExpiration": "true",
                "DuplicateDetectionHistoryTimeWindow": "PT20M", "MaxDeliveryCount": "7", "EnableBatchedOperations": "false",
                "Status": "SendDisabled", "UserMetadata": "a <b> & \"c\"", "AutoDeleteOnIdle": "P7D", "SupportOrdering": "false",
            ]
            for (name, value) in settings { definition[name] = value }
            definition.forwardDeadLetteredTo = "sink"
            let made = try await client.create(path, definition)
            #expect(made.kind == .queue)
            let read = try await client.revision(of: path)
            for (name, value) in settings { #expect(read.definition[name] == value, "\(name)") }
            #expect(read.definition.forwardDeadLetteredTo == "sink")
            #expect(read.version != nil)
            #expect(read.description == (try await client.entity(path)))
            #expect(try await client.queues().all().map(\.path.name) == ["a/b", "sink"])

            let changed = try await client.update(path) {
                $0.lockDuration = .seconds(30)
                $0.forwardDeadLetteredTo = nil
                $0.userMetadata = nil
            }
            #expect(changed.lockDuration == .seconds(30))
            let again = try await client.revision(of: path)
            #expect(again.definition["MaxDeliveryCount"] == "7", "what was not changed is as it was")
            #expect(again.definition.forwardDeadLetteredTo == nil)
            #expect(again.definition.userMetadata == nil)
            try await client.delete(path)
            #expect(await failure { _ = try await client.entity(path) }?.code == .notFound)
        }
    }

    @Test("creates, reads, changes and removes topics, subscriptions and rules")
    func topics() async throws {
        try await withClient { client, _ in
            let topic = try EntityPath.topic("events")
            var definition = EntityDefinition(.topic)
            definition["RequiresDuplicateDetection"] = "true"
            definition.defaultTimeToLive = .seconds(3600)
            definition["SupportOrdering"] = "true"
            _ = try await client.create(topic, definition)
            let subscription = try EntityPath.subscription(topic: "events", name: "billing")
            var settings = EntityDefinition(.subscription)
            settings.requiresSession = true
            settings.deadLetteringOnFilterErrors = false
            settings.maxDeliveryCount = 3
            _ = try await client.create(subscription, settings)
            let read = try await client.revision(of: subscription)
            #expect(read.definition.requiresSession == true)
            #expect(read.definition.deadLetteringOnFilterErrors == false)
            #expect(read.description.path == subscription)
            #expect(try await client.entity(topic).subscriptionCount == 1)
            #expect(try await client.rules(of: subscription).map(\.filter) == [.all])

            typealias Parameter = RuleDescription.Parameter
            let rules = [
                RuleDescription(
                    name: "sql", filter: .sql(expression: "a > @n", parameters: [Parameter(name: "@n", type: "int", value: "3")]),
                    action: .sql(expression: "SET seen = 1", parameters: [])),
                RuleDescription(
                    name: "two words & more",
                    filter: .correlation(
                        [Parameter(name: "Label", value: "Paid"), Parameter(name: "ContentType", value: "text/<x>")],
                        properties: [
                            Parameter(name: "n", type: "long", value: "9007199254740993"),
                            Parameter(name: "b", type: "boolean", value: "true"),
                            Parameter(name: "d", type: "double", value: "2.5"),
                            Parameter(name: "t", type: "dateTime", value: "2026-11-25T00:00:00Z"),
                            Parameter(name: "p", type: "duration", value: "PT1M"),
                        ])),
                RuleDescription(name: "zero", filter: .none),
            ]
            for rule in rules {
                _ = try await client.createRule(rule, in: subscription)
                let one = try await client.rule(rule.name, of: subscription).rule
                #expect(one.filter == rule.filter)
                #expect(one.action == rule.action)
            }
            #expect(try await client.rules(of: subscription).map(\.name) == ["$Default", "sql", "two words & more", "zero"])
            var changed = rules[2]
            changed.filter = .sql(expression: "region = 'eu'", parameters: [])
            _ = try await client.updateRule(changed, in: subscription)
            #expect(try await client.rule("zero", of: subscription).rule.filter == changed.filter)
            try await client.deleteRule("$Default", of: subscription)
            #expect(await failure { _ = try await client.rule("$Default", of: subscription) }?.code == .notFound)
            try await client.delete(subscription)
            #expect(try await client.entity(topic).subscriptionCount == 0)
            try await client.delete(topic)
            #expect(try await client.topics().all().isEmpty)
        }
    }

    @Test("a subscription starts with a rule of its own in place of the one that takes everything")
    func firstRule() async throws {
        try await withClient { client, _ in
            _ = try await client.create(.topic("t"), EntityDefinition(.topic))
            let subscription = try EntityPath.subscription(topic: "t", name: "s")
            var definition = EntityDefinition(.subscription)
            definition.maxDeliveryCount = 3
            definition.lockDuration = .seconds(10)
            definition.firstRule = RuleDescription(
                name: "eu", filter: .sql(expression: "region = @r", parameters: [.init(name: "@r", value: "eu")]),
                action: .sql(expression: "SET seen = @n", parameters: [.init(name: "@n", type: "int", value: "1")]))
            _ = try await client.create(subscription, definition)
            let rules = try await client.rules(of: subscription)
            #expect(rules.map(\.name) == ["eu"])
            #expect(rules.first?.filter == definition.firstRule?.filter)
            #expect(rules.first?.action == definition.firstRule?.action)
            let read = try await client.revision(of: subscription).definition
            #expect(read.maxDeliveryCount == 3)
            #expect(read.lockDuration == .seconds(10))
        }
    }

    @Test("counts what an entity holds")
    func counts() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(5)
            try await fixture.send(2) { message, _ in message.scheduledEnqueueTime = Timestamp(milliseconds: 4_000_000_000_000) }
            try await fixture.send(3, to: fixture.t)
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                for message in try await receiver.receive(max: 2, wait: .seconds(10)) { try await receiver.deadLetter(message) }
            }
            let string = try ConnectionString(parsing: fixture.server.connectionString)
            let http = RESTClient(logger: Self.quiet)
            let tokens = try #require(try string.tokenProvider())
            let client = AdministrationClient(endpoint: string.administrationEndpoint, tokens: tokens, http: http)
            #expect(try await client.entity(fixture.q).counts == EntityCounts(active: 3, deadLetter: 2, scheduled: 2))
            #expect(try await client.entity(fixture.all).counts == EntityCounts(active: 3))
            let listed = try await client.entities()
            #expect(listed.first { $0.path == fixture.q }?.counts == EntityCounts(active: 3, deadLetter: 2, scheduled: 2))
            #expect(listed.map(\.path) == listed.map(\.path).sorted())
            await http.shutdown()
        }
    }

    // MARK: Refusals

    @Test("refusals come with the service's code, sub-code and tracking id")
    func refusals() async throws {
        try await withClient { client, _ in
            let path = try EntityPath.queue("q")
            _ = try await client.create(path, EntityDefinition(.queue))
            _ = try await client.create(.topic("t"), EntityDefinition(.topic))
            let subscription = try EntityPath.subscription(topic: "t", name: "s")
            func check(_ code: AdministrationError.Code, _ status: Int, _ subCode: Int?, _ words: String, _ body: () async throws -> Void)
                async throws
            {
                let error = try #require(await failure(body))
                #expect(error.code == code)
                #expect(error.status == status)
                #expect(error.subCode == subCode, "\(error.message)")
                #expect(error.message.contains(words), "\(error.message)")
                #expect(!error.message.contains("TrackingId"))
                #expect(status == 200 || error.trackingID?.isEmpty == false)
                #expect(error.correlationID?.isEmpty == false)
            }
            try await check(.conflict, 409, 40900, "current state") { _ = try await client.create(path, EntityDefinition(.queue)) }
            try await check(.notFound, 200, nil, "nowhere") { _ = try await client.entity(.queue("nowhere")) }
            try await check(.notFound, 200, nil, "t/s") { _ = try await client.entity(subscription) }
            try await check(.notFound, 404, 40400, "Not Found") {
                _ = try await client.replace(.queue("nowhere"), with: EntityDefinition(.queue))
            }
            try await check(.notFound, 404, nil, "No service is hosted") { try await client.delete(.queue("nowhere")) }
            try await check(.notFound, 404, nil, "was not found") { try await client.delete(subscription) }
            var wrong = EntityDefinition(.queue)
            wrong.lockDuration = .seconds(301)
            try await check(.invalidRequest, 400, 40000, "lock time") { _ = try await client.create(.queue("x"), wrong) }
            try await check(.invalidRequest, 400, 40000, "RequiresSession") {
                _ = try await client.update(path) { $0.requiresSession = true }
            }
            var nowhere = EntityDefinition(.queue)
            nowhere.forwardTo = "nowhere"
            try await check(.invalidRequest, 400, 40400, "forwarding") { _ = try await client.create(.queue("x"), nowhere) }
        }
    }

    @Test("an entity's own keys open that entity and no other")
    func authorizationRules() async throws {
        try await withClient { client, server in
            let path = try EntityPath.queue("q")
            var definition = EntityDefinition(.queue)
            definition.authorizationRules = [AuthorizationRule(keyName: "own", rights: [.listen, .send, .manage])]
            _ = try await client.create(path, definition)
            _ = try await client.create(.queue("other"), EntityDefinition(.queue))
            let rules = try await client.revision(of: path).definition.authorizationRules
            #expect(rules.map(\.keyName) == ["own"])
            let key = try #require(rules.first?.primaryKey?.withRevealedText { $0 })
            #expect(key.count >= 40)
            let string = try ConnectionString(
                parsing:
                    "Endpoint=sb://127.0.0.1:\(server.amqpPort);SharedAccessKeyName=own;SharedAccessKey=\(key);UseDevelopmentEmulator=true;ManagementPort=\(server.httpPort)"
            )
            let http = RESTClient(logger: Self.quiet)
            let tokens = try #require(try string.tokenProvider())
            let own = AdministrationClient(endpoint: string.administrationEndpoint, tokens: tokens, http: http)
            #expect(try await own.entity(path).path == path)
            #expect(await failure { _ = try await own.entity(.queue("other")) }?.status == 401)
            _ = try await client.update(path) { $0.maxDeliveryCount = 3 }
            #expect(try await own.entity(path).maxDeliveryCount == 3, "a change of something else leaves the keys alone")
            _ = try await client.update(path) { $0.authorizationRules = [] }
            #expect(await failure { _ = try await own.entity(path) }?.status == 401)
            await http.shutdown()
        }
    }

    // MARK: Through the workspace

    @Test("a change is not sent when somebody else was faster, whoever that was")
    func conflict() async throws {
        try await withClient { client, server in
            let path = try EntityPath.queue("orders")
            _ = try await client.create(path, EntityDefinition(.queue))
            let workspace = try Workspace(
                context: OperatorContext(name: "c"), connection: ConnectionString(parsing: server.connectionString), logger: Self.quiet)
            let target = EntityTarget.queue(path)
            let change = try EntityChange.updating(try await workspace.settings(of: target), [SettingInput("max-delivery-count", "5")])
            _ = try await client.update(path) { $0.lockDuration = .seconds(5) }
            let permission = try workspace.leave(for: .updateEntity, on: path)
            let error = await #expect(throws: OperatorError.self) { try await workspace.carryOut(change, with: permission) }
            #expect(error?.code == .conflict)
            #expect(error?.message.contains("lock-duration was 1m and is 5s") == true, "\(error?.message ?? "")")
            #expect(try await client.entity(path).maxDeliveryCount == 10)
            let again = try EntityChange.updating(try await workspace.settings(of: target), [SettingInput("max-delivery-count", "5")])
            let now = try await workspace.carryOut(again, with: permission)
            #expect(now?.entity?.maxDeliveryCount == 5)
            let twice = await #expect(throws: OperatorError.self) {
                try await workspace.carryOut(EntityChange.creating(target, []), with: workspace.leave(for: .createEntity, on: path))
            }
            #expect(twice?.code == .conflict)
            #expect(twice?.hint.contains("callboard update queue orders") == true)
            await workspace.close()
        }
    }

    @Test("everything that shares a budget stays within the tier's credits, and nothing is refused", .timeLimit(.minutes(2)))
    func credits() async throws {
        try await withClient(
            creditsPerSecond: 1000,
            populate: { broker in
                for number in 0..<3000 { try broker.createQueue("q\(10_000 + number)") }
                for number in 0..<20 {
                    try broker.createTopic("t\(number)")
                    try broker.createSubscription("s", of: "t\(number)")
                }
            }
        ) { _, server in
            let string = try ConnectionString(parsing: server.connectionString)
            // Two contexts, one namespace, one budget.
            let first = try Workspace(context: OperatorContext(name: "a"), connection: string, logger: Self.quiet)
            let second = try Workspace(context: OperatorContext(name: "b"), connection: string, logger: Self.quiet)
            try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await first.entities().entities.count }
                group.addTask {
                    var count = 0
                    for try await page in second.entityPages() { count += page.count }
                    return count
                }
                for number in 0..<60 {
                    group.addTask {
                        _ = try await second.entity(.queue("q\(10_000 + number)"))
                        return 3040
                    }
                }
                for try await count in group { #expect(count == 3040) }
            }
            let usage = server.creditUsage
            #expect(usage.refusedCalls == 0)
            #expect(usage.mostCreditsPerSecond <= 1000)
            #expect(usage.calls == 2 * (31 + 1 + 20) + 60)
            await first.close()
            await second.close()
        }
    }

    private func failure(_ body: () async throws -> Void) async -> AdministrationError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? AdministrationError
        }
    }
}
