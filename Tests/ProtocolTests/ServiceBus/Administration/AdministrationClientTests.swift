import Identity
import Logging
import NIOCore
import RESTClient
import Testing

@testable import ServiceBus

@Suite("The administration client")
struct AdministrationClientTests {
    private static let key = Secret("k")

    /// A client of a service that answers as `answer` says.
    private func client(
        _ exchange: ScriptedExchange, endpoint: AdministrationEndpoint = AdministrationEndpoint(host: "ns.example"),
        tokens: (any TokenProvider)? = nil
    ) -> AdministrationClient {
        let http = RESTClient(
            configuration: RESTConfiguration(), exchange: exchange, clock: RecordingClock(), jitter: { 0 },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let root = SharedAccessKeyCredential(keyName: "Root", key: Self.key, clock: WallClock { WallTime(secondsSince1970: 1_700_000_000) })
        return AdministrationClient(endpoint: endpoint, tokens: tokens ?? root, http: http)
    }

    private static func entry(_ name: String, _ kind: String = "QueueDescription", _ content: String = "") -> String {
        """
        <entry xmlns="http://www.w3.org/2005/Atom"><title type="text">\(name)</title><content type="application/xml">\
        <\(kind) xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect">\(content)</\(kind)></content></entry>
        """
    }

    private static func feed(_ entries: [String], title: String = "Queues") -> String {
        "<feed xmlns='http://www.w3.org/2005/Atom'><title type='text'>\(title)</title>\(entries.joined())</feed>"
    }

    private static let publicList = feed([], title: "Publicly Listed Services")

    /// A list of so many queues, served in pages as it is asked for.
    private static func namespace(queues: Int) -> ScriptedExchange {
        ScriptedExchange { _, request in
            let skip = parameter("$skip", request.url)
            let top = parameter("$top", request.url)
            return .text(feed((skip..<max(skip, min(skip + top, queues))).map { entry("q\($0)") }))
        }
    }

    private static func parameter(_ name: String, _ url: String) -> Int {
        url.split(separator: "?").last?.split(separator: "&").first { $0.hasPrefix("\(name)=") }.flatMap {
            Int($0.dropFirst(name.count + 1))
        } ?? 0
    }

    // MARK: Requests

    @Test("asks as the service expects, signed for the address it asks")
    func request() async throws {
        let exchange = ScriptedExchange { _, _ in .text(Self.feed([])) }
        _ = try await client(exchange).queues().all()
        let request = try #require(exchange.requests.first)
        #expect(request.method == .get)
        #expect(request.url == "https://ns.example/$Resources/queues?$skip=0&$top=100&api-version=2021-05")
        let authorization = try #require(request.headers["Authorization"])
        let signature = try SharedAccessSignature(parsing: authorization)
        #expect(signature.resource == "https://ns.example/$Resources/queues")
        #expect(signature.isSigned(with: Self.key))
        #expect(request.headers["Accept"]?.contains("atom+xml") == true)
    }

    @Test("bears a token of a sign-in")
    func bearer() async throws {
        struct SignIn: TokenProvider {
            func token(for audience: String) async throws(IdentityError) -> AccessToken {
                AccessToken(secret: Secret("eyJ.a.b"), expiresAt: WallTime(secondsSince1970: 1), kind: .jsonWebToken)
            }
        }
        let exchange = ScriptedExchange { _, _ in .text(Self.feed([])) }
        _ = try await client(exchange, tokens: SignIn()).queues().all()
        #expect(exchange.requests.first?.headers["Authorization"] == "Bearer eyJ.a.b")
    }

    @Test("finds emulators on their own ports, over plain HTTP")
    func emulator() async throws {
        let exchange = ScriptedExchange { _, _ in .text(Self.feed([])) }
        let string = try ConnectionString(parsing: "Endpoint=sb://[::1]:5672;UseDevelopmentEmulator=true;ManagementPort=1234")
        _ = try await client(exchange, endpoint: string.administrationEndpoint).topics().all()
        #expect(exchange.requests.first?.url.hasPrefix("http://[::1]:1234/$Resources/topics?") == true)
    }

    @Test("asks for subscriptions, rules and single entities by their paths")
    func paths() async throws {
        let exchange = ScriptedExchange { _, request in
            .text(
                request.url.contains("$skip")
                    ? Self.feed([])
                    : Self.entry("s", request.url.contains("/subscriptions/") ? "SubscriptionDescription" : "QueueDescription"))
        }
        let client = client(exchange)
        let subscription = try EntityPath.subscription(topic: "a/b", name: "s")
        _ = try await client.subscriptions(of: .topic("a/b")).all()
        _ = try await client.rules(of: subscription)
        _ = try await client.entity(subscription.deadLetter)
        _ = try await client.entity(.queue("txt/.-_123"))
        #expect(
            exchange.requests.map { $0.url.split(separator: "?")[0].dropFirst("https://ns.example/".count) } == [
                "a/b/subscriptions", "a/b/subscriptions/s/rules", "a/b/subscriptions/s", "txt/.-_123",
            ])
    }

