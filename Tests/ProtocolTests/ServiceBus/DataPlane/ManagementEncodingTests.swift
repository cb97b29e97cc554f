import AMQP
import NIOCore
import ServiceBus
import Testing

/// Requests to `$management`, byte for byte (service-bus-amqp-request-response, Microsoft's documentation; .NET's ManagementConstants.cs
/// and Go's internal/mgmt.go where it is silent).
@Suite("The encodings of management requests", .timeLimit(.minutes(2)))
struct ManagementEncodingTests {
    private let tokenBytes = Bytes.hex("6cf14cc0 a9ea 4b4a a329 9070bec19fc4")
    /// The same lock as a delivery tag: .NET's order.
    private let tag = Bytes.hex("C0 4C F1 6C EA A9 4A 4B A3 29 90 70 BE C1 9F C4")

    private func message(_ number: Int64) -> ByteBuffer {
        var content = MessageContent(body: .data([ByteBuffer(string: "x")]))
        content.messageAnnotations = AMQPMap([.init(key: .symbol("x-opt-sequence-number"), value: .long(number))])
        return content.encoded
    }

    private func answering(_ body: AMQPMap, status: Int32 = 200, condition: Symbol? = nil) -> ScriptedService.Script {
        var script = ScriptedService.Script()
        script.answer = { _, number in
            // Lists are asked for until a page is empty.
            ScriptedService.Answer(status: number == 1 ? status : 204, condition: condition, body: number == 1 ? body : AMQPMap())
        }
        return script
    }

    private func call(
        _ script: ScriptedService.Script = ScriptedService.Script(), _ body: (Namespace, EntityPath) async throws -> Void
    ) async throws -> ScriptedService.Call {
        try await ScriptedService.run(script) { service, namespace in
            try await body(namespace, .queue("q"))
            return try #require(service.notes.calls.first)
        }
    }

    @Test("the operation, the time allowed and the reply address travel beside the body")
    func properties() async throws {
        let call = try await call(answering(AMQPMap(), status: 204)) { namespace, q in
            _ = try await namespace.peek(q, from: SequenceNumber(1), count: 3)
        }
        #expect(call.address == "q/$management")
        #expect(call.properties["operation"] == .string("com.microsoft:peek-message"))
        #expect(call.properties["com.microsoft:server-timeout"] == .uint(19_000))
        #expect(call.body == Bytes.body(Bytes.map(["from-sequence-number": Bytes.long(1), "message-count": Bytes.int(3)])))
    }

    @Test("peek by session without bodies")
    func peek() async throws {
        let call = try await call(answering(AMQPMap(), status: 204)) { namespace, q in
            _ = try await namespace.peek(q, from: SequenceNumber(1 << 40), count: 250, headersOnly: true, sessionID: "s")
        }
        let expected = Bytes.map([
            "from-sequence-number": Bytes.long(1 << 40), "message-count": Bytes.int(250), "omit-message-body": [0x41],
            "session-id": Bytes.string("s"),
        ])
        #expect(call.body == Bytes.body(expected))
    }

    @Test("schedule-message: a list of maps with the message as binary")
    func schedule() async throws {
        var message = OutgoingMessage(body: .data([7]))
        message.messageID = "id"
        message.sessionID = "s"
        message.partitionKey = "s"
        let call = try await call(answering(["sequence-numbers": .array(.longs([42]))])) { namespace, q in
            let result = await namespace.schedule([message], at: Timestamp(milliseconds: 5000), on: q)
            let numbers = try result.get()
            #expect(numbers == [SequenceNumber(42)])
        }
        #expect(call.operation == "com.microsoft:schedule-message")
        // Annotations x-opt-partition-key and x-opt-scheduled-enqueue-time; properties with message-id (1st) and group-id (11th); data.
        let annotations =
            Bytes.symbol("x-opt-partition-key") + Bytes.string("s") + Bytes.symbol("x-opt-scheduled-enqueue-time")
            + Bytes.timestamp(5000)
        let fields = Bytes.string("id") + Array(repeating: 0x40, count: 9) + Bytes.string("s") + [0x40, 0x40]
        let encoded =
            Bytes.hex("00 53 72 c1") + [UInt8(annotations.count + 1), 4] + annotations
            + Bytes.hex("00 53 73 c0") + [UInt8(fields.count + 1), 13] + fields + Bytes.hex("00 53 75 a0 01 07")
        let entry = Bytes.map([
            "message-id": Bytes.string("id"), "session-id": Bytes.string("s"), "partition-key": Bytes.string("s"),
            "message": Bytes.binary(encoded),
        ])
        #expect(call.body == Bytes.body(Bytes.map(["messages": Bytes.list([entry])])))
    }

