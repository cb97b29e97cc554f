import Identity
import Logging
import NIOCore
import RESTClient
import Testing

@testable import ServiceBus

@Suite("The administration client changes a namespace")
struct AdministrationChangesTests {
    private static let serviceBus = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"

    private func client(_ exchange: ScriptedExchange, budget: CreditBudget? = nil) -> AdministrationClient {
        let http = RESTClient(
            configuration: RESTConfiguration(), exchange: exchange, clock: RecordingClock(), jitter: { 0 },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let root = SharedAccessKeyCredential(
            keyName: "Root", key: Secret("k"), clock: WallClock { WallTime(secondsSince1970: 1_700_000_000) })
        return AdministrationClient(endpoint: AdministrationEndpoint(host: "ns.example"), tokens: root, http: http, budget: budget)
    }

    private static func entry(_ name: String, _ description: String) -> String {
        "<entry xmlns=\"http://www.w3.org/2005/Atom\"><title type=\"text\">\(name)</title><content type=\"application/xml\">\(description)</content></entry>"
    }

    private static func queue(_ content: String) -> String {
        "<QueueDescription xmlns=\"\(serviceBus)\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">\(content)</QueueDescription>"
    }

    /// The description in a request's body.
    private func sent(_ request: RESTRequest) throws -> XMLElement {
        let root = try XMLElement(parsing: try #require(request.body))
        return try #require(AtomDocument(root)?.entries.first?.content)
    }

    private func names(_ element: XMLElement) -> [String] { element.children.map(\.name.local) }

    // MARK: Entities

    @Test("creates with the service's defaults, or with settings in the service's order")
    func create() async throws {
        let exchange = ScriptedExchange { _, _ in .text(Self.entry("q", Self.queue("<LockDuration>PT30S</LockDuration>")), status: 201) }
        let client = client(exchange)
        let made = try await client.create(.queue("q"), EntityDefinition(.queue))
        #expect(made.lockDuration == .seconds(30))
        var definition = EntityDefinition(.queue)
        definition.maxDeliveryCount = 14
        definition.lockDuration = .seconds(13)
        definition.autoDeleteOnIdle = EntityDefinition.forever
        definition.requiresSession = true
        definition["NewSetting"] = "<&>"
        _ = try await client.create(.queue("q"), definition)
        let requests = exchange.requests
        #expect(requests.map(\.method) == [.put, .put])
        #expect(requests.map(\.url) == Array(repeating: "https://ns.example/q?api-version=2021-05", count: 2))
        #expect(requests.map { $0.headers["If-Match"] } == [nil, nil])
        #expect(requests[0].headers["Content-Type"] == "application/atom+xml;type=entry;charset=utf-8")
        #expect(try sent(requests[0]) == XMLElement(XMLName("QueueDescription", in: Self.serviceBus)))
        let content = try sent(requests[1])
        #expect(names(content) == ["LockDuration", "RequiresSession", "MaxDeliveryCount", "AutoDeleteOnIdle", "NewSetting"])
        #expect(content.children.map(\.text) == ["PT13S", "true", "14", "P10675199DT2H48M5.4775807S", "<&>"])
    }

    @Test("changes only what is to be different and sends everything else back as it came")
    func update() async throws {
        let old =
            "<LockDuration>PT1M</LockDuration><AuthorizationRules><AuthorizationRule i:type=\"SharedAccessAuthorizationRule\"><ClaimType>SharedAccessKey</ClaimType>"
            + "<ClaimValue>None</ClaimValue><Rights><AccessRights>Send</AccessRights></Rights><KeyName>s</KeyName><PrimaryKey>p1</PrimaryKey><SecondaryKey>p2</SecondaryKey>"
            + "</AuthorizationRule></AuthorizationRules><Status>Active</Status><UserMetadata>a &lt; b</UserMetadata>"
            + "<CountDetails xmlns:d2p1=\"http://schemas.microsoft.com/netservices/2011/06/servicebus\"><d2p1:ActiveMessageCount>7</d2p1:ActiveMessageCount></CountDetails>"
            + "<Future i:kind=\"x\"><Inner>1</Inner></Future>"
        let exchange = ScriptedExchange { _, _ in .text(Self.entry("q", Self.queue(old))) }
        _ = try await client(exchange).update(.queue("q")) {
            $0.lockDuration = .seconds(5)
            $0.forwardTo = "sb://ns.example/target/"
            $0.forwardDeadLetteredTo = "dead"
        }
        let requests = exchange.requests
        #expect(requests.map(\.method) == [.get, .put])
        #expect(requests[1].headers["If-Match"] == "*")
        let content = try sent(requests[1])
        #expect(
            names(content)
                == [
                    "LockDuration", "AuthorizationRules", "Status", "ForwardTo", "UserMetadata", "CountDetails", "Future",
                    "ForwardDeadLetteredMessagesTo",
                ]
        )
        let before = try #require(
            AtomDocument(XMLElement(parsing: ByteBuffer(string: Self.entry("q", Self.queue(old)))))?.entries.first?.content)
        for name in ["AuthorizationRules", "Status", "UserMetadata", "CountDetails", "Future"] {
            #expect(content.first(name) == before.first(name), "\(name) is as it came")
        }
        #expect(content.first("LockDuration")?.text == "PT5S")
        for (header, resource) in [
            ("ServiceBusSupplementaryAuthorization", "https://ns.example/target"),
            ("ServiceBusDlqSupplementaryAuthorization", "https://ns.example/dead"),
        ] {
            #expect(try SharedAccessSignature(parsing: try #require(requests[1].headers[header])).resource == resource)
        }
    }

