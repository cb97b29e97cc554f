import AzureResources
import Identity
import Logging
import NIOCore
import RESTClient
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

/// Plays Azure Resource Manager: answers by what a URL holds, the longest part first; everything else is not found.
private final class PlayedResourceManager: HTTPExchange {
    private let rules: Mutex<[String: (status: Int, body: String)]>
    private let log = Mutex<[String]>([])
    /// How many reads it says are left.
    let remaining = Mutex<Int?>(nil)
    /// Whether answers wait.
    let isHeld = Mutex(false)

    init(_ rules: [String: (status: Int, body: String)]) { self.rules = Mutex(rules) }

    /// The paths that were asked for so far, without the query.
    var asked: [String] { log.withLock { $0 } }

    func perform(_ request: RESTRequest) async throws(RESTError) -> RESTResponse {
        let path = request.url.dropFirst("https://".count).drop { $0 != "/" }.prefix { $0 != "?" }
        log.withLock { $0.append(String(path)) }
        while isHeld.withLock({ $0 }) { await Task.yield() }
        let rule = rules.withLock { rules in
            rules.filter { request.url.lowercased().contains($0.key.lowercased()) }.max { $0.key.utf8.count < $1.key.utf8.count }?.value
        }
        var headers = HeaderFields()
        headers["x-ms-ratelimit-remaining-subscription-reads"] = remaining.withLock { $0.map { String($0) } }
        return RESTResponse(
            status: rule?.status ?? 404, headers: headers,
            body: ByteBuffer(string: rule?.body ?? #"{"error":{"code":"NotFound","message":"m"}}"#))
    }

    func shutdown() async {}
}

private struct AnyToken: AccessTokenSource {
    func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        AccessToken(secret: Secret("t"), expiresAt: WallTime(secondsSince1970: .max), kind: .jsonWebToken)
    }
}

/// A clock that is set by hand.
private final class HandClock: Sendable {
    private let time = Mutex(Timestamp(milliseconds: 1_795_000_000_000))
    var now: Timestamp { time.withLock { $0 } }
    func advance(_ duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }
}

@Suite("Entities by Azure Resource Manager")
struct ResourceManagerEntitiesTests {
    private static let namespace = "/subscriptions/1/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/sb-retail"
    private static let forbidden = (status: 403, body: #"{"error":{"code":"AuthorizationFailed","message":"no"}}"#)
    private static let counts =
        #""countDetails":{"activeMessageCount":5,"deadLetterMessageCount":7,"scheduledMessageCount":1,"transferMessageCount":2,"transferDeadLetterMessageCount":3}"#

    private static func list(_ elements: String...) -> (status: Int, body: String) {
        (200, #"{"value":[\#(elements.joined(separator: ","))]}"#)
    }

    private static let queue =
        #"{"id":"\#(namespace)/queues/shop~orders","name":"shop~orders","properties":{"lockDuration":"PT1M","defaultMessageTimeToLive":"P10675199DT2H48M5.4775807S","maxDeliveryCount":10,"requiresSession":true,"status":"SendDisabled","forwardTo":"next","sizeInBytes":99,"accessedAt":"0001-01-01T00:00:00Z","createdAt":"2026-11-01T10:00:00Z",\#(counts)}}"#
    private static let subscription = #"{"id":"x","name":"billing","properties":{"maxDeliveryCount":3,\#(counts)}}"#

    private static let whole: [String: (status: Int, body: String)] = [
        "/providers/Microsoft.ServiceBus/namespaces?": list(
            #"{"id":"\#(namespace)","name":"sb-retail","location":"x","properties":{"serviceBusEndpoint":"https://sb-retail.servicebus.windows.net:443/"}}"#
        ),
        "/sb-retail/queues?": list(queue),
        "/sb-retail/queues/shop~orders?": (200, queue),
        "/sb-retail/topics?": list(
            #"{"id":"\#(namespace)/topics/events","name":"events","properties":{"subscriptionCount":1}}"#,
            #"{"id":"\#(namespace)/topics/quiet","name":"quiet","properties":{"subscriptionCount":0}}"#),
        "/topics/events?": (200, #"{"id":"\#(namespace)/topics/events","name":"events","properties":{"subscriptionCount":1}}"#),
        "/topics/events/subscriptions?": list(subscription),
        "/topics/events/subscriptions/billing?": (200, subscription),
    ]

    private let clock = HandClock()

    private func entities(_ rules: [String: (status: Int, body: String)]) -> (ResourceManagerEntities, PlayedResourceManager) {
        let azure = PlayedResourceManager(rules)
        let client = RESTClient(
            configuration: RESTConfiguration(), exchange: azure, clock: ContinuousClock(), jitter: { 0 }, logger: Logger(label: "test"))
        let clock = clock
        let entities = ResourceManagerEntities(
            manager: ResourceManagerClient(cloud: .global, tokens: AnyToken(), client: client),
            graph: GraphClient(cloud: .global, tokens: AnyToken(), client: client), host: "sb-retail.servicebus.windows.net",
            subscriptions: ["1"], now: { clock.now })
        return (entities, azure)
    }

    @Test("queues, topics and subscriptions come with counts, settings and who says so; a topic without subscriptions is not asked for any")
    func listing() async throws {
        let (entities, azure) = entities(Self.whole)
        let found = try await entities.all()
        #expect(found.map(\.path.displayName) == ["shop/orders", "events", "quiet", "events/billing"])
        #expect(found.map(\.kind) == [.queue, .topic, .topic, .subscription])
        let orders = found[0]
        #expect(orders.counts == EntityCounts(active: 5, deadLetter: 7, scheduled: 1, transfer: 2, transferDeadLetter: 3))
        #expect(orders.source == .resourceManager(asOf: clock.now))
        #expect(orders.status == .sendDisabled)
        #expect(orders.lockDuration == .seconds(60))
        #expect(orders.defaultTimeToLive == nil)
        #expect(orders.requiresSession)
        #expect(orders.forwardTo == "next")
        #expect(orders.accessedAt == nil)
        #expect(orders.createdAt == Timestamp(rfc3339: "2026-11-01T10:00:00Z"))
        let settings = Dictionary(orders.settings.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        #expect(settings["LockDuration"] == "PT1M")
        #expect(settings["DefaultMessageTimeToLive"] == "P10675199DT2H48M5.4775807S")
        #expect(settings["RequiresSession"] == "true")
        #expect(settings["Status"] == "SendDisabled")
        #expect(found[1].counts == nil)
        #expect(found[3].maxDeliveryCount == 3)
        #expect(
            azure.asked.filter { $0.hasSuffix("/subscriptions") } == [
                "\(Self.namespace)/topics/events/subscriptions"
            ])
    }

    @Test("a listing is given again for a minute, with its own age, and then asked for anew; the namespace is looked for once")
    func kept() async throws {
        let (entities, azure) = entities(Self.whole)
        let first = try await entities.all()
        let asked = azure.asked.count
        clock.advance(.seconds(59))
        #expect(try await entities.all() == first)
        #expect(try await entities.entity(try .queue("Shop/Orders")) == first[0])
        #expect(try await entities.subscriptions(of: try .topic("events")) == [first[3]])
        #expect(azure.asked.count == asked)
        clock.advance(.seconds(1))
        #expect(try await entities.all()[0].source == .resourceManager(asOf: clock.now))
        #expect(azure.asked.filter { $0.hasSuffix("/namespaces") }.count == 1)
    }

    @Test("those who ask at once share a listing")
    func shared() async throws {
        let (entities, azure) = entities(Self.whole)
        azure.isHeld.withLock { $0 = true }
        async let one = entities.all()
        async let other = entities.all()
        // Long enough for both to ask, if they did.
        for _ in 0..<10_000 { await Task.yield() }
        azure.isHeld.withLock { $0 = false }
        #expect(try await one == other)
        #expect(azure.asked.count { $0.hasSuffix("/sb-retail/queues") } == 1)
        #expect(azure.asked.count { $0.hasSuffix("/namespaces") } == 1)
    }

    @Test("one entity costs its own reads, whatever it is; what there is none of is not found")
    func single() async throws {
        let (entities, azure) = entities(Self.whole)
        #expect(try await entities.entity(try .queue("shop/orders")).kind == .queue)
        #expect(try await entities.entity(try .topic("events")).kind == .topic)
        #expect(try await entities.entity(try .subscription(topic: "events", name: "billing")).counts?.deadLetter == 7)
        #expect(try await entities.subscriptions(of: try .topic("events")).map(\.path.displayName) == ["events/billing"])
        #expect(!azure.asked.contains { $0.hasSuffix("/queues") })
        let error = await #expect(throws: OperatorError.self) { try await entities.entity(try .queue("nothing")) }
        #expect(error?.code == .notFound)
    }

    @Test("who may not see the namespace is refused, and not asked about again for a while")
    func refused() async throws {
        for answer in [Self.forbidden, Self.list()] {
            let (entities, azure) = entities(["/providers/Microsoft.ServiceBus/namespaces?": answer])
            for _ in 0..<2 {
                let error = await #expect(throws: OperatorError.self) { try await entities.all() }
                #expect(error?.code == .notPermitted)
            }
            #expect(azure.asked.count == 1)
            clock.advance(.seconds(300))
            _ = try? await entities.entity(try .queue("q"))
            #expect(azure.asked.count == 2)
        }
    }

    @Test("what of a listing is refused is no part of it that is empty")
    func partlyRefused() async throws {
        var rules = Self.whole
        rules["/topics/events/subscriptions?"] = Self.forbidden
        let (entities, _) = entities(rules)
        let error = await #expect(throws: OperatorError.self) { try await entities.all() }
        #expect(error?.code == .notPermitted)
    }

    @Test("an allowance of 250 reads, which is all that Azure gives at a time, is enough to begin with")
    func budget() async throws {
        let (entities, azure) = entities(Self.whole)
        azure.remaining.withLock { $0 = 249 }
        #expect(try await !entities.all().isEmpty)
        #expect(azure.asked.contains { $0.contains("/topics/events") })
    }
}