    // MARK: Pages

    @Test(
        "reads pages as they are wanted, and stops at a short one",
        arguments: [
            (0, [Int](), 1), (1, [1], 1), (99, [99], 1), (100, [100], 2), (101, [100, 1], 2), (250, [100, 100, 50], 3),
        ])
    func paging(count: Int, pages: [Int], calls: Int) async throws {
        let exchange = Self.namespace(queues: count)
        var sizes: [Int] = []
        var names: [String] = []
        for try await page in client(exchange).queues() {
            sizes.append(page.count)
            names += page.map(\.path.name)
        }
        #expect(sizes == pages)
        #expect(names == (0..<count).map { "q\($0)" })
        #expect(exchange.requests.count == calls)
    }

    @Test("asks for no page that nobody reads")
    func laziness() async throws {
        let exchange = Self.namespace(queues: 10_000)
        for try await page in client(exchange).queues() where page.count == 100 { break }
        #expect(exchange.requests.count == 1)
    }

    @Test("keeps page sizes within what the service gives", arguments: [(-5, 1), (0, 1), (7, 7), (100, 100), (5000, 100)])
    func pageSize(asked: Int, sent: Int) async throws {
        let exchange = Self.namespace(queues: 1)
        var iterator = client(exchange).queues(pageSize: asked).makeAsyncIterator()
        _ = try await iterator.next()
        #expect(Self.parameter("$top", exchange.requests[0].url) == sent)
    }

    @Test("counts entries that it does not understand, so that no page is read twice")
    func unknownKinds() async throws {
        let exchange = ScriptedExchange { number, _ in
            .text(number == 0 ? Self.feed([Self.entry("a"), Self.entry("b", "FutureDescription")]) : Self.feed([Self.entry("c")]))
        }
        let names = try await client(exchange).queues(pageSize: 2).all().map(\.path.name)
        #expect(names == ["a", "c"])
        #expect(exchange.requests.map { Self.parameter("$skip", $0.url) } == [0, 2])
    }

    @Test("reads three thousand queues in thirty-one calls")
    func manyQueues() async throws {
        let exchange = Self.namespace(queues: 3000)
        #expect(try await client(exchange).queues().all().count == 3000)
        #expect(exchange.requests.count == 31)
    }

    @Test("collects everything, in the order of the paths, asking only topics that have subscriptions")
    func everything() async throws {
        let exchange = ScriptedExchange { _, request in
            switch request.url.split(separator: "?")[0].dropFirst("https://ns.example/".count) {
            case "$Resources/queues": .text(Self.feed([Self.entry("zebra"), Self.entry("ant")]))
            case "$Resources/topics":
                .text(
                    Self.feed([
                        Self.entry("news", "TopicDescription", "<SubscriptionCount>2</SubscriptionCount>"),
                        Self.entry("quiet", "TopicDescription", "<SubscriptionCount>0</SubscriptionCount>"),
                        Self.entry("silent", "TopicDescription"),
                    ]))
            case "news/subscriptions":
                .text(Self.feed([Self.entry("b", "SubscriptionDescription"), Self.entry("a", "SubscriptionDescription")]))
            default: .text(Self.feed([]))
            }
        }
        let entities = try await client(exchange).entities()
        #expect(entities.map(\.path.displayName) == ["ant", "news", "news/a", "news/b", "quiet", "silent", "zebra"])
        #expect(!exchange.requests.contains { $0.url.contains("quiet/subscriptions") })
        #expect(exchange.requests.contains { $0.url.contains("silent/subscriptions") }, "without a count one has to ask")
    }

