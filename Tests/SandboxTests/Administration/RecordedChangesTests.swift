import Foundation
import ServiceBus
import Testing

@testable import Sandbox

/// The other half of ``RecordedShapeTests``: requests that change something, and lists of what was made, on a namespace that was brought to
/// the state of the recorded one.
@Suite(
    "The sandbox changes a namespace as the real service did",
    .enabled(if: Recording.areAvailable, "no recordings here: set CALLBOARD_VECTORS"))
struct RecordedChangesTests {
    /// A recording and what was there before it.
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        /// Paths of entities to make with the service's defaults, in order.
        var before: [String] = []
        var tier = SandboxConfiguration.Tier.standard
        var testDescription: String { name }
    }

    private static let cases = [
        Case(name: "001"), Case(name: "003"), Case(name: "005", before: ["queue_testaddf"]), Case(name: "007"),
        Case(name: "009", before: ["test_queue", "txt/.-_123"]), Case(name: "010"), Case(name: "011", before: (1...9).map { "queue\($0)" }),
        Case(name: "021", before: ["topic_testaddf/", "topic_testaddf/subscriptions/sub_testkkk"]),
        Case(name: "023", before: ["topic_testaddf/", "topic_testaddf/subscriptions/sub_testkkk"]),
        Case(name: "029", before: ["dqkodq/", "dqkodq/subscriptions/kkaqo"]),
        Case(
            name: "033",
            before: [
                "topic_testaddf/", "topic_testaddf/subscriptions/sub_testkkk", "topic_testaddf/subscriptions/sub_testkkk/rules/test_rule_1",
                "topic_testaddf/subscriptions/sub_testkkk/rules/test_rule_3",
            ]),
        Case(name: "037", before: ["fjrui/", "fjrui/subscriptions/eqkovc", "fjrui/subscriptions/eqkovc/rules/rule"]),
        Case(name: "012"), Case(name: "013"), Case(name: "015"), Case(name: "017", before: ["fjrui"]), Case(name: "019"),
        Case(name: "025", before: ["topic_testaddf/", "topic_testaddf/subscriptions/sub_testkkk"]),
        Case(
            name: "027",
            before: [
                "topic_testaddf/", "topic_testaddf/subscriptions/sub_testkkk", "topic_testaddf/subscriptions/sub_testkkk/rules/test_rule_1",
            ]),
        Case(name: "031", before: ["topic_testaddf/", "topic_testaddf/subscriptions/sub_testkkk"]),
        Case(name: "035", before: ["fjrui/", "fjrui/subscriptions/eqkovc"]),
        Case(name: "039", before: ["dqkodq/", "dqkodq/subscriptions/kkaqo"]),
        Case(name: "041", before: ["test_topicgda/", "test_topicgda/subscriptions/test_sub1da"]),
        Case(name: "043", before: ["test_topicgda/"]), Case(name: "045", before: ["dfjfj/", "dfjfj/subscriptions/dfjfj"]),
        Case(name: "047", before: ["fjrui/", "fjrui/subscriptions/eqkovc"]), Case(name: "049", before: ["dqkodq/"]),
        Case(name: "051", before: ["test_topic/"]), Case(name: "053"), Case(name: "055", before: ["fjrui/"]),
        Case(name: "101", tier: .premium), Case(name: "103", tier: .premium), Case(name: "105"),
        Case(
            name: "107",
            before: ["basicsubscriptioncrudoperationse450400e/", "basicsubscriptioncrudoperationse450400e/subscriptions/15cd31f5"]),
        Case(name: "109"),
    ]

    /// Makes what the recorded namespace had. A topic's path ends in a slash here.
    private func prepare(_ namespace: LiveNamespace, _ paths: [String]) async {
        for path in paths {
            let kind =
                path.contains("/rules/")
                ? "Rule" : path.contains("/subscriptions/") ? "Subscription" : path.hasSuffix("/") ? "Topic" : "Queue"
            let made = await namespace.put(path, kind, Self.elements(of: path))
            #expect(made.status == 201, "\(path)")
        }
    }

    /// What the recorded entity had besides the defaults.
    private static func elements(of path: String) -> String {
        switch path.split(separator: "/").last {
        case "15cd31f5": return "<UserMetadata>BasicSubscriptionCrudOperations</UserMetadata>"
        case "test_rule_1" where path.hasPrefix("topic_testaddf"), "test_rule_3":
            return "<Filter i:type=\"SqlFilter\"><SqlExpression>Priority = 'low'</SqlExpression></Filter>"
        case "rule":
            return "<Filter i:type=\"CorrelationFilter\"><CorrelationId>testcid</CorrelationId></Filter>"
                + "<Action i:type=\"SqlRuleAction\"><SqlExpression>SET Priority = 'low'</SqlExpression></Action>"
        default: return ""
        }
    }

    @Test("in status, headers, elements, their order and their attributes, and in the words of errors", arguments: cases)
    func exchange(_ test: Case) async throws {
        let recording = try Recording(test.name)
        let url = try #require(recording.request.uri.firstMatch(of: /https:\/\/([^\/]+)(.*)/))
        let host = String(url.1)
        var namespace = try await LiveNamespace(String(host.prefix { $0 != "." }), tier: test.tier)
        namespace.host = host
        await prepare(namespace, test.before)
        let answer = await namespace.ask(recording.request.method, String(url.2)) { request in
            // One recording leaves its body out.
            let body = recording.request.body.map { $0.hasPrefix("(see source") ? LiveNamespace.entry("Subscription") : Array($0.utf8) }
            request.body = body ?? []
            request.ifMatch = recording.request.headers.first { $0.key.lowercased() == "if-match" }?.value
            if recording.response.status == 401 { request.authorization = nil }
        }
        let expected = recording.response
        #expect(answer.status == expected.status, "\(answer.body)")
        #expect(answer.contentType?.replacing(" ", with: "") == expected.header("content-type")?.replacing(" ", with: ""))
        #expect((answer.etag != nil) == (expected.header("etag") != nil))
        #expect(Recording.shape(answer.body) == Recording.shape(expected.body))
        if expected.status >= 400 { #expect(Recording.words(answer.body) == Recording.words(expected.body)) }
    }

    @Test("and there is no recording that is not looked at")
    func complete() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Recording.folder.path).filter { $0.hasSuffix(".json") }.map {
            String($0.prefix(3))
        }
        #expect(Set(names).subtracting(Self.cases.map(\.name)).isEmpty)
    }
}
