import AMQP
import NIOCore
import ServiceBus
import Testing

/// What answers of management nodes are taken for (service-bus-amqp-request-response, Microsoft's documentation).
@Suite("What answers of management nodes mean", .timeLimit(.minutes(2)))
struct ManagementAnswerTests {
    /// What is answered to whoever asks for what is not there.
    struct Nothing: Sendable {
        var status: Int32
        var condition: String?

        static let all = [
            Nothing(status: 204, condition: nil), Nothing(status: 204, condition: "com.microsoft:message-not-found"),
            Nothing(status: 404, condition: "com.microsoft:message-not-found"),
            Nothing(status: 404, condition: "com.microsoft:session-not-found"),
        ]

        var answer: ScriptedService.Answer {
            ScriptedService.Answer(status: status, condition: condition.map { Symbol($0) }, text: "nothing there")
        }
        /// Nobody can tell what a service means that has nothing to say of a change.
        var outcome: ServiceBusError.Outcome { condition == nil ? .unknown : .notCarriedOut }
    }

    private let q: EntityPath
    private let deferred: AMQPMap

    init() throws {
        q = try EntityPath.queue("q")
        var content = MessageContent(body: .data([ByteBuffer(bytes: [1])]))
        content.messageAnnotations = AMQPMap([.init(key: .symbol("x-opt-sequence-number"), value: .long(3))])
        let token = try #require(UUIDBytes("6cf14cc0-a9ea-4b4a-a329-9070bec19fc4"))
        deferred = ["messages": .list([.map(["message": .binary(content.encoded), "lock-token": .uuid(token)])])]
    }

    /// A script that answers one operation its way, and lends deferred messages.
    private func script(_ operation: String, _ answer: ScriptedService.Answer) -> ScriptedService.Script {
        var script = ScriptedService.Script()
        script.answer = { [deferred] call, _ in
            switch call.operation {
            case "com.microsoft:" + operation: answer
            case "com.microsoft:receive-by-sequence-number": ScriptedService.Answer(body: deferred)
            default: ScriptedService.Answer()
            }
        }
        script.attach = { attach in
            var answer = LinkAnswer()
            answer.source = attach.source
            answer.source?.filter = AMQPMap([.init(key: .symbol("com.microsoft:session-filter"), value: .string("s"))])
            return .success(answer)
        }
        return script
    }

    /// The failure of an operation whose answer is `answer`.
    private func failure(
        _ operation: String, _ answer: ScriptedService.Answer, _ body: @Sendable (Namespace) async throws -> Void
    ) async throws -> ServiceBusError? {
        try await ScriptedService.run(script(operation, answer), client: { $0.retry = .never }) { _, namespace in
            await #expect(throws: ServiceBusError.self, "\(operation)") { try await body(namespace) }
        }
    }