    @Test("does not return half of everything")
    func allOrNothing() async {
        let exchange = ScriptedExchange { _, request in
            if request.url.contains("queues") { return .text(Self.feed([Self.entry("a")])) }
            if request.url.contains("topics") { return .text(Self.feed((0..<10).map { Self.entry("t\($0)", "TopicDescription") })) }
            return .text("<Error><Code>500</Code><Detail>no</Detail></Error>", status: request.url.contains("t5") ? 500 : 200)
        }
        let error = await #expect(throws: AdministrationError.self) { try await client(exchange).entities() }
        #expect(error?.code == .service || error?.code == .unexpectedAnswer)
    }

    // MARK: One entity

    @Test("tells queues from topics by the answer, and takes the spelling of the service")
    func oneEntity() async throws {
        let queue = try await client(ScriptedExchange { _, _ in .text(Self.entry("Orders")) }).entity(.queue("ORDERS"))
        #expect(queue.kind == .queue)
        #expect(queue.path.name == "Orders")
        let topic = try await client(ScriptedExchange { _, _ in .text(Self.entry("t", "TopicDescription")) }).entity(.queue("t"))
        #expect(topic.kind == .topic)
    }

    @Test("knows that an empty list in place of an entity, or of a list, means that there is none")
    func notFound() async throws {
        let client = client(ScriptedExchange { _, _ in .text(Self.publicList) })
        for (path, name) in [(try EntityPath.queue("nowhere"), "nowhere"), (try .subscription(topic: "t", name: "s").deadLetter, "t/s")] {
            let error = await #expect(throws: AdministrationError.self) { try await client.entity(path) }
            #expect(error?.code == .notFound)
            #expect(error?.message.contains("'\(name)'") == true)
        }
        let topic = try EntityPath.topic("nowhere")
        let error = await #expect(throws: AdministrationError.self) { try await client.subscriptions(of: topic).all() }
        #expect(error?.code == .notFound)
    }

