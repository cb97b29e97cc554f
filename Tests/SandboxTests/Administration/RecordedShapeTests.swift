import Foundation
import Identity
import ServiceBus
import Testing

@testable import Sandbox

@Suite("The sandbox answers as the real service did", .enabled(if: Recording.areAvailable, "no recordings here: set CALLBOARD_VECTORS"))
struct RecordedShapeTests {
    private static let now: Int64 = 1_601_368_501_000

    /// A namespace with what the recorded one had.
    private static var namespace: NamespaceFixture {
        var fixture = NamespaceFixture()
        fixture.namespace.messagingUnits = nil
        fixture.queues = ["queue1", "queue2", "test_queue", "txt/.-_123"].map(NamespaceFixture.queue)
        func entity(_ name: String, _ kind: AdministeredEntity.Kind) -> AdministeredEntity {
            AdministeredEntity(name: name, kind: kind, createdAt: NamespaceFixture.created, updatedAt: NamespaceFixture.updated)
        }
        fixture.topics = ["basicsubscriptioncrudoperationse450400e", "fjrui", "test_topic", "test_topicgda", "topic_testaddf"].map {
            entity($0, .topic(subscriptionCount: 0))
        }
        var crud = entity("15cd31f5", .subscription(topic: "basicsubscriptioncrudoperationse450400e"))
        crud.userMetadata = "BasicSubscriptionCrudOperations"
        fixture.subscriptions = [
            crud, entity("eqkovc", .subscription(topic: "fjrui")), entity("test_sub1da", .subscription(topic: "test_topicgda")),
            entity("sub_testkkk", .subscription(topic: "topic_testaddf")),
        ]
        var correlation = AdministeredRule.Correlation()
        correlation.correlationID = "testcid"
        fixture.rules = [
            AdministeredRule(name: "$Default", filter: .all, createdAt: NamespaceFixture.created),
            AdministeredRule(
                name: "rule", filter: .correlation(correlation), action: .init("SET Priority = 'low'"), createdAt: NamespaceFixture.created),
            AdministeredRule(name: "test_rule_1", filter: .sql(.init("Priority = 'low'")), createdAt: NamespaceFixture.created),
        ]
        return fixture
    }

    private func answer(to recording: Recording, authorization: Bool = true) async throws -> AdministrationResponse {
        let url = try #require(recording.request.uri.firstMatch(of: /https:\/\/([^\/]+)(.*)/))
        let host = String(url.1)
        let token = SharedAccessSignature.generate(
            resource: "https://\(host)", keyName: "RootManageSharedAccessKey", key: Secret("SAS_KEY_VALUE"),
            expiresAt: WallTime(secondsSince1970: Self.now / 1000 + 60)
        ).withRevealedText { $0 }
        let responder = AdministrationResponder(
            source: Self.namespace, clock: { Self.now }, makeID: { "01567fd2-6173-4591-9761-014fa9d962cb" })
        return await responder.respond(
            to: AdministrationRequest(
                method: recording.request.method, target: String(url.2), host: host, authorization: authorization ? token : "expired"))
    }

    @Test("in status, headers, elements, their order and their attributes", arguments: ["001", "012", "013", "037", "041", "107"])
    func whole(name: String) async throws {
        let recording = try Recording(name)
        let answer = try await answer(to: recording, authorization: recording.response.status != 401)
        #expect(answer.status == recording.response.status)
        #expect(answer.contentType?.replacing(" ", with: "") == recording.response.header("content-type")?.replacing(" ", with: ""))
        #expect((answer.etag != nil) == (recording.response.header("etag") != nil))
        #expect(Recording.shape(answer.body) == Recording.shape(recording.response.body))
    }

    @Test(
        "entry by entry in lists of several",
        arguments: [("009", "test_queue"), ("011", "queue1"), ("051", "test_topic"), ("033", "$Default"), ("033", "test_rule_1")])
    func entries(name: String, title: String) async throws {
        let recording = try Recording(name)
        let answer = try await answer(to: recording)
        func entry(_ body: String) throws -> Substring {
            let end = try #require(body.firstRange(of: "<title type=\"text\">\(title)</title>")).lowerBound
            let start = try #require(body[..<end].ranges(of: "<entry").last).lowerBound
            return body[start...].prefix(upTo: try #require(body[end...].firstRange(of: "</entry>")).upperBound)
        }
        #expect(try Recording.shape(entry(answer.body)) == Recording.shape(entry(recording.response.body)))
        let head = try #require(answer.body.firstRange(of: "<entry")).lowerBound
        let recordedHead = try #require(recording.response.body.firstRange(of: "<entry")).lowerBound
        #expect(Recording.shape(answer.body[..<head]) == Recording.shape(recording.response.body[..<recordedHead]))
    }

    @Test("word for word where nothing but ids and times can differ", arguments: ["012", "013"])
    func words(name: String) async throws {
        let recording = try Recording(name)
        let answer = try await answer(to: recording, authorization: recording.response.status != 401)
        #expect(Recording.words(answer.body) == Recording.words(recording.response.body))
    }
}
