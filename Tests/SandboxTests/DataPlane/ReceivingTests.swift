import ServiceBus
import Testing

@testable import Sandbox

@Suite("Receiving and settling", .timeLimit(.minutes(2)))
struct ReceivingTests {
    @Test("as many messages come as were asked for, and no others are locked")
    func exactCredit() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(10)
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                let first = try await receiver.receive(max: 3, wait: .seconds(10))
                #expect(first.bodies == ["0", "1", "2"])
                #expect(try await fixture.locked().count == 3)
                let rest = try await receiver.receive(max: 100, wait: .seconds(10))
                #expect(rest.bodies == ["3", "4", "5", "6", "7", "8", "9"])
            }
            #expect(try await fixture.locked().isEmpty)
        }
    }

    @Test("a receive without a wait takes what is there, and nothing is locked after one that found nothing")
    func noWait() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                #expect(try await receiver.receive(max: 5, wait: .zero).isEmpty)
                try await fixture.send(2)
                #expect(try await fixture.locked().isEmpty)
                #expect(try await receiver.receive(max: 5, wait: .zero).bodies == ["0", "1"])
            }
        }
    }

    @Test("a receive waits for the first message")
    func waits() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                async let received = receiver.receive(max: 5, wait: .seconds(20))
                try await fixture.send(1)
                #expect(try await received.bodies == ["0"])
            }
        }
    }

    @Test("a cancelled receive leaves nothing locked and no delivery counted")
    func cancelled() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                let task = Task { try await receiver.receive(max: 5, wait: .seconds(60)) }
                await Task.yield()
                task.cancel()
                let error = await failure { _ = try await task.value }
                #expect(error?.code == .cancelled)
                try await fixture.send(3)
                #expect(try await fixture.locked().isEmpty)
                #expect(try await receiver.receive(max: 5, wait: .seconds(10)).map(\.deliveryCount) == [0, 0, 0])
            }
        }
    }

    @Test("each outcome does what it says")
    func outcomes() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(5)
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                let messages = try await receiver.receive(max: 5, wait: .seconds(10))
                try #require(messages.count == 5)
                let mark = OutgoingMessage.Property(name: "mark", value: PropertyValue(typeName: "int", content: .integer(7)))
                try await receiver.complete(messages[0])
                try await receiver.abandon(messages[1], properties: [mark])
                try await receiver.defer(messages[2], properties: [mark])
                try await receiver.deadLetter(messages[3], reason: "bad", description: "very bad", properties: [mark])
                try await receiver.release(messages[4])
            }
            let left = try await fixture.peek()
            #expect(left.map { $0.body.text } == ["1", "2", "4"])
            #expect(left.map(\.state) == [.active, .deferred, .active])
            #expect(left.map(\.deliveryCount) == [1, 1, 0])
            #expect(left[0].applicationProperties.map(\.name) == ["mark"])
            let dead = try await fixture.peek(fixture.q.deadLetter)
            #expect(dead.map { $0.body.text } == ["3"])
            #expect(dead.first?.deadLetterReason == "bad")
            #expect(dead.first?.deadLetterErrorDescription == "very bad")
            #expect(dead.first?.applicationProperties.contains { $0.name == "mark" && $0.value == mark(7) } == true)
        }
    }

    private func mark(_ value: Int64) -> PropertyValue { PropertyValue(typeName: "int", content: .integer(value)) }

    @Test("many messages are settled at once, whatever their order, and each has its own result")
    func many() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(300)
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                var messages: [ReceivedMessage] = []
                while messages.count < 300 { messages += try await receiver.receive(max: 300 - messages.count, wait: .seconds(10)) }
                messages.swapAt(3, 200)
                messages.swapAt(17, 18)
                let results = await receiver.settle(messages, .complete)
                #expect(results.count == 300)
                #expect(results.failures.isEmpty)
            }
            #expect(try await fixture.counts().active == 0)
        }
    }

    @Test("settling after the lock ended fails as such, and the link lives on")
    func lockLost() async throws {
        try await DataPlaneFixture.run(queue: { $0.lockDuration = 50 }) { fixture in
            try await fixture.send(1)
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                let message = try #require(try await receiver.receive(max: 1, wait: .seconds(10)).first)
                #expect(try await eventually { try await fixture.locked().isEmpty })
                let error = await failure { try await receiver.complete(message) }
                #expect(error?.code == .lockLost)
                #expect(error?.outcome == .notCarriedOut)
                #expect(error?.trackingID != nil)
                let again = try await receiver.receive(max: 1, wait: .seconds(10))
                #expect(again.map(\.deliveryCount) == [1])
            }
        }
    }

    @Test("locks are renewed together")
    func renewal() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(3)
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                let messages = try await receiver.receive(max: 3, wait: .seconds(10))
                let times = try await receiver.renewLocks(of: messages)
                #expect(times.count == 3)
                for (message, time) in zip(messages, times) {
                    #expect(time >= (message.lock?.until ?? Timestamp(milliseconds: .max)))
                }
            }
        }
    }

    @Test("deferred messages are received and settled by number")
    func deferred() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(3)
            try await fixture.namespace.withReceiver(for: fixture.q) { receiver in
                let messages = try await receiver.receive(max: 3, wait: .seconds(10))
                for message in messages { try await receiver.defer(message) }
                let numbers = messages.map(\.sequenceNumber)
                let again = try await receiver.receiveDeferred(numbers)
                #expect(again.map(\.sequenceNumber) == numbers)
                try await receiver.complete(again[0])
                try await receiver.deadLetter(again[1], reason: "r")
                try await receiver.abandon(again[2])
                #expect(try await receiver.receiveDeferred([SequenceNumber(99)]).isEmpty)
            }
            #expect(try await fixture.bodies() == ["2"])
            #expect(try await fixture.peek().map(\.state) == [.deferred])
            #expect(try await fixture.bodies(fixture.q.deadLetter) == ["1"])
        }
    }

    @Test("messages can be settled by their lock tokens after the link is gone")
    func afterwards() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(2)
            let messages = try await fixture.namespace.withReceiver(for: fixture.q, atEnd: .stayLocked) { receiver in
                try await receiver.receive(max: 2, wait: .seconds(10))
            }
            #expect(try await fixture.locked().count == 2)
            let completed = await fixture.namespace.settle(Array(messages.prefix(1)), .complete, on: fixture.q)
            #expect(completed.held == 1)
            let released = await fixture.namespace.settle(Array(messages.suffix(1)), .release, on: fixture.q)
            #expect(released.failures.map(\.code) == [.invalidRequest])
            #expect(try await fixture.bodies() == ["1"])
        }
    }

    @Test("what is received and deleted is gone and cannot be settled")
    func receiveAndDelete() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(3)
            try await fixture.namespace.withReceiver(for: fixture.q, mode: .receiveAndDelete) { receiver in
                let messages = try await receiver.receive(max: 2, wait: .seconds(10))
                #expect(messages.bodies == ["0", "1"])
                #expect(messages.allSatisfy { $0.lock == nil })
                #expect(await receiver.settle(messages, .complete).failures.map(\.code) == [.invalidRequest, .invalidRequest])
            }
            #expect(try await fixture.bodies() == ["2"])
        }
    }

    @Test("prefetched messages are handed out in order, and the rest is given back at the end")
    func prefetch() async throws {
        try await DataPlaneFixture.run { fixture in
            try await fixture.send(20)
            try await fixture.namespace.withReceiver(for: fixture.q, prefetch: 10) { receiver in
                var bodies: [String] = []
                while bodies.count < 5 { bodies += try await receiver.receive(max: 5 - bodies.count, wait: .seconds(10)).bodies }
                #expect(bodies == ["0", "1", "2", "3", "4"])
            }
            #expect(try await eventually { try await fixture.locked().isEmpty })
            #expect(try await fixture.peek().allSatisfy { $0.deliveryCount == 0 })
        }
    }

    @Test("a receiver on an entity that is not there fails as such")
    func missing() async throws {
        try await DataPlaneFixture.run { fixture in
            let path = try EntityPath.queue("nowhere")
            let error = await failure {
                try await fixture.namespace.withReceiver(for: path) { _ = try await $0.receive(max: 1, wait: .zero) }
            }
            #expect(error?.code == .entityNotFound)
            #expect(error?.entity == path)
        }
    }
}
