import Foundation
import NIOCore
import RESTClient
import Testing

@testable import ServiceBus

@Suite("Answers recorded from the real service", .enabled(if: RecordedExchange.areAvailable, "no recordings here: set CALLBOARD_VECTORS"))
struct RecordedAnswersTests {
    @Test("are there")
    func present() {
        #expect(RecordedExchange.all.count == 35, "looked in \(RecordedExchange.folder?.path ?? "../shared/vectors/atom")")
    }

    @Test("lose nothing in our reader: plain searching finds the same elements, attributes and texts", arguments: RecordedExchange.all)
    func nothingLost(exchange: RecordedExchange) throws {
        // One request's body was recorded as a remark instead of what was sent.
        for text in [exchange.body, exchange.requestBody ?? ""] where text.hasPrefix("<") {
            let ours = try XMLElement(parsing: Array(text.utf8).span.bytes)
            #expect(Self.canonical(ours) == Self.canonical(scanning: text))
        }
    }

    @Test(
        "become descriptions that keep every element in the service's order",
        arguments: RecordedExchange.all.filter { $0.body.contains("Description ") })
    func settingsComplete(exchange: RecordedExchange) throws {
        let root = try XMLElement(parsing: Array(exchange.body.utf8).span.bytes)
        let document = try #require(AtomDocument(root))
        #expect(document.entryCount == document.entries.count)
        #expect(!document.entries.isEmpty || document.isFeed)
        for entry in document.entries {
            let topic = try EntityPath.topic("t")
            let settings: [EntityDescription.Setting]
            if let entity = try DescriptionReader.entity(entry, topic: topic) {
                settings = entity.settings
                #expect(entity.path.subscription ?? entity.path.name == entry.title)
                #expect((entity.counts != nil) == exchange.body.contains("CountDetails"))
            } else {
                settings = try #require(RuleDescription(entry)).settings
            }
            // Every leaf of the description, in document order, but for the counts, which have a place of their own.
            var expected: [String] = []
            for child in entry.content.children where child.name.local != "CountDetails" {
                Self.leaves(child, child.name.local, into: &expected)
            }
            #expect(settings.map { "\($0.name)=\($0.value)" } == expected)
            #expect(expected.count > 3)
        }
    }

    @Test("of a queue")
    func queue() throws {
        let entities = try Self.entities("009")
        #expect(entities.map(\.path.name) == ["test_queue", "txt/.-_123"])
        let queue = try #require(entities.first)
        #expect(queue.kind == .queue)
        #expect(queue.status == .active)
        #expect(queue.counts == EntityCounts())
        #expect(queue.lockDuration == .seconds(60))
        #expect(queue.maxDeliveryCount == 10)
        #expect(queue.defaultTimeToLive == nil, "TimeSpan.Max is for ever")
        #expect(!queue.requiresSession && !queue.requiresDuplicateDetection && !queue.deadLetteringOnExpiration)
        #expect(queue.createdAt == Timestamp(rfc3339: "2020-09-29T08:34:58.453Z"))
        #expect(queue.updatedAt == Timestamp(rfc3339: "2020-09-29T08:34:58.49Z"))
        #expect(queue.accessedAt == nil, "year 1 is never")
        #expect(queue.sizeInBytes == 0)
        #expect(queue.settings.first == .init(name: "LockDuration", value: "PT1M"))
        #expect(queue.settings.last == .init(name: "EnableExpress", value: "false"))
        #expect(queue.settings.contains(.init(name: "AuthorizationRules", value: "")))
    }

    @Test("of a queue with its own settings")
    func customQueue() throws {
        let queue = try #require(try Self.entities("007").first)
        #expect(queue.lockDuration == .seconds(13))
        #expect(queue.requiresSession)
        #expect(queue.defaultTimeToLive == .seconds(660))
        #expect(queue.deadLetteringOnExpiration)
        #expect(queue.maxDeliveryCount == 14)
        #expect(queue.counts == nil, "the answer to a creation has none: unknown, not zero")
        #expect(try Self.entities("101").first?.settings.last == .init(name: "MaxMessageSizeInKilobytes", value: "12345"))
    }

    @Test("of topics and subscriptions")
    func topicsAndSubscriptions() throws {
        let topic = try #require(try Self.entities("051").first)
        #expect(topic.kind == .topic)
        #expect(topic.subscriptionCount == 0)
        #expect(topic.lockDuration == nil)
        let subscription = try #require(try Self.entities("107", topic: "thetopic").first)
        #expect(subscription.path.address == "thetopic/Subscriptions/15cd31f5")
        #expect(subscription.kind == .subscription)
        #expect(subscription.counts == EntityCounts(), "whatever the counts' prefix is")
        #expect(subscription.lockDuration == .seconds(45))
        #expect(subscription.defaultTimeToLive == .seconds(172_800))
        #expect(subscription.accessedAt == Timestamp(rfc3339: "2021-10-01T00:06:36.307Z"))
        #expect(subscription.settings.contains(.init(name: "UserMetadata", value: "BasicSubscriptionCrudOperations")))
        #expect(try Self.entities("043", topic: "t").isEmpty)
        let updated = try #require(try Self.entities("047", topic: "t").first)
        #expect(updated.accessedAt == nil, "a moment without a zone")
    }