    @Test("knows an entity's keys, changes them, and does not print them")
    func authorizationRules() throws {
        var definition = EntityDefinition(.topic)
        definition.authorizationRules = [
            AuthorizationRule(keyName: "a", rights: [.send, .listen], primaryKey: Secret("one"), secondaryKey: Secret("two")),
            AuthorizationRule(keyName: "b", rights: [.manage, .send, .listen]),
        ]
        let rules = definition.authorizationRules
        #expect(rules.map(\.keyName) == ["a", "b"])
        #expect(rules.map(\.rights) == [[.send, .listen], Set(AuthorizationRule.Right.allCases)])
        #expect(rules[0].primaryKey?.withRevealedText { $0 } == "one")
        #expect(rules[1].primaryKey == nil, "the service makes the keys")
        let first = try #require(definition.content.first("AuthorizationRules")?.children.first)
        #expect(names(first) == ["ClaimType", "ClaimValue", "Rights", "KeyName", "PrimaryKey", "SecondaryKey"])
        #expect(first.first("Rights")?.children.map(\.text) == ["Listen", "Send"])
        #expect(first.attribute("type") == "SharedAccessAuthorizationRule")
        var dumped = ""
        dump(definition, to: &dumped)
        for text in ["\(definition)", String(reflecting: definition), dumped] { #expect(!text.contains("one"), "\(text)") }
    }

    @Test("removes entities and rules")
    func delete() async throws {
        let exchange = ScriptedExchange { _, _ in .text("") }
        let client = client(exchange)
        let subscription = try EntityPath.subscription(topic: "t", name: "s")
        try await client.delete(.queue("q"))
        try await client.delete(subscription)
        try await client.deleteRule("$Default", of: subscription)
        try await client.deleteRule("a b", of: subscription)
        #expect(
            exchange.requests.map { "\($0.method.rawValue) \($0.url.split(separator: "?")[0])" } == [
                "DELETE https://ns.example/q", "DELETE https://ns.example/t/subscriptions/s",
                "DELETE https://ns.example/t/subscriptions/s/rules/$Default", "DELETE https://ns.example/t/subscriptions/s/rules/a%20b",
            ])
    }