    @Test("cancel-scheduled-message: an array of long")
    func cancel() async throws {
        let call = try await call { namespace, q in
            _ = try await namespace.cancelScheduled([SequenceNumber(1), SequenceNumber(-1), SequenceNumber(1 << 48)], on: q).get()
        }
        #expect(call.operation == "com.microsoft:cancel-scheduled-message")
        #expect(call.body == Bytes.body(Bytes.map(["sequence-numbers": Bytes.longs([1, -1, 1 << 48])])))
    }

    @Test("batch-delete-messages: an int and a timestamp")
    func batchDelete() async throws {
        let script = answering(["message-count": .int(9)])
        let call = try await call(script) { namespace, q in
            let result = await namespace.deleteMessages(
                in: q, enqueuedBefore: Timestamp(milliseconds: 1_700_000_000_000), maximum: 100, sessionID: "s")
            let deleted = try result.get()
            #expect(deleted == 9)
        }
        #expect(call.operation == "com.microsoft:batch-delete-messages")
        let expected = Bytes.map([
            "message-count": Bytes.int(100), "enqueued-time-utc": Bytes.timestamp(1_700_000_000_000), "session-id": Bytes.string("s"),
        ])
        #expect(call.body == Bytes.body(expected))
    }

    @Test("get-message-sessions: the year 10000 asks for those with messages")
    func sessions() async throws {
        let call = try await call(answering(["skip": .int(2), "sessions-ids": .array(.strings(["a", "b"]))])) { namespace, q in
            let ids = try await namespace.sessionIDs(of: q)
            #expect(ids == ["a", "b"])
        }
        #expect(call.operation == "com.microsoft:get-message-sessions")
        let expected = Bytes.map([
            "last-updated-time": Bytes.timestamp(253_402_300_800_000), "skip": Bytes.int(0), "top": Bytes.int(100),
        ])
        #expect(call.body == Bytes.body(expected))
    }

