import AMQP
import NIOCore
import ServiceBus
import Testing

/// What is said on a link: credit, outcomes, batches, transactions (Microsoft's AMQP protocol guide; AMQP 1.0 part 4).
@Suite("What is said on links", .timeLimit(.minutes(2)))
struct SettlementTests {
    private func messages(_ count: Int) -> [(tag: [UInt8], bytes: ByteBuffer)] {
        (0..<count).map { number in
            var content = MessageContent(body: .data([ByteBuffer(string: String(number))]))
            content.messageAnnotations = AMQPMap([.init(key: .symbol("x-opt-sequence-number"), value: .long(Int64(number + 1)))])
            return (Array(repeating: UInt8(number), count: 16), content.encoded)
        }
    }

    private func script(_ count: Int) -> ScriptedService.Script {
        var script = ScriptedService.Script()
        script.messages = messages(count)
        return script
    }

    @Test("credit is what was asked for; what is not used is taken back with a drain")
    func credit() async throws {
        try await ScriptedService.run(script(2)) { service, namespace in
            try await namespace.withReceiver(for: .queue("q")) { receiver in
                let first = try await receiver.receive(max: 1, wait: .seconds(60))
                let second = try await receiver.receive(max: 10, wait: .seconds(10))
                #expect([first.count, second.count] == [1, 1])
            }
            let attach = try #require(service.notes.attaches.first)
            #expect(attach.senderSettleMode == 0)
            #expect(attach.receiverSettleMode == 1)
            #expect(service.notes.flows.map(\.credit) == [1, 10, 9])
            #expect(service.notes.flows.map(\.drain) == [false, false, true])
        }
    }

    @Test("receive-and-delete asks for settled messages")
    func deleting() async throws {
        try await ScriptedService.run { service, namespace in
            try await namespace.withReceiver(for: .queue("q"), mode: .receiveAndDelete) { receiver in
                let messages = try await receiver.receive(max: 1, wait: .zero)
                #expect(messages.isEmpty)
            }
            let attach = try #require(service.notes.attaches.first)
            #expect(attach.senderSettleMode == 1)
            #expect(attach.receiverSettleMode == 0)
        }
    }