    @Test("says what the service said when it refuses")
    func refusals() async throws {
        let path = try EntityPath.subscription(topic: "t", name: "s")
        func code(_ status: Int, _ detail: String, _ call: (AdministrationClient) async throws -> Void) async throws
            -> AdministrationError.Code
        {
            let exchange = ScriptedExchange { _, _ in
                .text("<Error><Code>\(status)</Code><Detail>\(detail)</Detail></Error>", status: status)
            }
            return try #require(await #expect(throws: AdministrationError.self) { try await call(client(exchange)) }).code
        }
        #expect(try await code(409, "already exists.") { _ = try await $0.create(path, EntityDefinition(.subscription)) } == .conflict)
        #expect(
            try await code(400, "The supplied lock time exceeds") { _ = try await $0.create(path, EntityDefinition(.subscription)) }
                == .invalidRequest)
        #expect(try await code(404, "No service is hosted") { try await $0.delete(path) } == .notFound)
        #expect(
            try await code(404, "Entity was not found") { _ = try await $0.updateRule(RuleDescription(name: "r"), in: path) } == .notFound)

        let empty = ScriptedExchange { _, _ in
            .text("<feed xmlns='http://www.w3.org/2005/Atom'><title>Publicly Listed Services</title></feed>")
        }
        let missing = await #expect(throws: AdministrationError.self) { try await client(empty).update(path) { $0.maxDeliveryCount = 1 } }
        #expect(missing?.code == .notFound)
        #expect(empty.requests.map(\.method) == [.get], "nothing is sent for what is not there")

        for call in [{ try await $0.deleteRule("r", of: .queue("q")) }, { try await $0.deleteRule("a/b", of: path) }]
            as [(AdministrationClient) async throws -> Void]
        {
            let untouched = ScriptedExchange { _, _ in .text("") }
            let error = await #expect(throws: AdministrationError.self) { try await call(client(untouched)) }
            #expect(error?.code == .invalidRequest)
            #expect(untouched.requests.isEmpty)
        }
    }

    // MARK: Credits

    @Test("spends no more credits than the budget allows, in the order of asking")
    func budget() async throws {
        let clock = RecordingClock()
        let budget = CreditBudget(creditsPerSecond: 100, burst: .seconds(1), clock: clock)
        for _ in 0..<10 { try await budget.spend() }
        #expect(clock.sleeps.isEmpty, "a second's worth may be spent at once")
        for _ in 0..<5 { try await budget.spend() }
        #expect(clock.sleeps == Array(repeating: .milliseconds(100), count: 5), "and then one call every tenth of a second")
        #expect(await budget.spent == 150)

        let exchange = ScriptedExchange { _, _ in .text("") }
        try await client(exchange, budget: budget).delete(.queue("q"))
        #expect(await budget.spent == 160)
    }
}

@Suite("Changes as they were recorded", .enabled(if: RecordedExchange.areAvailable, "no recordings here: set CALLBOARD_VECTORS"))
struct RecordedChangesTests {
    private func content(_ text: String) throws -> XMLElement {
        try #require(AtomDocument(try XMLElement(parsing: ByteBuffer(string: text)))?.entries.first?.content)
    }

    private func written(_ write: (inout XMLWriter) -> Void) throws -> XMLElement {
        var writer = XMLWriter()
        write(&writer)
        return try XMLElement(parsing: writer.bytes)
    }

    @Test("Whatever the service or a client sent is written again as it was", arguments: RecordedExchange.all)
    func roundTrip(exchange: RecordedExchange) throws {
        for text in [exchange.body, exchange.requestBody ?? ""] where text.hasPrefix("<") {
            let element = try XMLElement(parsing: ByteBuffer(string: text))
            #expect(try written { $0.element(element, in: "") } == element)
        }
    }

    @Test("Rules are sent as the official client sends them", arguments: ["021", "023", "025", "029"])
    func rules(_ number: String) throws {
        let exchange = try RecordedExchange.named(number)
        let request = try content(try #require(exchange.requestBody))
        let document = try #require(AtomDocument(try XMLElement(parsing: ByteBuffer(string: exchange.body))))
        var rule = try #require(document.entries.first.flatMap { RuleDescription($0) })
        rule.createdAt = nil
        #expect(try written { rule.write(to: &$0) } == request)
    }

    @Test("A queue with settings of its own is sent as the official client sends it")
    func queue() throws {
        var definition = EntityDefinition(.queue)
        definition["MaxMessageSizeInKilobytes"] = "12345"
        definition.autoDeleteOnIdle = .seconds(600)
        definition["EnableBatchedOperations"] = "true"
        definition.maxDeliveryCount = 14
        definition.duplicateDetectionWindow = .seconds(720)
        definition.deadLetteringOnExpiration = true
        definition.defaultTimeToLive = .seconds(660)
        definition.requiresSession = true
        definition.maxSizeInMegabytes = 3072
        definition.lockDuration = .seconds(13)
        let exchange = try RecordedExchange.named("101")
        #expect(definition.content == (try content(try #require(exchange.requestBody))))
    }

    @Test("New elements are put where the service has them", arguments: ["101", "105", "107"])
    func order(_ number: String) throws {
        let answer = try content(try RecordedExchange.named(number).body)
        let original = try #require(EntityDefinition(answer))
        for child in answer.children {
            var definition = original
            definition[child.name.local] = nil
            #expect(definition.content.children.count == answer.children.count - 1)
            definition.set(child.name.local, child)
            #expect(definition == original, "\(child.name.local)")
        }
    }
}