    @Test("who settles, renews, sets or changes is not done when the service finds nothing to do it to", arguments: Nothing.all)
    func changes(nothing: Nothing) async throws {
        let q = q
        let settled = try await failure("update-disposition", nothing.answer) { namespace in
            try await namespace.withReceiver(for: q) { receiver in
                for message in try await receiver.receiveDeferred([SequenceNumber(3)]) { try await receiver.complete(message) }
            }
        }
        #expect(settled?.outcome == nothing.outcome)
        if nothing.condition == "com.microsoft:message-not-found" { #expect(settled?.code == .messageNotFound) }
        if nothing.condition == "com.microsoft:session-not-found" { #expect(settled?.code == .sessionLost) }
        let added = try await failure("add-rule", nothing.answer) { try await $0.addRule(SubscriptionRule(name: "r", filter: .all), to: q) }
        #expect(added?.outcome == nothing.outcome)
        let removed = try await failure("remove-rule", nothing.answer) { try await $0.removeRule(named: "r", from: q) }
        #expect(removed?.outcome == nothing.outcome)
        let scheduled = try await failure("schedule-message", nothing.answer) {
            _ = try await $0.schedule([OutgoingMessage()], at: Timestamp(milliseconds: 5000), on: q).get()
        }
        #expect(scheduled?.outcome == nothing.outcome)
        _ = try await failure("set-session-state", nothing.answer) {
            try await $0.withSession(.next, of: q) { try await $0.setState([1]) }
        }
        _ = try await failure("get-session-state", nothing.answer) {
            _ = try await $0.withSession(.next, of: q) { try await $0.state() }
        }
        _ = try await failure("renew-session-lock", nothing.answer) {
            _ = try await $0.withSession(.next, of: q) { try await $0.renewLock() }
        }
        _ = try await failure("renew-lock", nothing.answer) { namespace in
            try await namespace.withReceiver(for: q) { receiver in
                _ = try await receiver.renewLocks(of: receiver.receiveDeferred([SequenceNumber(3)]))
            }
        }
    }

    @Test("who looks, lists, or deletes whatever there is finds nothing, and that is no failure", arguments: Nothing.all)
    func looks(nothing: Nothing) async throws {
        var script = ScriptedService.Script()
        script.answer = { _, _ in nothing.answer }
        let q = q
        try await ScriptedService.run(script) { _, namespace in
            let page = try await namespace.peek(q, from: SequenceNumber(0), count: 1)
            let sessions = try await namespace.sessionIDs(of: q)
            let rules = try await namespace.rules(of: q)
            let deleted = try await namespace.deleteMessages(in: q, enqueuedBefore: Timestamp(milliseconds: 1)).get()
            let deferred = try await namespace.withReceiver(for: q) { try await $0.receiveDeferred([SequenceNumber(3)]) }
            #expect(page.isEmpty && sessions.isEmpty && rules.isEmpty && deleted == 0 && deferred.isEmpty)
            let cancelled = await namespace.cancelScheduled([SequenceNumber(3)], on: q)
            #expect(cancelled.done.isEmpty)
            #expect(cancelled.failure?.code == .messageNotFound)
        }
    }

    @Test(
        "a count of deleted messages that was not asked for is not believed, and not added up",
        arguments: [
            .long(.max), .long(96), .int(-1), .string("5"), .null, .ulong(.max),
        ] as [AMQPValue])
    func deletedCount(second: AMQPValue) async throws {
        var script = ScriptedService.Script()
        script.answer = { _, number in ScriptedService.Answer(body: ["message-count": number == 1 ? .int(5) : second]) }
        let q = q
        try await ScriptedService.run(script) { service, namespace in
            let result = await namespace.deleteMessages(in: q, enqueuedBefore: Timestamp(milliseconds: 1), maximum: 100)
            #expect(result.done == 5)
            #expect(result.failure?.code == .protocolMismatch)
            #expect(result.failure?.outcome == .unknown)
            #expect(service.notes.calls.count == 2)
        }
    }

    @Test(
        "an answer that cannot be read says nothing of whether what was asked was done",
        arguments: [
            ScriptedService.Answer(value: .null), ScriptedService.Answer(value: .string("done")),
            ScriptedService.Answer(body: ["sequence-numbers": .array(.longs([1, 2])), "messages": .list([.map([:])])]),
            ScriptedService.Answer(body: ["sequence-numbers": .list([.string("1")]), "messages": .string("m")]),
        ])
    func unreadable(answer: ScriptedService.Answer) async throws {
        let q = q
        let errors = [
            try await failure("batch-delete-messages", answer) {
                _ = try await $0.deleteMessages(in: q, enqueuedBefore: Timestamp(milliseconds: 1)).get()
            },
            try await failure("schedule-message", answer) {
                _ = try await $0.schedule([OutgoingMessage()], at: Timestamp(milliseconds: 5000), on: q).get()
            },
            try await failure("receive-by-sequence-number", answer) { namespace in
                try await namespace.withReceiver(for: q) { _ = try await $0.receiveDeferred([SequenceNumber(3)]) }
            },
        ]
        for error in errors {
            #expect(error?.code == .protocolMismatch)
            #expect(error?.outcome == .unknown)
        }
        // Renewing twice does no harm: there is nothing to find out.
        let renewed = try await failure("renew-session-lock", answer) {
            try await $0.withSession(.next, of: q) { _ = try await $0.renewLock() }
        }
        #expect(renewed?.code == .protocolMismatch)
        #expect(renewed?.outcome == .notCarriedOut)
    }
}
