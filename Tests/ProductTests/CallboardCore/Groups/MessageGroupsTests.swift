import AMQP
import NIOCore
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Groups of messages")
struct MessageGroupsTests {
    private func dead(
        _ number: Int64, _ reason: String?, _ description: String?, subject: String? = nil, deliveries: UInt32 = 0, body: String? = nil
    ) throws
        -> PeekedMessage
    {
        try Messages.make(number, id: "m\(number)", subject: subject, body: body) { content in
            content.header = Header(deliveryCount: deliveries)
            var properties: [AMQPMap.Pair] = [.init(key: .string("region"), value: .string(number % 2 == 0 ? "eu" : "us"))]
            if let reason { properties.append(.init(key: .string("DeadLetterReason"), value: .string(reason))) }
            if let description { properties.append(.init(key: .string("DeadLetterErrorDescription"), value: .string(description))) }
            content.applicationProperties = AMQPMap(properties)
        }
    }

    @Test("messages of one cause are one group, with what they have in common and what they span")
    func byFingerprint() throws {
        var groups = MessageGroups(by: [])
        for number in 1...50 as ClosedRange<Int64> {
            groups.append(try dead(number, "Timeout", "POST https://pay/\(number) took \(number * 7)ms", deliveries: UInt32(number % 3)))
        }
        groups.append(try dead(60, "Deadlock", "victim 12"))
        let found = groups.groups()
        #expect(found.map(\.count) == [50, 1])
        #expect(found.first?.title == "Timeout: POST https://pay/{} took {}ms")
        #expect(found.first?.members == SequenceNumberSet((1...50).map { SequenceNumber($0) }))
        #expect(found.first?.sample == SequenceNumber(50))
        #expect(found.first?.deliveries == 0...2)
        #expect(found.first?.firstSeen == Timestamp(milliseconds: 1_795_000_000_001))
        #expect(found.first?.lastSeen == Timestamp(milliseconds: 1_795_000_000_050))
        #expect(found.first?.values.first?.deadLetterReason == "Timeout")
    }

    @Test("a group's id is the same wherever and in whatever order its messages are seen")
    func stableIDs() throws {
        let messages = try (1...20 as ClosedRange<Int64>).map { try dead($0, "R\($0 % 4 + 100)", "order \($0) failed") }
        var forward = MessageGroups(by: [.fingerprint])
        forward.append(contentsOf: messages)
        var backward = MessageGroups(by: [.fingerprint])
        backward.append(contentsOf: Array(messages.reversed()))
        #expect(Set(forward.groups().map(\.id)) == Set(backward.groups().map(\.id)))
        #expect(forward.groups().first?.id == "\(forward.groups()[0].id)")
        #expect(forward.groups().allSatisfy { $0.id.utf8.count == 12 })
    }

    @Test(
        "any keys, alone and together",
        arguments: [
            ("region", ["us", "eu"]), ("sys.Label", ["a", "b"]), ("reason,region", ["R · us", "R · eu"]), ("body.kind", ["7", "–"]),
            ("nothing", ["–"]),
        ])
    func byKeys(keys: String, titles: [String]) throws {
        var groups = MessageGroups(by: try GroupKey.parse(keys))
        for number in 1...5 as ClosedRange<Int64> {
            groups.append(
                try dead(number, "R", nil, subject: number < 4 ? "a" : "b", body: number == 1 ? "no JSON" : "{\"kind\":7}"))
        }
        #expect(groups.groups().map(\.title) == titles)
        #expect(groups.groups().reduce(0) { $0 + $1.count } == 5)
    }

    @Test("names that vary are merged, but not across reasons")
    func merging() throws {
        var groups = MessageGroups(by: [.fingerprint])
        let names = ["Osei", "Moreau", "Ferrari", "Haddad", "Lindqvist", "Nowak", "Tanaka", "Oduya"]
        for (index, name) in names.enumerated() {
            groups.append(try dead(Int64(index), "NoAddress", "customer \(name) has no address"))
            groups.append(try dead(Int64(100 + index), "Blocked", "customer \(name) has no address"))
        }
        #expect(groups.groups().map(\.title).sorted() == ["Blocked: customer {} has no address", "NoAddress: customer {} has no address"])
        #expect(groups.groups().allSatisfy { Array($0.members) == $0.members.sorted() && $0.count == names.count })
    }

    @Test("without a reason of the service, a framework's headers say what happened")
    func frameworks() throws {
        var groups = MessageGroups(by: [.fingerprint])
        for number in 1...3 as ClosedRange<Int64> {
            groups.append(
                try Messages.make(number) { content in
                    content.applicationProperties = AMQPMap([
                        .init(key: .string("MT-Fault-ExceptionType"), value: .string("System.TimeoutException")),
                        .init(key: .string("MT-Fault-Message"), value: .string("gave up after \(number) s")),
                    ])
                })
        }
        #expect(groups.groups().map(\.title) == ["System.TimeoutException: gave up after {} s"])
    }

    @Test("a reason without a description is told apart by what a framework says")
    func frameworkBesideReason() throws {
        var groups = MessageGroups(by: [.fingerprint])
        for number in 1...4 as ClosedRange<Int64> {
            groups.append(
                try Messages.make(number, reason: "MaxDeliveryCountExceeded") { content in
                    content.applicationProperties.pairs.append(
                        .init(key: .string("rbs2-error-details"), value: .string("System.TimeoutException: gave up after \(number) s")))
                })
        }
        let found = groups.groups()
        #expect(found.map(\.title) == ["MaxDeliveryCountExceeded: System.TimeoutException: gave up after {} s"])
        #expect(found.first?.deadLetterReason == "MaxDeliveryCountExceeded")
    }

    @Test("messages that are alone are a set of their own")
    func summary() throws {
        var groups = MessageGroups(by: [.fingerprint])
        for number in 1...5 as ClosedRange<Int64> { groups.append(try dead(number, "Timeout", "took \(number) ms")) }
        for number in 6...8 as ClosedRange<Int64> { groups.append(try dead(number, "R\(number)", nil)) }
        for number in 9...10 as ClosedRange<Int64> { groups.append(try dead(number, number == 9 ? "Alone" : "AloneToo", "alone")) }
        let (found, singles) = groups.summary()
        #expect(found.map(\.count) == [5, 3])
        #expect(singles == SequenceNumberSet([9, 10].map { SequenceNumber($0) }))
    }

    @Test("messages that come out of order are members all the same")
    func outOfOrder() throws {
        var groups = MessageGroups(by: [.reason])
        for number in [7, 3, 9, 1] as [Int64] { groups.append(try dead(number, "R", nil)) }
        #expect(groups.groups().first?.members == SequenceNumberSet([1, 3, 7, 9].map { SequenceNumber($0) }))
    }

    @Test("keys that cannot be are named", arguments: ["", "reason,,region", "sys.Nonsense"])
    func wrongKeys(text: String) {
        #expect(throws: OperatorError.self) { try GroupKey.parse(text) }
    }

    @Test("keys are written as they are read")
    func descriptions() throws {
        let text = "fingerprint,reason,source,sys.Label,body.a.b,region,user.reason,user.body.x"
        #expect(try GroupKey.parse(text).map(\.description).joined(separator: ",") == text)
        #expect(try GroupKey.parse("body.a,region").map(\.readsBody) == [true, false])
        #expect(try GroupKey.parse("reason, reason ,REASON") == [.reason])
    }
}