    @Test("knows that rules belong to subscriptions")
    func rulesOfQueue() async throws {
        let error = await #expect(throws: AdministrationError.self) {
            try await client(ScriptedExchange { _, _ in .text("") }).rules(of: .queue("q"))
        }
        #expect(error?.code == .invalidRequest)
    }

    @Test("never keeps keys of authorization rules")
    func authorizationRules() async throws {
        let rules = """
            <AuthorizationRules><AuthorizationRule i:type="SharedAccessAuthorizationRule" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">\
            <Rights><AccessRights>Send</AccessRights><AccessRights>Listen</AccessRights></Rights><KeyName>app</KeyName>\
            <PrimaryKey>topsecret1</PrimaryKey><SecondaryKey>topsecret2</SecondaryKey></AuthorizationRule></AuthorizationRules>
            """
        let queue = try await client(ScriptedExchange { _, _ in .text(Self.entry("q", "QueueDescription", rules)) }).entity(.queue("q"))
        #expect(!"\(queue)".contains("topsecret"))
        let rule = "AuthorizationRules.AuthorizationRule"
        #expect(
            queue.settings.map { "\($0.name)=\($0.value)" } == [
                "\(rule)@type=SharedAccessAuthorizationRule", "\(rule).Rights.AccessRights=Send", "\(rule).Rights.AccessRights=Listen",
                "\(rule).KeyName=app",
                "\(rule).PrimaryKey=<secret>", "\(rule).SecondaryKey=<secret>",
            ])
    }

    // MARK: Errors

    @Test(
        "tells wrong credentials from missing rights",
        arguments: [
            (401, "claim is empty or token is invalid. TrackingId:a_G1", AdministrationError.Code.unauthorized),
            (401, "InvalidSignature: The token has an invalid signature. TrackingId:a_G1", .unauthorized),
            (401, "Manage,EntityRead claims required for this operation. TrackingId:a_G1", .notPermitted),
            (
                401, "SubCode=40100: Unauthorized : Unauthorized access for 'GetQueue' operation on endpoint 'sb://ns/q'. TrackingId:a_G1",
                .notPermitted
            ),
            (403, "SubCode=40301. Not allowed. TrackingId:a_G1", .notPermitted),
            (403, "SubCode=40300. The maximum entity count has been reached. TrackingId:a_G1", .quotaExceeded),
            (429, "SubCode=42901. Too many. TrackingId:a_G1", .busy), (503, "Busy. TrackingId:a_G1", .busy),
            (500, "Oops. TrackingId:a_G1", .service),
            (405, "The specified HTTP verb (GET) is not valid. TrackingId:a_G1", .invalidRequest), (404, "x TrackingId:a_G1", .notFound),
            (409, "x TrackingId:a_G1", .conflict), (400, "x TrackingId:a_G1", .invalidRequest),
            (302, "x TrackingId:a_G1", .unexpectedAnswer),
        ])
    func statuses(status: Int, detail: String, code: AdministrationError.Code) async {
        let body = "<Error><Code>\(status)</Code><Detail>\(detail)</Detail></Error>"
        let error = await #expect(throws: AdministrationError.self) {
            try await client(ScriptedExchange { _, _ in .text(body, status: status) }).namespaceInfo()
        }
        #expect(error?.code == code)
        #expect(error?.status == status)
        #expect(error?.trackingID == "a_G1")
        #expect(error?.correlationID?.isEmpty == false)
    }

    @Test("says something of its own where the service says nothing", arguments: [401, 403, 404, 429, 500])
    func silentErrors(status: Int) async {
        for body in ["", "<html>no</html>", "nothing", "{}"] {
            let error = await #expect(throws: AdministrationError.self) {
                try await client(ScriptedExchange { _, _ in .text(body, status: status) }).entity(.queue("orders"))
            }
            #expect(error?.message.contains("'orders'") == true || error?.message.contains("\(status)") == true)
            #expect(error?.trackingID == nil)
        }
    }

    @Test(
        "does not take anything else for an answer",
        arguments: [
            ("", "ends too early|one element"), ("hello", "unexpected character"), ("<html><body/></html>", "html"),
            ("{\"value\":[]}", "unexpected character"),
            ("<feed xmlns='http://www.w3.org/2005/Atom'><title>", "ends too early"), ("<feed/>", "feed"),
            ("<!DOCTYPE html><html/>", "document type"),
        ])
    func unexpected(body: String, words: String) async {
        let error = await #expect(throws: AdministrationError.self) {
            try await client(ScriptedExchange { _, _ in .text(body) }).queues().all()
        }
        #expect(error?.code == .unexpectedAnswer)
        #expect(words.split(separator: "|").contains { error?.message.contains($0) == true }, "\(error?.message ?? "")")
    }

    @Test("names what entity the service sent that cannot be one")
    func impossibleName() async {
        let error = await #expect(throws: AdministrationError.self) {
            try await client(ScriptedExchange { _, _ in .text(Self.feed([Self.entry("no such&#x20;name")])) }).queues().all()
        }
        #expect(error?.code == .unexpectedAnswer)
        #expect(error?.message.contains("no such name") == true)
    }

    @Test("passes on why there was no answer, or no token")
    func noAnswer() async throws {
        let refused = ScriptedExchange { (_, _) throws(RESTError) in
            throw RESTError(.refused, endpoint: "ns.example:443", message: "Nothing listens on ns.example:443.", hint: "Check it.")
        }
        let error = await #expect(throws: AdministrationError.self) { try await client(refused).namespaceInfo() }
        #expect(error?.code == .noAnswer(.refused))
        #expect(error?.description == "Nothing listens on ns.example:443. Check it.")
        let late = SharedAccessSignature.generate(
            resource: "sb://ns.example", keyName: "k", key: Self.key, expiresAt: WallTime(secondsSince1970: 5))
        let credential = try SharedAccessSignatureCredential(late, clock: WallClock { WallTime(secondsSince1970: 6) })
        let exchange = ScriptedExchange { _, _ in .text("") }
        let noToken = await #expect(throws: AdministrationError.self) { try await client(exchange, tokens: credential).namespaceInfo() }
        #expect(noToken?.code == .noToken(.expired))
        #expect(exchange.requests.isEmpty)
    }
}