    @Test("each disposition is the outcome that the service gives that meaning")
    func outcomes() async throws {
        try await ScriptedService.run(script(5)) { service, namespace in
            try await namespace.withReceiver(for: .queue("q")) { receiver in
                let messages = try await receiver.receive(max: 5, wait: .seconds(10))
                try #require(messages.count == 5)
                let properties = [OutgoingMessage.Property(name: "p", value: PropertyValue(typeName: "int", content: .integer(1)))]
                try await receiver.complete(messages[0])
                try await receiver.abandon(messages[1], properties: properties)
                try await receiver.defer(messages[2])
                try await receiver.deadLetter(messages[3], reason: "r", description: "d", properties: properties)
                try await receiver.release(messages[4])
            }
            let annotations = AMQPMap([.init(key: .symbol("p"), value: .int(1))])
            let info = AMQPMap([
                .init(key: .symbol("DeadLetterReason"), value: .string("r")),
                .init(key: .symbol("DeadLetterErrorDescription"), value: .string("d")), .init(key: .symbol("p"), value: .int(1)),
            ])
            #expect(
                service.notes.dispositions.map(\.state) == [
                    .accepted, .modified(.init(deliveryFailed: true, undeliverableHere: false, messageAnnotations: annotations)),
                    .modified(.init(deliveryFailed: true, undeliverableHere: true)),
                    .rejected(AMQPError("com.microsoft:dead-letter", "d", info: info)), .released,
                ])
            // The sender settles, so that we learn whether it held.
            #expect(service.notes.dispositions.allSatisfy { $0.settled != true })
        }
    }

    @Test("messages that came in a row are settled by one frame; a gap starts another")
    func ranges() async throws {
        try await ScriptedService.run(script(10)) { service, namespace in
            try await namespace.withReceiver(for: .queue("q")) { receiver in
                let messages = try await receiver.receive(max: 10, wait: .seconds(10))
                try #require(messages.count == 10)
                let results = await receiver.settle([8, 0, 1, 3, 2, 9].map { messages[$0] }, .complete)
                #expect(results.allSatisfy { (try? $0.get()) != nil })
            }
            let frames = service.notes.dispositions.filter { $0.state == .accepted }
            try #require(frames.count == 2)
            #expect((frames[0].last ?? frames[0].first) &- frames[0].first == 3)
            #expect((frames[1].last ?? frames[1].first) &- frames[1].first == 1)
        }
    }

    @Test("what the service answers a settlement with is its result")
    func answers() async throws {
        var script = script(2)
        script.confirmation = { _ in
            .some(.rejected(AMQPError("com.microsoft:message-lock-lost", "The lock supplied is invalid. TrackingId:7, SystemTracker:x")))
        }
        try await ScriptedService.run(script) { _, namespace in
            try await namespace.withReceiver(for: .queue("q"), atEnd: .stayLocked) { receiver in
                let messages = try await receiver.receive(max: 2, wait: .seconds(10))
                for disposition in [MessageDisposition.complete, .deadLetter(reason: nil, description: nil)] {
                    guard case .failure(let error)? = await receiver.settle([messages[disposition == .complete ? 0 : 1]], disposition).first
                    else { return #expect(Bool(false), "it held") }
                    #expect(error.code == .lockLost)
                    #expect(error.outcome == .notCarriedOut)
                    #expect(error.recovery == .fatal)
                    #expect(error.trackingID == "7")
                }
            }
        }
    }

    @Test("a settlement without an answer is unknown")
    func silence() async throws {
        var script = script(1)
        script.confirmation = { _ in .none }
        try await ScriptedService.run(script, client: { $0.requestTimeout = .seconds(3) }) { service, namespace in
            try await namespace.withReceiver(for: .queue("q"), atEnd: .stayLocked) { receiver in
                let messages = try await receiver.receive(max: 1, wait: .seconds(10))
                guard case .failure(let error)? = await receiver.settle(messages, .complete).first
                else { return #expect(Bool(false), "it held") }
                #expect(error.outcome == .unknown)
            }
            #expect(service.notes.dispositions.count == 1)
        }
    }

    @Test("a batch is one transfer of format 0x80013700 whose data sections are whole messages")
    func batch() async throws {
        try await ScriptedService.run { service, namespace in
            var batch = try await namespace.makeBatch(for: .queue("q"))
            for (number, size) in [10, 300].enumerated() {
                var message = OutgoingMessage(body: .data(Array(repeating: 1, count: size)))
                message.messageID = "m\(number)"
                message.sessionID = "s"
                message.partitionKey = "s"
                let hasRoom = batch.tryAdd(message)
                #expect(hasRoom)
            }
            try await namespace.send(batch, to: .queue("q"))
            let transfer = try #require(service.notes.transfers.first)
            #expect(transfer.delivery.format == 0x8001_3700)
            #expect(transfer.delivery.payload.readableBytes == batch.sizeBytes)
            let envelope = try Message(transfer.delivery.payload)
            #expect(envelope.messageAnnotations == AMQPMap([.init(key: .symbol("x-opt-partition-key"), value: .string("s"))]))
            #expect(envelope.properties == Properties(messageID: .string("m0"), groupID: "s"))
            #expect(envelope.applicationProperties == nil)
            guard case .data(let sections) = envelope.body else { return #expect(Bool(false), "no data sections") }
            let ids = try sections.map { try Message($0).properties?.messageID }
            #expect(ids == [.string("m0"), .string("m1")])
        }
    }

    // MARK: Transactions

    private static let transactionID = ByteBuffer(bytes: [9, 9, 9])

    private func coordinating(_ count: Int = 0, discharge: DeliveryState? = .accepted) -> ScriptedService.Script {
        var script = script(count)
        let ordinary = script.outcome
        script.outcome = { address, message, delivery in
            guard address == "coordinator" else { return ordinary(address, message, delivery) }
            switch try? TransactionRequest.decode(message) {
            case .declare: return .declared(transactionID: Self.transactionID)
            default: return discharge
            }
        }
        return script
    }

    @Test("the coordinator is attached first; declare, work and discharge bear the transaction's id")
    func transaction() async throws {
        try await ScriptedService.run(coordinating(1)) { service, namespace in
            try await namespace.withTransactionScope { scope in
                try await scope.withReceiver(for: .queue("q")) { receiver in
                    let messages = try await receiver.receive(max: 1, wait: .seconds(10))
                    try await scope.withTransaction { transaction in
                        let sent = await scope.send(each: [OutgoingMessage(body: .data([1]))], to: try .queue("r"), in: transaction)
                        #expect(sent.allSatisfy { (try? $0.get()) != nil })
                        let settled = await receiver.settle(messages, .complete, in: transaction)
                        #expect(settled.allSatisfy { (try? $0.get()) != nil })
                    }
                }
            }
            let notes = service.notes
            guard case .coordinator(let capabilities)? = notes.attaches.first?.target else {
                return #expect(Bool(false), "another link was attached before the coordinator")
            }
            #expect(capabilities?.first == "amqp:local-transactions")
            try #require(notes.transfers.map(\.address) == ["coordinator", "r", "coordinator"])
            #expect(Array(notes.transfers[0].delivery.payload.readableBytesView) == Bytes.hex("00 53 77 00 53 31 c0 02 01 40"))
            #expect(notes.transfers[1].delivery.state == .transactional(transactionID: Self.transactionID, outcome: nil))
            #expect(
                Array(notes.transfers[2].delivery.payload.readableBytesView) == Bytes.hex("00 53 77 00 53 32 c0 07 02 a0 03 090909 42"))
            #expect(notes.dispositions.first?.state == .transactional(transactionID: Self.transactionID, outcome: .accepted))
        }
    }

    @Test(
        "a settlement whose answer does not name the transaction rolls it back",
        arguments: [.transactional(transactionID: ByteBuffer(bytes: [8]), outcome: .accepted), nil] as [DeliveryState?])
    func foreignAnswers(answer: DeliveryState?) async throws {
        var script = coordinating(1)
        script.confirmation = { _ in .some(answer) }
        try await ScriptedService.run(script) { service, namespace in
            let error = await #expect(throws: ServiceBusError.self) {
                try await namespace.withTransactionScope { scope in
                    try await scope.withReceiver(for: .queue("q"), atEnd: .stayLocked) { receiver in
                        let messages = try await receiver.receive(max: 1, wait: .seconds(10))
                        try await scope.withTransaction { _ = await receiver.settle(messages, .complete, in: $0) }
                    }
                }
            }
            #expect(error?.code == .protocolMismatch)
            #expect(error?.outcome == .notCarriedOut)
            let last = try #require(service.notes.transfers.last).delivery.payload
            // A discharge that fails.
            #expect(Array(last.readableBytesView).last == 0x41)
        }
    }

    @Test("what has no answer in a transaction is settled by its token in the next: the late answer would be taken for its own")
    func unansweredInTransaction() async throws {
        var script = coordinating(1)
        script.confirmation = { _ in .none }
        try await ScriptedService.run(script, client: { $0.requestTimeout = .seconds(1) }) { service, namespace in
            try await namespace.withTransactionScope { scope in
                try await scope.withReceiver(for: .queue("q"), atEnd: .stayLocked) { receiver in
                    let messages = try await receiver.receive(max: 1, wait: .seconds(10))
                    let first = await #expect(throws: ServiceBusError.self) {
                        try await scope.withTransaction { _ = await receiver.settle(messages, .complete, in: $0) }
                    }
                    #expect(first?.outcome == .notCarriedOut)
                    try await scope.withTransaction { transaction in
                        for result in await receiver.settle(messages, .complete, in: transaction) { try result.get() }
                    }
                }
            }
            // Answers to requests are settled as well, by us.
            #expect(service.notes.dispositions.filter { $0.settled != true }.count == 1)
            #expect(service.notes.calls.map(\.operation) == ["com.microsoft:update-disposition"])
        }
    }

    // MARK: Credit that is not given back

    @Test("what came on a link that does not give its credit back is settled on it, and the next is received on another")
    func unansweredDrain() async throws {
        var script = script(3)
        script.givesOnce = true
        script.answersDrains = false
        try await ScriptedService.run(script, client: { $0.requestTimeout = .seconds(1) }) { service, namespace in
            try await namespace.withReceiver(for: .queue("q"), atEnd: .stayLocked) { receiver in
                var messages: [ReceivedMessage] = []
                while messages.count < 3 { messages += try await receiver.receive(max: 10, wait: .seconds(10)) }
                let others = try await receiver.receive(max: 1, wait: .zero)
                #expect(others.isEmpty)
                #expect(service.notes.attaches.count == 2)
                let results = await receiver.settle(messages, .release)
                #expect(results.allSatisfy { (try? $0.get()) != nil })
            }
            #expect(service.notes.dispositions.map(\.state) == [.released])
            // The credit is taken back without an answer.
            #expect(service.notes.flows.contains { $0.credit == 0 && !$0.drain })
        }
    }

    @Test("a receive that is cancelled gives back what came meanwhile, also where credit is not given back")
    func cancelledUnansweredDrain() async throws {
        var script = script(3)
        script.givesWhenDrained = true
        script.answersDrains = false
        try await ScriptedService.run(script, client: { $0.requestTimeout = .seconds(1) }) { service, namespace in
            try await namespace.withReceiver(for: .queue("q"), atEnd: .stayLocked) { receiver in
                let receiving = Task { try await receiver.receive(max: 10, wait: .seconds(60)) }
                while service.notes.flows.isEmpty { await Task.yield() }
                receiving.cancel()
                await #expect(throws: ServiceBusError.self) { try await receiving.value }
            }
            #expect(service.notes.dispositions.map(\.state) == [.released])
        }
    }

    // MARK: A busy service

    @Test("messages of which nobody knows are not sent again because the service was busy")
    func busyAndUnknown() async throws {
        var script = ScriptedService.Script()
        let busy = AMQPError("com.microsoft:server-busy", "The namespace is being throttled.")
        script.outcome = { _, message, _ in message.properties?.messageID == .string("0") ? .rejected(busy) : nil }
        script.detachment = { _, message in message.properties?.messageID == .string("2") ? busy : nil }
        let pacing = Pacing(sleep: { if $0 > .seconds(60) { try await Task.sleep(for: $0) } }, random: { 0.5 })
        try await ScriptedService.run(script, client: { $0.pacing = pacing }) { service, namespace in
            let messages = (0..<3).map { number in
                var message = OutgoingMessage(body: .data([1]))
                message.messageID = String(number)
                return message
            }
            let outcomes = await namespace.send(each: messages, to: try .queue("q")).map { result -> ServiceBusError.Outcome? in
                if case .failure(let error) = result { error.outcome } else { nil }
            }
            #expect(outcomes == [.notCarriedOut, .unknown, .unknown])
            #expect(service.notes.transfers.count == 3)
        }
    }

    // MARK: Rolling back

    @Test("a failure inside rolls back, and nothing is in doubt")
    func rollback() async throws {
        struct Stop: Error {}
        try await ScriptedService.run(coordinating()) { service, namespace in
            await #expect(throws: Stop.self) {
                try await namespace.withTransactionScope { scope in try await scope.withTransaction { _ in throw Stop() } }
            }
            try #require(service.notes.transfers.count == 2)
            #expect(
                Array(service.notes.transfers[1].delivery.payload.readableBytesView)
                    == Bytes.hex("00 53 77 00 53 32 c0 07 02 a0 03 090909 41"))
        }
    }

    @Test("a failure that its user overlooked keeps the transaction from being committed")
    func overlooked() async throws {
        var script = coordinating()
        let inner = script.outcome
        script.outcome = { address, message, delivery in
            address == "r" ? .rejected(AMQPError("amqp:resource-limit-exceeded", "full")) : inner(address, message, delivery)
        }
        try await ScriptedService.run(script) { service, namespace in
            let error = await #expect(throws: ServiceBusError.self) {
                try await namespace.withTransactionScope { scope in
                    try await scope.withTransaction { transaction in
                        _ = await scope.send(each: [OutgoingMessage()], to: try .queue("r"), in: transaction)
                    }
                }
            }
            #expect(error?.code == .quotaExceeded)
            #expect(error?.outcome == .notCarriedOut)
            #expect(error?.message.contains("rolled back") == true)
            let last = try #require(service.notes.transfers.last).delivery.payload
            // A discharge that fails.
            #expect(Array(last.readableBytesView).last == 0x41)
        }
    }

    @Test("a refused commit was rolled back; one without an answer is unknown")
    func commits() async throws {
        for (answer, code, outcome) in [
            (
                DeliveryState.rejected(AMQPError("amqp:transaction:rollback", "gone")) as DeliveryState?, ServiceBusError.Code.rolledBack,
                ServiceBusError.Outcome.notCarriedOut
            ), (nil, .timeout, .unknown),
        ] {
            try await ScriptedService.run(
                coordinating(discharge: answer), client: { $0.requestTimeout = answer == nil ? .seconds(3) : .seconds(20) }
            ) {
                _, namespace in
                let error = await #expect(throws: ServiceBusError.self) {
                    try await namespace.withTransactionScope { scope in try await scope.withTransaction { _ in } }
                }
                #expect(error?.code == code)
                #expect(error?.outcome == outcome)
            }
        }
    }

    @Test("sending by way of another entity names the destination on the link")
    func via() async throws {
        try await ScriptedService.run(coordinating()) { service, namespace in
            try await namespace.withTransactionScope { scope in
                try await scope.withTransaction { transaction in
                    _ = await scope.send(each: [OutgoingMessage()], to: try .queue("far"), via: try .queue("near"), in: transaction)
                }
            }
            let attach = service.notes.attaches.first { $0.target?.address == "near" }
            #expect(attach?.properties?["com.microsoft:transfer-destination-address"] == .string("far"))
        }
    }
}
