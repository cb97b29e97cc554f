import Foundation
import Logging
import ServiceBus

/// Our Service Bus client's side of Tests/Interop/second_server.py: `amqp-exchange play NAME CONNECTION-STRING ENTITY` does one thing
/// with the public interface of `ServiceBus`, and prints what came of it as JSON, one value a line. What it sends on the way is looked
/// at by whoever plays the server.
struct ServiceBusPlay {
    let namespace: Namespace
    let path: EntityPath

    /// A play's name and what it does.
    static let all: [String: @Sendable (ServiceBusPlay) async throws -> Void] = [
        "send": { try await $0.send() },
        "batch": { try await $0.batch() },
        "schedule": { try await $0.schedule() },
        "settle": { try await $0.settle() },
        "renew": { try await $0.renew() },
        "deferred": { try await $0.deferred() },
        "drain": { try await $0.drain() },
        "delete-on-receipt": { try await $0.deleteOnReceipt() },
        "session": { try await $0.session(.named("a")) },
        "next-session": { try await $0.session(.next) },
        "session-ids": { $0.say(try await $0.namespace.sessionIDs(of: $0.path)) },
        "batch-delete": { try await $0.batchDelete() },
        "commit": { try await $0.transaction(fails: false) },
        "roll-back": { try await $0.transaction(fails: true) },
        "transactional-settlements": { try await $0.transactionalSettlements() },
        "rules": { try await $0.rules() },
        "large": { try await $0.large() },
        "requests-in-transaction": { try await $0.requestsInTransaction() },
        "exact-delete": { try await $0.exactly(.delete) },
        "exact-dead-letter": { try await $0.exactly(.deadLetter(reason: "Exact", description: "this one")) },
        "exact-move": { try await $0.exactly(.move(to: try EntityPath(parsing: "target"))) },
    ]

    static func run(_ arguments: [String]) async throws {
        guard arguments.count == 3, let play = all[arguments[0]] else {
            throw Failure("play NAME CONNECTION-STRING ENTITY, where NAME is one of \(all.keys.sorted().joined(separator: ", "))")
        }
        let connection = try ConnectionString(parsing: arguments[1])
        var logger = Logger(label: "play")
        logger.logLevel = .critical
        var configuration = Namespace.Configuration(endpoint: connection.messagingEndpoint)
        // Large messages take their time.
        configuration.requestTimeout = arguments[0] == "large" ? .seconds(120) : .seconds(5)
        let namespace = Namespace(configuration, tokens: try connection.tokenProvider(), logger: logger)
        do {
            try await play(ServiceBusPlay(namespace: namespace, path: try EntityPath(parsing: arguments[2])))
            await namespace.close()
        } catch {
            await namespace.close()
            throw error
        }
    }

    // MARK: What is said