    @Test("of rules")
    func rules() throws {
        let rule = try #require(try Self.rules("021").first)
        #expect(rule.name == "test_rule_1")
        #expect(rule.createdAt == Timestamp(rfc3339: "2020-11-23T20:27:29.2066713Z"))
        guard case .correlation(let conditions, let properties) = rule.filter else {
            Issue.record("not a correlation filter: \(rule.filter)")
            return
        }
        #expect(conditions == [.init(name: "CorrelationId", type: "string", value: "testcid")])
        #expect(properties.map(\.name) == ["key_string", "key_int", "key_long", "key_bool", "key_datetime", "key_duration"])
        #expect(properties.map(\.type) == ["string", "int", "long", "boolean", "dateTime", "duration"])
        #expect(properties.map(\.value) == ["str1", "2", "2147483650", "false", "2020-07-05T11:12:13", "P1DT2H3M"])
        #expect(
            rule.action
                == .sql(
                    expression: "SET Priority = @param", parameters: [.init(name: "@param", type: "dateTime", value: "2020-07-05T11:12:13")]
                ))
        let listed = try Self.rules("033")
        #expect(listed.map(\.name) == ["$Default", "test_rule_1", "test_rule_3"])
        #expect(
            listed.map(\.filter) == [
                .all, .sql(expression: "Priority = 'low'", parameters: []), .sql(expression: "Priority = 'high'", parameters: []),
            ])
        #expect(listed.allSatisfy { $0.action == .none })
    }

    @Test("of a namespace")
    func namespace() throws {
        let document = try Self.document("001")
        let info = try #require(document.entries.first.flatMap { NamespaceInfo($0.content) })
        #expect(info.name == "servicebustestv2fvof4o5i")
        #expect(info.tier == "Standard")
        #expect(info.messagingUnits == nil)
        #expect(info.createdAt == Timestamp(rfc3339: "2020-08-19T23:15:11.6Z"))
        #expect(info.settings.map(\.name) == ["CreatedTime", "MessagingSKU", "ModifiedTime", "Name", "NamespaceType"])
    }

    @Test("of nothing: the empty public list")
    func publicList() throws {
        let document = try Self.document("012")
        #expect(document.isPublicList)
        #expect(try !Self.document("043").isPublicList, "a list that happens to be empty is another thing")
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let recording: String
        let code: AdministrationError.Code
        let status: Int
        let subCode: Int?
        let trackingID: String
        let message: String
        var testDescription: String { recording }
    }

    static let faults = [
        Fault(
            recording: "010", code: .notFound, status: 404, subCode: nil, trackingID: "f688a238-20bd-4784-b2c6-66ca3a0e2791_G12",
            message: "No service is hosted at the specified address."),
        Fault(
            recording: "013", code: .unauthorized, status: 401, subCode: nil, trackingID: "17c0761f-1e57-43fd-8af1-21037ae5adaa_G15",
            message: "claim is empty or token is invalid."),
        Fault(
            recording: "015", code: .notFound, status: 404, subCode: 40400, trackingID: "d21f2fa0-3ff8-4d4a-95b7-da9509d04b02_G14",
            message: "Not Found. The Operation doesn't exist. To know more visit https://aka.ms/sbResourceMgrExceptions."),
        Fault(
            recording: "035", code: .notFound, status: 404, subCode: nil, trackingID: "f68ac7fb-fb3b-4273-9db1-cdf58d115911_B1",
            message:
                "Entity 'servicebustestsbname:Topic:fjrui|eqkovc|iewdm' was not found. To know more visit https://aka.ms/sbResourceMgrExceptions."
        ),
        Fault(
            recording: "039", code: .conflict, status: 409, subCode: nil, trackingID: "54918e51-b6a5-4dc2-aa5d-8b5bbfc46407_B4",
            message:
                "The messaging entity 'servicebustestsbname:Topic:dqkodq|kkaqo' already exists. To know more visit https://aka.ms/sbResourceMgrExceptions."
        ),
        Fault(
            recording: "045", code: .invalidRequest, status: 400, subCode: nil, trackingID: "351941aa-f78c-432c-a9cf-6393d835e395_G1",
            message:
                "The supplied lock time exceeds the allowed maximum of '5' minutes. To know more visit https://aka.ms/sbResourceMgrExceptions. "
                + "Parameter name: LockDuration Actual value was 25.00:00:00."),
        Fault(
            recording: "049", code: .conflict, status: 409, subCode: 40900, trackingID: "f0c0ed1c-fb92-454a-8ea0-62f1f7fca110_G6",
            message: "Conflict. You're requesting an operation that isn't allowed in the resource's current state. "
                + "To know more visit https://aka.ms/sbResourceMgrExceptions."),
        Fault(
            recording: "103", code: .invalidRequest, status: 400, subCode: 40000, trackingID: "0fd82403-1958-4856-8223-aa468255e064_G12",
            message:
                "The property value for 'MaxMessageSizeInKilobytes' must be between 1024 and 102400 when the namespace 'servicebustestsbname' is using "
                + "'Premium' tier. Parameter name: MaxMessageSizeInKilobytes Actual value was 1023."),
        Fault(
            recording: "109", code: .notFound, status: 404, subCode: nil, trackingID: "8962c555-e14d-4b4b-b33c-da55704bf14e_G13",
            message:
                "The incoming request is not recognized as a namespace policy put request. To know more visit https://aka.ms/sbResourceMgrExceptions."
        ),
    ]

    @Test("of errors give code, sub-code, tracking id and one line of text", arguments: faults)
    func errors(fault: Fault) throws {
        let exchange = try RecordedExchange.named(fault.recording)
        let response = RESTResponse(status: exchange.status, body: ByteBuffer(string: exchange.body), correlationID: "c")
        let error = AdministrationError(response, resource: "orders")
        #expect(error.code == fault.code)
        #expect(error.status == fault.status)
        #expect(error.subCode == fault.subCode)
        #expect(error.trackingID == fault.trackingID)
        #expect(error.message == fault.message)
        #expect(error.correlationID == "c")
        #expect(error.description.contains(fault.trackingID))
    }

    // MARK: Helpers

    private static func document(_ name: String) throws -> AtomDocument {
        let body = Array(try RecordedExchange.named(name).body.utf8)
        let root = try XMLElement(parsing: body.span.bytes)
        return try #require(AtomDocument(root))
    }

    private static func entities(_ name: String, topic: String? = nil) throws -> [EntityDescription] {
        let topic = try topic.map { try EntityPath.topic($0) }
        return try document(name).entries.compactMap { try DescriptionReader.entity($0, topic: topic) }
    }

    private static func rules(_ name: String) throws -> [RuleDescription] {
        try document(name).entries.compactMap(RuleDescription.init)
    }

    private static func leaves(_ element: XMLElement, _ path: String, into leaves: inout [String]) {
        for attribute in element.attributes { leaves.append("\(path)@\(attribute.name.local)=\(attribute.value)") }
        if element.children.isEmpty { leaves.append("\(path)=\(element.text)") }
        for child in element.children { Self.leaves(child, "\(path).\(child.name.local)", into: &leaves) }
    }

    /// All tags, attributes and texts of an element, without prefixes.
    private static func canonical(_ element: XMLElement) -> [String] {
        let attributes = element.attributes.map { " \($0.name.local)=\($0.value)" }.sorted().joined()
        return ["<\(element.name.local)\(attributes)"] + (element.text.isEmpty ? [] : ["'\(element.text)'"])
            + element.children.flatMap(canonical)
            + [">\(element.name.local)"]
    }

    /// The same of a document, found with regular expressions instead of a parser: these recordings have neither CDATA nor comments.
    private static func canonical(scanning text: String) -> [String] {
        var result: [String] = []
        for match in text.matches(of: /<(?<close>\/)?(?<name>[^\s>\/?]+)(?<attributes>[^>]*?)(?<empty>\/)?>|(?<text>[^<]+)|<\?[^>]*>/) {
            if let text = match.output.text {
                let plain = unescaped(text)
                if !plain.allSatisfy(\.isWhitespace) { result.append("'\(plain)'") }
            } else if let name = match.output.name {
                let local = String(name.split(separator: ":").last ?? "")
                if match.output.close != nil {
                    result.append(">\(local)")
                    continue
                }
                var attributes: [String] = []
                for attribute in (match.output.attributes ?? "").matches(of: /([^\s=]+)\s*=\s*["']([^"']*)["']/)
                where !attribute.1.hasPrefix("xmlns") {
                    attributes.append(" \(attribute.1.split(separator: ":").last ?? "")=\(unescaped(attribute.2))")
                }
                result.append("<\(local)\(attributes.sorted().joined())")
                if match.output.empty != nil { result.append(">\(local)") }
            }
        }
        return result
    }

    private static func unescaped(_ text: Substring) -> String {
        String(text).replacing("&#xD;", with: "\r").replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing(
            "&quot;", with: "\""
        )
        .replacing("&amp;", with: "&")
    }
}
