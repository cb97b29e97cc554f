import Identity
import NIOCore
import NIOPosix
import ServiceBus
import Synchronization

@testable import Sandbox

/// A namespace that can be changed: a broker on an event loop, its administration, and a clock that stands until it is moved.
struct LiveNamespace: Sendable {
    static let start: Int64 = 1_601_368_501_000

    final class Clock: Sendable {
        private let time = Mutex(LiveNamespace.start)
        var now: Int64 { time.withLock { $0 } }
        func advance(by seconds: Int64) { time.withLock { $0 += seconds * 1000 } }
    }

    let clock: Clock
    let hub: NIOLoopBound<WireHub>
    let responder: AdministrationResponder<BrokerAdministration>
    var host = "theatre.servicebus.windows.net"

    init(
        _ name: String = "theatre", tier: SandboxConfiguration.Tier = .standard, access: AccessPolicy = .standard,
        creditsPerSecond: Int? = nil, populate: @escaping @Sendable (Broker) throws -> Void = { _ in }
    ) async throws {
        let clock = Clock()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        hub = try await loop.submit {
            let broker = Broker(namespace: name, limits: tier == .premium ? .premium : .standard, seed: 1, now: { clock.now })
            try populate(broker)
            let hub = WireHub(broker: broker, access: access, faults: FaultSwitches(), loop: loop, clock: { clock.now })
            return NIOLoopBound(hub, eventLoop: loop)
        }.get()
        self.clock = clock
        let source = BrokerAdministration(
            hub: hub, loop: loop, tier: tier, createdAt: Timestamp(milliseconds: Self.start))
        responder = AdministrationResponder(
            source: source, clock: { clock.now }, makeID: { "01567fd2-6173-4591-9761-014fa9d962cb" },
            meter: CreditMeter(creditsPerSecond: creditsPerSecond))
    }

    /// Runs something on the broker, on its event loop.
    func withBroker<T: Sendable>(_ body: @escaping @Sendable (Broker) throws -> T) async throws -> T {
        let hub = hub
        return try await hub.eventLoop.submit { try body(hub.value.broker) }.get()
    }

    /// A token for the whole namespace, or for one entity of it.
    func token(_ path: String = "", keyName: String = "RootManageSharedAccessKey", key: String = "SAS_KEY_VALUE") -> String {
        SharedAccessSignature.generate(
            resource: "https://\(host)/\(path)", keyName: keyName, key: Secret(key),
            expiresAt: WallTime(secondsSince1970: clock.now / 1000 + 3600)
        ).withRevealedText { $0 }
    }

    /// Sends a request with the root key's token.
    func ask(_ method: String = "GET", _ target: String, _ change: (inout AdministrationRequest) -> Void = { _ in }) async
        -> AdministrationResponse
    {
        var request = AdministrationRequest(method: method, target: target, host: host, isSecure: true, authorization: token())
        change(&request)
        return await responder.respond(to: request)
    }

    /// Sends a description with PUT.
    /// - Parameters:
    ///   - kind: `Queue`, `Topic`, `Subscription` or `Rule`.
    ///   - elements: what is inside the description.
    func put(
        _ path: String, _ kind: String, _ elements: String = "", update: Bool = false,
        _ change: (inout AdministrationRequest) -> Void = { _ in }
    ) async -> AdministrationResponse {
        await ask("PUT", "/\(path)?api-version=2021-05") { request in
            request.body = Self.entry(kind, elements)
            if update { request.ifMatch = "*" }
            change(&request)
        }
    }

    static func entry(_ kind: String, _ elements: String = "") -> [UInt8] {
        Array(
            """
            <entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml"><\(kind)Description \
            xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">\
            \(elements)</\(kind)Description></content></entry>
            """.utf8)
    }
}

extension AdministrationResponse {
    /// The text of the first element of that name.
    func value(_ name: String) -> String? {
        guard let start = body.firstRange(of: "<\(name)>")?.upperBound else { return nil }
        return body[start...].firstRange(of: "</\(name)>").map { String(body[start..<$0.lowerBound]) }
    }

    /// An error's text without its tracking id and what follows.
    var detail: String? {
        value("Detail").map { detail in String(detail[..<(detail.firstRange(of: " TrackingId:")?.lowerBound ?? detail.endIndex)]) }
    }
}