    @Test("receive-by-sequence-number, renew-lock and update-disposition name locks as arrays of uuid")
    func locks() async throws {
        var script = ScriptedService.Script()
        script.messages = [(tag, message(5))]
        let token = UUIDBytes("6cf14cc0-a9ea-4b4a-a329-9070bec19fc4")
        let received = message(7)
        script.answer = { call, _ in
            switch call.operation {
            case "com.microsoft:renew-lock": ScriptedService.Answer(body: ["expirations": .array(.timestamps([9000]))])
            case "com.microsoft:receive-by-sequence-number":
                ScriptedService.Answer(
                    body: ["messages": .list([.map(["message": .binary(received), "lock-token": token.map { .uuid($0) } ?? .null])])])
            default: ScriptedService.Answer()
            }
        }
        try await ScriptedService.run(script) { service, namespace in
            try await namespace.withReceiver(for: .queue("q")) { receiver in
                let message = try #require(try await receiver.receive(max: 1, wait: .seconds(10)).first)
                #expect(message.lock?.description == "6cf14cc0-a9ea-4b4a-a329-9070bec19fc4")
                #expect(try await receiver.renewLocks(of: [message]) == [Timestamp(milliseconds: 9000)])
                let deferred = try await receiver.receiveDeferred([SequenceNumber(7), SequenceNumber(300)])
                let properties = [OutgoingMessage.Property(name: "p", value: PropertyValue(typeName: "int", content: .integer(1000)))]
                for disposition: MessageDisposition in [
                    .complete, .abandon(properties: properties), .defer(), .deadLetter(reason: "r", description: "d"),
                ] {
                    #expect(await receiver.settle(deferred, disposition).count == 1)
                }
            }
            let calls = service.notes.calls
            try #require(calls.count == 6)
            #expect(calls[0].body == Bytes.body(Bytes.map(["lock-tokens": Bytes.uuids([tokenBytes])])))
            let link = service.notes.attaches.first { $0.role == .receiver && $0.source?.address == "q" }?.name
            #expect(calls[0].properties["associated-link-name"]?.text == link)
            #expect(
                calls[1].body
                    == Bytes.body(Bytes.map(["sequence-numbers": Bytes.longs([7, 300]), "receiver-settle-mode": [0x52, 0x01]])))
            let lock = Bytes.uuids([tokenBytes])
            let expected = [
                Bytes.map(["disposition-status": Bytes.string("completed"), "lock-tokens": lock]),
                Bytes.map([
                    "disposition-status": Bytes.string("abandoned"), "lock-tokens": lock,
                    "properties-to-modify": Bytes.map(["p": Bytes.int(1000)]),
                ]),
                Bytes.map(["disposition-status": Bytes.string("defered"), "lock-tokens": lock]),
                Bytes.map([
                    "disposition-status": Bytes.string("suspended"), "lock-tokens": lock, "deadletter-reason": Bytes.string("r"),
                    "deadletter-description": Bytes.string("d"),
                ]),
            ]
            #expect(calls[2...].map(\.body) == expected.map { Bytes.body($0) })
            #expect(calls[2...].allSatisfy { $0.operation == "com.microsoft:update-disposition" })
        }
    }

    @Test("add-rule: maps; remove-rule: a name")
    func changesRules() async throws {
        var correlation = SubscriptionRule.Correlation()
        correlation.correlationID = "c"
        correlation.subject = "l"
        correlation.properties = [.init(name: "k", value: PropertyValue(typeName: "long", content: .integer(1)))]
        let rules: [(SubscriptionRule, [UInt8])] = [
            (
                SubscriptionRule(name: "r", filter: .sql("a = 1"), action: "SET b = 2"),
                Bytes.map([
                    "sql-filter": Bytes.map(["expression": Bytes.string("a = 1")]),
                    "sql-rule-action": Bytes.map(["expression": Bytes.string("SET b = 2")]),
                ])
            ),
            (SubscriptionRule(name: "r", filter: .all), Bytes.map(["sql-filter": Bytes.map(["expression": Bytes.string("1=1")])])),
            (
                SubscriptionRule(name: "r", filter: .correlation(correlation)),
                Bytes.map([
                    "correlation-filter": Bytes.map([
                        "correlation-id": Bytes.string("c"), "label": Bytes.string("l"), "properties": Bytes.map(["k": Bytes.long(1)]),
                    ])
                ])
            ),
        ]
        for (rule, description) in rules {
            let call = try await call { namespace, q in try await namespace.addRule(rule, to: q) }
            #expect(call.operation == "com.microsoft:add-rule")
            #expect(call.body == Bytes.body(Bytes.map(["rule-name": Bytes.string("r"), "rule-description": description])))
        }
        let removal = try await call { namespace, q in try await namespace.removeRule(named: "old", from: q) }
        #expect(removal.operation == "com.microsoft:remove-rule")
        #expect(removal.body == Bytes.body(Bytes.map(["rule-name": Bytes.string("old")])))
    }

    @Test("enumerate-rules: described lists, whose filters' descriptors have a zero less")
    func readsRules() async throws {
        func described(_ code: UInt64, _ fields: [AMQPValue]) -> AMQPValue { .described(descriptor: .ulong(code), value: .list(fields)) }
        func entry(_ rule: AMQPValue) -> AMQPValue { .map(["rule-description": rule]) }
        let nothing = described(0x137_0000_0005, [])
        let script = answering([
            "rules": .list([
                entry(described(0x137_0000_0004, [described(0x13_7000_0007, []), nothing, "all", .timestamp(1000)])),
                entry(
                    described(
                        0x137_0000_0004,
                        [described(0x13_7000_0006, ["a > 1", .int(20)]), described(0x137_0000_0006, ["SET x = 1", .int(20)]), "sql"])),
                entry(
                    .described(
                        descriptor: .symbol("com.microsoft:rule-description:list"),
                        value: .list([
                            .described(
                                descriptor: .symbol("com.microsoft:correlation-filter:list"),
                                value: .list(["c", .null, .null, .null, "l", .null, .null, "t", .map(["k": .int(5)])])), nothing, "corr",
                        ]))),
                entry(described(0x137_0000_0004, [described(0x13_7000_0008, []), nothing, "none"])),
            ])
        ])
        let call = try await call(script) { namespace, q in
            let rules = try await namespace.rules(of: q)
            try #require(rules.map(\.name) == ["all", "sql", "corr", "none"])
            #expect(rules[0].filter == .all)
            #expect(rules[0].createdAt == Timestamp(milliseconds: 1000))
            #expect(rules[0].action == nil)
            #expect(rules[1].filter == .sql("a > 1"))
            #expect(rules[1].action == "SET x = 1")
            var correlation = SubscriptionRule.Correlation()
            correlation.correlationID = "c"
            correlation.subject = "l"
            correlation.contentType = "t"
            correlation.properties = [.init(name: "k", value: PropertyValue(typeName: "int", content: .integer(5)))]
            #expect(rules[2].filter == .correlation(correlation))
            #expect(rules[3].filter == SubscriptionRule.Filter.none)
        }
        #expect(call.operation == "com.microsoft:enumerate-rules")
        #expect(call.body == Bytes.body(Bytes.map(["top": Bytes.int(100), "skip": Bytes.int(0)])))
    }

    @Test("session requests name the session and its link")
    func sessionRequests() async throws {
        var script = ScriptedService.Script()
        script.attach = { attach in
            var answer = LinkAnswer()
            answer.source = attach.source
            answer.source?.filter = AMQPMap([.init(key: .symbol("com.microsoft:session-filter"), value: .string("found"))])
            // 2026-11-25T00:00:00Z in .NET's ticks.
            answer.properties = AMQPMap([.init(key: .symbol("com.microsoft:locked-until-utc"), value: .long(639_311_616_000_000_000))])
            return .success(answer)
        }
        script.answer = { call, _ in
            call.operation == "com.microsoft:renew-session-lock"
                ? ScriptedService.Answer(body: ["expiration": .timestamp(8000)])
                : ScriptedService.Answer(body: ["session-state": .binary(ByteBuffer(bytes: [1, 2]))])
        }
        try await ScriptedService.run(script) { service, namespace in
            try await namespace.withSession(.next, of: .queue("q"), wait: .seconds(7)) { session in
                #expect(session.id == "found")
                #expect(session.lockedUntil == Timestamp(rfc3339: "2026-11-25T00:00:00Z"))
                #expect(try await session.state() == [1, 2])
                try await session.setState([5])
                try await session.setState(nil)
                #expect(try await session.renewLock() == Timestamp(milliseconds: 8000))
            }
            let attach = try #require(service.notes.attaches.first { $0.role == .receiver && $0.source?.address == "q" })
            #expect(attach.source?.filter == AMQPMap([.init(key: .symbol("com.microsoft:session-filter"), value: .null)]))
            #expect(attach.properties?["com.microsoft:timeout"] == .uint(7000))
            #expect(attach.receiverSettleMode == 1)
            let calls = service.notes.calls
            let id = Bytes.string("found")
            #expect(
                calls.map(\.body) == [
                    Bytes.body(Bytes.map(["session-id": id])),
                    Bytes.body(Bytes.map(["session-id": id, "session-state": Bytes.binary([5])])),
                    Bytes.body(Bytes.map(["session-id": id, "session-state": [0x40]])), Bytes.body(Bytes.map(["session-id": id])),
                ])
            #expect(calls.allSatisfy { $0.properties["associated-link-name"]?.text == attach.name })
        }
    }
}