    private func say(_ value: Any) {
        let data = (try? JSONSerialization.data(withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys])) ?? Data()
        write(to: 1, String(decoding: data, as: UTF8.self) + "\n")
    }

    /// A failure by what it is and what may have happened.
    private func say(_ failure: ServiceBusError) { say(["code": "\(failure.code)", "outcome": "\(failure.outcome)"]) }

    private func say(_ results: [Result<Void, ServiceBusError>]) {
        say(
            results.map { result in
                switch result {
                case .success: "ok"
                case .failure(let error): "\(error.code)"
                }
            })
    }

    private func message(_ body: String, session: String? = nil) -> OutgoingMessage {
        var message = OutgoingMessage(body: .data(Array(body.utf8)))
        message.messageID = "id \(body)"
        message.sessionID = session
        return message
    }

    /// A value of AMQP's type int.
    private static func number(_ value: Int64) -> PropertyValue { PropertyValue(typeName: "int", content: .integer(value)) }

    // MARK: Sending

    private func send() async throws {
        say(await namespace.send(each: ["a", "b", "c"].map { message($0) }, to: path))
    }

    private func batch() async throws {
        var batch = try await namespace.makeBatch(for: path)
        for number in 0..<5 { _ = batch.tryAdd(message("\(number)")) }
        try await namespace.send(batch, to: path)
        say(batch.count)
    }

    private func schedule() async throws {
        let time = Timestamp(milliseconds: 4_102_444_800_000)
        let numbers = try await namespace.schedule([message("a", session: "s"), message("b"), message("c")], at: time, on: path).get()
        say(numbers.map(\.rawValue))
        say(try await namespace.cancelScheduled(Array(numbers.prefix(2)), on: path).get().map(\.rawValue))
    }

    // MARK: Receiving

    /// Five messages, one settled in each way.
    private func settle() async throws {
        try await namespace.withReceiver(for: path) { receiver in
            let messages = try await receiver.receive(max: 5, wait: .seconds(5))
            guard messages.count == 5 else { throw Failure("\(messages.count) messages came") }
            try await receiver.complete(messages[0])
            try await receiver.abandon(messages[1], properties: [.init(name: "tried", value: Self.number(1))])
            try await receiver.defer(messages[2])
            try await receiver.deadLetter(messages[3], reason: "Because", description: "of a test")
            try await receiver.release(messages[4])
        }
    }

    private func renew() async throws {
        try await namespace.withReceiver(for: path) { receiver in
            let messages = try await receiver.receive(max: 2, wait: .seconds(5))
            say(try await receiver.renewLocks(of: messages).count)
            say(await receiver.settle(messages, .complete))
        }
    }

    private func deferred() async throws {
        try await namespace.withReceiver(for: path) { receiver in
            let messages = try await receiver.receiveDeferred([SequenceNumber(1), SequenceNumber(2), SequenceNumber(3)])
            say(messages.count)
            try await receiver.complete(messages[0])
            try await receiver.deadLetter(messages[1], reason: "Because", description: "of a test")
            try await receiver.abandon(messages[2])
        }
    }

    /// Asks for more than there is, and leaves: nothing may stay locked.
    private func drain() async throws {
        try await namespace.withReceiver(for: path) { receiver in
            say(try await receiver.receive(max: 10, wait: .seconds(1)).count)
        }
    }

    private func deleteOnReceipt() async throws {
        try await namespace.withReceiver(for: path, mode: .receiveAndDelete) { receiver in
            say(try await receiver.receive(max: 10, wait: .seconds(1)).count)
        }
    }

    // MARK: Sessions

    private func session(_ choice: SessionChoice) async throws {
        try await namespace.withSession(choice, of: path, wait: .seconds(3)) { session in
            say(session.id)
            try await session.setState(Array("state".utf8))
            say(String(decoding: try await session.state() ?? [], as: UTF8.self))
            try await session.setState(nil)
            say(try await session.renewLock().milliseconds > 0)
            for message in try await session.receiver.receive(max: 10, wait: .seconds(1)) { try await session.receiver.complete(message) }
        }
    }

    // MARK: Many at once

    private func batchDelete() async throws {
        let result = await namespace.deleteMessages(in: path, enqueuedBefore: Timestamp(milliseconds: 4_102_444_800_000))
        say(result.done)
        if let failure = result.failure { say(failure) }
    }

    private func transaction(fails: Bool) async throws {
        let path = path
        let target = try EntityPath(parsing: "target")
        do {
            try await namespace.withTransactionScope { scope in
                try await scope.withReceiver(for: path) { receiver in
                    let messages = try await receiver.receive(max: 1, wait: .seconds(5))
                    try await scope.withTransaction { transaction in
                        say(await scope.send(each: messages.map { ForwardedMessage($0) }, to: target, in: transaction))
                        say(await receiver.settle(messages, .complete, in: transaction))
                        if fails { throw Failure("as asked") }
                    }
                }
            }
            say("committed")
        } catch let error as ServiceBusError {
            say(error)
        } catch is Failure {
            say("rolled back")
        }
    }

    private func transactionalSettlements() async throws {
        let path = path
        try await namespace.withTransactionScope { scope in
            try await scope.withReceiver(for: path) { receiver in
                let messages = try await receiver.receive(max: 3, wait: .seconds(5))
                try await scope.withTransaction { transaction in
                    say(await receiver.settle([messages[0]], .abandon(), in: transaction))
                    say(await receiver.settle([messages[1]], .defer(), in: transaction))
                    say(await receiver.settle([messages[2]], .deadLetter(reason: "Because", description: "of a test"), in: transaction))
                }
            }
        }
    }

    /// Schedules and settles by lock token inside a transaction, once in vain and once for good.
    private func requestsInTransaction() async throws {
        let path = path
        try await namespace.withReceiver(for: path, atEnd: .stayLocked) { receiver in
            let messages = try await receiver.receive(max: 1, wait: .seconds(5))
            try await namespace.withTransactionScope { scope in
                for fails in [true, false] {
                    do {
                        try await scope.withTransaction { transaction in
                            let time = Timestamp(milliseconds: 4_102_444_800_000)
                            say(try await scope.schedule([message("a"), message("b")], at: time, on: path, in: transaction).get().count)
                            say(await scope.settle(messages, .complete, on: path, in: transaction))
                            if fails { throw Failure("as asked") }
                        }
                        say("committed")
                    } catch is Failure {
                        say("rolled back")
                    }
                }
            }
        }
    }

    /// The largest message that the premium tier takes, there and back; and one that is a little larger.
    private func large() async throws {
        let largest = 104_857_600
        func body(_ count: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count)
            // Bytes in which a lost, doubled or moved frame shows.
            for number in 0..<UInt32(count / 4) { withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) } }
            return bytes
        }
        let sent = body(largest - 128)
        let start = ContinuousClock.now
        try await namespace.send(OutgoingMessage(body: .data(sent)), to: path)
        let arrived = ContinuousClock.now
        try await namespace.withReceiver(for: path) { receiver in
            let messages = try await receiver.receive(max: 1, wait: .seconds(60))
            say(messages.map { $0.body.bytes.count })
            say(messages.first?.body.bytes == sent)
            for message in messages { try await receiver.complete(message) }
        }
        say(["sendSeconds": seconds(arrived - start), "receiveSeconds": seconds(ContinuousClock.now - arrived)])
        say(await namespace.send(each: [OutgoingMessage(body: .data(body(largest)))], to: path))
        say(try await namespace.peek(path, from: SequenceNumber(0), count: 1).count)
    }

    private func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    // MARK: Rules

    private func rules() async throws {
        var correlation = SubscriptionRule.Correlation()
        correlation.subject = "red"
        correlation.sessionID = "s"
        let tenant = PropertyValue(typeName: "string", content: .text("emea"))
        correlation.properties = [.init(name: "tenant", value: tenant), .init(name: "priority", value: Self.number(3))]
        try await namespace.addRule(SubscriptionRule(name: "red", filter: .correlation(correlation)), to: path)
        try await namespace.addRule(SubscriptionRule(name: "sql", filter: .sql("a = 1"), action: "SET b = 2"), to: path)
        say(try await namespace.rules(of: path).map { "\($0.name): \($0.filter) \($0.action ?? "-")" })
        try await namespace.removeRule(named: "red", from: path)
        do {
            try await namespace.removeRule(named: "red", from: path)
            say("removed twice")
        } catch {
            say(error)
        }
        say(try await namespace.rules(of: path).map(\.name))
    }

    // MARK: Exactly one

    private func exactly(_ action: ExactAction) async throws {
        do {
            let report = try await namespace.perform(action, onExactly: SequenceNumber(4), in: path)
            say(["passedOver": report.passedOver, "stillLocked": report.stillLocked])
        } catch let error as ServiceBusError {
            say(error)
        }
    }
}
