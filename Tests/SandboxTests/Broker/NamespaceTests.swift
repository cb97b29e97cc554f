import AMQP
import NIOCore
import Testing

@testable import Sandbox

@Suite struct NamespaceTests {
    @Test(arguments: [
        ("q1", "q1", EntityAddress.SubQueue.active, false),
        ("/q1/", "q1", .active, false),
        ("amqps://127.0.0.1:5672/q1", "q1", .active, false),
        ("sb://ns.servicebus.windows.net/t/Subscriptions/s/$DeadLetterQueue", "t/Subscriptions/s", .deadLetter, false),
        ("q/$deadletterqueue/$management", "q", .deadLetter, true),
        ("txt/.-_123/$Transfer/$DEADLETTERQUEUE", "txt/.-_123", .transferDeadLetter, false),
        ("Ordérs/$management", "Ordérs", .active, true),
    ])
    func addressesAreReadAsPeersWriteThem(text: String, path: String, subQueue: EntityAddress.SubQueue, isManagement: Bool) throws {
        let address = try #require(EntityAddress(parsing: text))
        #expect(address.path == path)
        #expect(address.subQueue == subQueue)
        #expect(address.isManagement == isManagement)
    }

    @Test(arguments: ["", "/", "amqp://host", "amqp://host/", "/$management", String(repeating: "x", count: 600)])
    func whatNamesNothingIsNoAddress(text: String) {
        #expect(EntityAddress(parsing: text) == nil || EntityAddress(parsing: text)?.path.isEmpty == false)
        #expect(EntityAddress(parsing: text)?.path.contains("://") != true)
    }

