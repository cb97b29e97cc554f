import AzureResources
import Identity
import Logging
import NIOCore
import RESTClient
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

/// Azure Resource Manager played by a closure, and a clock that remembers what was waited.
private final class BusyAzure: HTTPExchange {
    private let answer: @Sendable (Int, RESTRequest) -> RESTResponse
    let asked = Mutex<[String]>([])
    let waited = Mutex<[Duration]>([])

    init(_ answer: @escaping @Sendable (Int, RESTRequest) -> RESTResponse) { self.answer = answer }

    func perform(_ request: RESTRequest) async throws(RESTError) -> RESTResponse {
        let number = asked.withLock { asked in
            asked.append("\(request.method.rawValue) \(request.url) \(request.body.map { String(buffer: $0) } ?? "")")
            return asked.count
        }
        return answer(number, request)
    }

    func shutdown() async {}

    var ring: AzureKeyRing {
        let rest = RESTClient(
            configuration: RESTConfiguration(), exchange: self, clock: ContinuousClock(), jitter: { 0 },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return AzureKeyRing(
            manager: ResourceManagerClient(cloud: .global, tokens: Tokens(), client: rest), namespace: ResourceID("/s/n"),
            pause: Pause { [self] duration in waited.withLock { $0.append(duration) } })
    }

    struct Tokens: AccessTokenSource {
        func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
            AccessToken(secret: Secret("t"), expiresAt: WallTime(secondsSince1970: .max), kind: .jsonWebToken)
        }
    }
}

@Suite("The keys of a namespace in Azure")
struct AzureKeyRingTests {
    private let rule = KeyRule(id: ResourceID("/s/n/authorizationRules/r"), name: "r", entity: nil, rights: [.listen])
    private static let keys =
        #"{"keyName":"r","primaryKey":"p","secondaryKey":"s","primaryConnectionString":"cp","secondaryConnectionString":"cs"}"#

    private static func answer(_ status: Int, _ text: String) -> RESTResponse {
        RESTResponse(status: status, headers: [:], body: ByteBuffer(string: text))
    }

    @Test("a namespace that is being changed is asked again, a little later each time")
    func busy() async throws {
        let azure = BusyAzure { number, _ in
            number < 4
                ? Self.answer(
                    409, #"{"error":{"code":"Conflict","message":"SubCode=40901. Another conflicting operation is in progress."}}"#)
                : Self.answer(200, Self.keys)
        }
        let keys = try await azure.ring.regenerate(.secondary, of: rule)
        #expect(keys.key(.secondary).isEqual(to: Secret("s")))
        #expect(azure.waited.withLock { $0 } == [.seconds(2), .seconds(4), .seconds(8)])
    }

    @Test("another conflict, and a namespace that is never done, are errors")
    func refused() async {
        for (code, waits) in [("40900", 0), ("40901", 5)] {
            let azure = BusyAzure { _, _ in Self.answer(409, #"{"error":{"code":"Conflict","message":"SubCode=\#(code). No."}}"#) }
            let ring = azure.ring
            await #expect(throws: OperatorError.self) { try await ring.regenerate(.primary, of: rule) }
            #expect(azure.waited.withLock(\.count) == waits)
        }
    }

    @Test("a tag is added to those that are there, and none of them is lost; there is no room for a fifty-first")
    func tags() async throws {
        let azure = BusyAzure { _, request in
            let tags = request.method == .get ? #"{"owner":"platform","Callboard-Rotated:r":"old"}"# : "{}"
            return Self.answer(200, #"{"id":"/s/n","name":"n","tags":\#(tags),"properties":{"provisioningState":"Succeeded"}}"#)
        }
        try await azure.ring.note(RotationTag(active: .secondary, time: Timestamp(milliseconds: 1_764_000_000_000)), of: rule)
        let patch = azure.asked.withLock { $0.last } ?? ""
        #expect(patch.hasPrefix("PATCH ") && patch.contains(#""owner":"platform""#) && patch.contains(#""callboard-rotated:r":"#))
        #expect(!patch.contains("old"))
        let noted = BusyAzure { _, _ in
            let tags = #"{"Callboard-Rotated:R":"2026-11-26T10:00:00Z secondary handing-over"}"#
            return Self.answer(200, #"{"id":"/s/n","name":"n","tags":\#(tags),"properties":{"provisioningState":"Succeeded"}}"#)
        }
        let tag = try await noted.ring.tag(of: rule)
        #expect(tag?.active == .secondary && tag?.isUnderWay == true && tag?.time == Timestamp(rfc3339: "2026-11-26T10:00:00Z"))
        let early = BusyAzure { _, _ in
            let tags = #"{"callboard-rotated:r":"2062-01-01T00:00:00Z secondary"}"#
            return Self.answer(200, #"{"id":"/s/n","name":"n","tags":\#(tags),"properties":{"provisioningState":"Succeeded"}}"#)
        }
        var ring = early.ring
        ring.now = { Timestamp(milliseconds: 1_764_000_000_000) }
        let toCome = try await ring.tag(of: rule)
        #expect(toCome?.active == .secondary && toCome?.saidAt == nil, "a time to come is not known")
        let full = BusyAzure { _, _ in
            let tags = (0..<50).map { #""t\#($0)":"x""# }.joined(separator: ",")
            return Self.answer(200, #"{"id":"/s/n","name":"n","tags":{\#(tags)},"properties":{"provisioningState":"Succeeded"}}"#)
        }
        let fullRing = full.ring
        await #expect(throws: OperatorError.self) {
            try await fullRing.note(RotationTag(active: .primary, time: Timestamp(milliseconds: 0)), of: rule)
        }
    }
}