    @Test func pathsAreComparedWithoutCase() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("a", to: "Q")
        #expect(try fixture.queue("q").count == 1)
        #expect(refusal { try fixture.broker.createQueue("Q") } == .entityExists)
        #expect(refusal { try fixture.broker.createTopic("q") } == .entityExists)
    }

    @Test(arguments: ["", "-a", "a-", "a b", "a$", "$cbs", String(repeating: "x", count: 261), "a\u{e9}a"])
    func malformedNamesAreRefused(name: String) {
        #expect(refusal { try BrokerFixture().broker.createQueue(name) } == .invalidArgument)
    }

    @Test func anUnknownEntityIsNamedInTheServicesWords() throws {
        let fixture = BrokerFixture()
        let error = try #require(throws: BrokerError.self) { try fixture.queue("nope") }
        #expect(error.condition == "amqp:not-found")
        #expect(error.status == 404)
        #expect(error.description.hasPrefix("The messaging entity 'sb://sandbox/nope' could not be found."))
        #expect(error.description.contains("TrackingId:"))
        #expect(error.description.hasSuffix("SystemTracker:sandbox:nope, Timestamp:2023-11-14T22:13:20"))
    }

    @Test(arguments: EntityAvailability.allCases)
    func statusesCloseWhatTheySay(availability: EntityAvailability) throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("a")
        let held = try fixture.q.receiveOne()
        try fixture.broker.setAvailability(availability, of: "q")
        let canSend = availability == .active || availability == .receiveDisabled
        let canReceive = availability == .active || availability == .sendDisabled
        #expect(refusal { try fixture.send("b") } == (canSend ? nil : .entityDisabled))
        #expect(refusal { try fixture.q.receive(maxCount: 1, mode: .peekLock) } == (canReceive ? nil : .entityDisabled))
        #expect(refusal { try fixture.q.peekAll() } == (availability == .disabled ? .entityDisabled : nil))
        try fixture.q.settle(held.token, .complete)
    }

    @Test func aMessageThatIsTooLargeIsRefused() throws {
        let fixture = try BrokerFixture.withQueue()
        let error = try #require(throws: BrokerError.self) { try fixture.send(String(repeating: "x", count: 262_144)) }
        #expect(error.reason == .messageTooLarge)
        #expect(error.condition == "amqp:link:message-size-exceeded")
        try fixture.send(String(repeating: "x", count: 262_000))
    }

    @Test func identifiersAreBounded() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send { $0.messageID = String(repeating: "m", count: 128) }
        #expect(refusal { try fixture.send { $0.messageID = String(repeating: "m", count: 129) } } == .invalidArgument)
        #expect(refusal { try fixture.send { $0.sessionID = String(repeating: "m", count: 129) } } == .invalidArgument)
        let long = AMQPValue.string(String(repeating: "m", count: 129))
        #expect(refusal { try fixture.send { $0.messageAnnotations = [.symbol("x-opt-partition-key"): long] } } == .invalidArgument)
    }

    @Test func aFullEntityRefusesAndSaysHowFull() throws {
        let fixture = try BrokerFixture.withQueue { $0.maximumSizeInMegabytes = 1 }
        for _ in 0..<5 { try fixture.send(String(repeating: "x", count: 200_000)) }
        let error = try #require(throws: BrokerError.self) { try fixture.send(String(repeating: "x", count: 200_000)) }
        #expect(error.reason == .quotaExceeded)
        #expect(error.description.contains("for Queue: 'sandbox:Queue:q'. Size of entity in bytes:"))
        #expect(error.description.contains("Max entity size in bytes: 1048576."))
        _ = try fixture.q.receive(maxCount: 1, mode: .receiveAndDelete)
        try fixture.send(String(repeating: "x", count: 200_000))
    }

    @Test func theWholeNamespaceIsBounded() throws {
        var limits = BrokerLimits.standard
        limits.maximumNamespaceBytes = 10_000
        let fixture = try BrokerFixture.withQueue(limits: limits)
        try fixture.send(String(repeating: "x", count: 9000))
        #expect(refusal { try fixture.send(String(repeating: "x", count: 2000)) } == .quotaExceeded)
    }

    @Test func aBatchIsTakenWholeOrNotAtAll() throws {
        let fixture = try BrokerFixture.withQueue { $0.requiresSession = true }
        let good = try BrokerFixture.message("a") { $0.sessionID = "s" }
        let bad = try BrokerFixture.message("b")
        let address = try BrokerFixture.address("q")
        #expect(refusal { try fixture.broker.send([good, bad, good], to: address) } == .notAllowed)
        #expect(try fixture.counts().active == 0)
        #expect(try fixture.broker.send([good, good], to: address) == [1, 2])
    }

    @Test func aBatchIsUnpackedFromItsDataSections() throws {
        let parts = ["a", "b"].map { MessageContent(body: .value(.string($0))).encoded }
        let batch = try Message(MessageContent(body: .data(parts)).encoded)
        let messages = try IncomingMessage.unpack(batch)
        #expect(messages.count == 2)
        #expect(messages.map(\.encodedSize) == parts.map(\.readableBytes))
        let broken = try Message(MessageContent(body: .data([ByteBuffer(bytes: [1, 2, 3])])).encoded)
        #expect(refusal { try IncomingMessage.unpack(broken) } == .invalidArgument)
        let noBatch = try Message(MessageContent(body: .value("x")).encoded)
        #expect(refusal { try IncomingMessage.unpack(noBatch) } == .invalidArgument)
    }

    @Test func duplicatesAreDroppedWithinTheWindow() throws {
        let fixture = try BrokerFixture.withQueue { $0.duplicateDetectionWindow = 20_000 }
        #expect(try fixture.send("a") { $0.messageID = "m1" } == 1)
        #expect(try fixture.send("again") { $0.messageID = "m1" } == nil)
        #expect(try fixture.send("no id") == 2)
        #expect(try fixture.send("no id") == 3)
        _ = try fixture.q.receive(maxCount: 5, mode: .receiveAndDelete)
        fixture.clock.milliseconds += 19_999
        #expect(try fixture.send("still") { $0.messageID = "m1" } == nil)
        fixture.clock.milliseconds += 1
        #expect(try fixture.send("new") { $0.messageID = "m1" } == 4)
    }

    @Test func idsAreComparedByteForByte() throws {
        let fixture = try BrokerFixture.withQueue { $0.duplicateDetectionWindow = 20_000 }
        // Swift takes the two for the same.
        for (number, id) in ["caf\u{e9}", "cafe\u{301}"].enumerated() {
            #expect(try fixture.send(id) { $0.messageID = id } == Int64(number) + 1)
            #expect(try fixture.send(id) { $0.messageID = id } == nil)
        }
    }

    @Test func idsOfDifferentTypesAreDifferent() throws {
        let fixture = try BrokerFixture.withQueue { $0.duplicateDetectionWindow = 20_000 }
        let uuid = UUIDBytes(high: 1, low: 2)
        let ids: [AMQPValue] = [.string("1"), .ulong(1), .uuid(uuid), .string(uuid.description), .binary(ByteBuffer(string: "1"))]
        for id in ids {
            #expect(
                try fixture.send {
                    $0.properties = Properties(); $0.properties?.messageID = id
                } != nil)
            #expect(
                try fixture.send {
                    $0.properties = Properties(); $0.properties?.messageID = id
                } == nil)
        }
    }

    @Test func theMemoryOfIdsIsBounded() throws {
        var limits = BrokerLimits.standard
        limits.maximumRememberedIDs = 10
        let fixture = try BrokerFixture.withQueue(limits: limits) { $0.duplicateDetectionWindow = .max / 2 }
        for index in 0..<11 { try fixture.send { $0.messageID = "m\(index)" } }
        #expect(try fixture.send { $0.messageID = "m10" } == nil)
        #expect(try fixture.send { $0.messageID = "m0" } != nil)
    }

    @Test func aRemovedEntityRefusesThoseWhoStillHoldIt() throws {
        let fixture = try BrokerFixture.withQueue()
        try fixture.send("a")
        let queue = try fixture.q
        let held = try queue.receiveOne()
        var removed: [EntityAddress] = []
        fixture.broker.onEvent = { if case .entityRemoved(let address) = $0 { removed.append(address) } }
        try fixture.broker.remove("q")
        #expect(removed == [EntityAddress(path: "q")])
        #expect(refusal { try queue.settle(held.token, .complete) } == .entityNotFound)
        #expect(refusal { try queue.peekAll() } == .entityNotFound)
        #expect(fixture.broker.nextDeadline == nil)
        #expect(fixture.broker.sizeInBytes == 0)
    }

    @Test func eventsComeAfterTheOperationOncePerQueue() throws {
        let fixture = try BrokerFixture.withQueue { $0.lockDuration = 1000 }
        var events: [String] = []
        fixture.broker.onEvent = { if case .messagesAvailable(let queue) = $0 { events.append(queue.address.description) } }
        let message = try BrokerFixture.message("a")
        try fixture.broker.send([message, message, message], to: BrokerFixture.address("q"))
        #expect(events == ["q"])
        let held = try fixture.q.receiveOne()
        #expect(events == ["q"])
        try fixture.q.settle(held.token, .deadLetter(reason: nil, description: nil))
        #expect(events == ["q", "q/$DeadLetterQueue"])
        _ = try fixture.q.receiveOne()
        fixture.pass(milliseconds: 1000)
        #expect(events == ["q", "q/$DeadLetterQueue", "q"])
    }

    @Test func whoeverIsToldMayReceiveAtOnce() throws {
        let fixture = try BrokerFixture.withQueue()
        var received: [Int64] = []
        fixture.broker.onEvent = { event in
            guard case .messagesAvailable(let queue) = event else { return }
            received += ((try? queue.receive(maxCount: 10, mode: .receiveAndDelete)) ?? []).map(\.sequenceNumber)
        }
        for _ in 0..<3 { try fixture.send("a") }
        #expect(received == [1, 2, 3])
    }

    @Test func anEarlierDeadlineIsAnnounced() throws {
        let fixture = try BrokerFixture.withQueue { $0.lockDuration = 10_000 }
        var announced: [Int64] = []
        fixture.broker.onDeadline = { announced.append($0) }
        let start = fixture.clock.milliseconds
        try fixture.send("a") { $0.ttl = 60_000 }
        try fixture.send("b") { $0.ttl = 90_000 }
        _ = try fixture.q.receiveOne()
        #expect(announced == [start + 60_000, start + 10_000])
        fixture.pass(milliseconds: 10_000)
        #expect(announced.last == start + 60_000)
    }

    @Test func quotasOfEntitiesHold() throws {
        var limits = BrokerLimits.standard
        limits.maximumEntities = 1
        limits.maximumSubscriptions = 1
        let fixture = try BrokerFixture.withQueue(limits: limits)
        #expect(refusal { try fixture.broker.createQueue("r") } == .quotaExceeded)
        try fixture.broker.createTopic("t")
        #expect(refusal { try fixture.broker.createTopic("u") } == .quotaExceeded)
        try fixture.broker.createSubscription("s", of: "t")
        #expect(refusal { try fixture.broker.createSubscription("s2", of: "t") } == .quotaExceeded)
        #expect(refusal { try fixture.broker.createSubscription("s", of: "t") } == .entityExists)
        #expect(refusal { try fixture.broker.createSubscription("s", of: "missing") } == .entityNotFound)
        #expect(fixture.broker.snapshots().map(\.path) == ["q", "t", "t/Subscriptions/s"])
    }

    @Test(arguments: [
        (DeliveryState.accepted, Settlement.complete),
        (.released, .release),
        (.modified(.init()), .abandon()),
        (.modified(.init(deliveryFailed: true, undeliverableHere: false, messageAnnotations: ["a": 1])), .abandon(properties: ["a": 1])),
        (.modified(.init(deliveryFailed: true, undeliverableHere: true)), .defer()),
        (.rejected(nil), .deadLetter(reason: nil, description: nil)),
        (
            .rejected(
                AMQPError(
                    "com.microsoft:dead-letter", "ignored",
                    info: [.symbol("DeadLetterReason"): "r", .symbol("k"): 1, .symbol("DeadLetterErrorDescription"): "d"])),
            .deadLetter(reason: "r", description: "d", properties: [.symbol("k"): 1])
        ),
        (.rejected(AMQPError("amqp:internal-error", "boom")), .deadLetter(reason: "amqp:internal-error", description: "boom")),
        (.transactional(transactionID: ByteBuffer(), outcome: .accepted), .complete),
    ])
    func outcomesAreReadFromDispositions(state: DeliveryState, settlement: Settlement) {
        #expect(Settlement(state) == settlement)
    }
}

extension AMQPValue: ExpressibleByIntegerLiteral {
    /// An int, in tests.
    init(integerLiteral value: Int32) { self = .int(value) }
}
