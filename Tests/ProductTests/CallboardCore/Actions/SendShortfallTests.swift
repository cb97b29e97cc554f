import Testing

@testable import CallboardCore
@testable import ServiceBus

@Suite("What is said of a list that was not sent whole")
struct SendShortfallTests {
    private let endpoint = NamespaceEndpoint(host: "ns.example", identity: "key 'root'")

    private func failure(_ results: [ServiceBusError?]) throws -> OperatorError? {
        OperatorError(sending: results.map { $0.map { .failure($0) } ?? .success(()) }, at: endpoint)
    }

    private func tooLarge() throws -> ServiceBusError {
        ServiceBusError(.messageTooLarge, "the message is too large", entity: try .queue("q"))
    }

    private func lost() throws -> ServiceBusError {
        var error = ServiceBusError(.unreachable, "the connection was lost", entity: try .queue("q"))
        error.outcome = .unknown
        return error
    }

    @Test("all sent is no error")
    func whole() throws {
        #expect(try failure([nil, nil]) == nil)
        #expect(try failure([]) == nil)
    }

    @Test("nothing sent keeps its own code, and says that it is nothing")
    func nothing() throws {
        let one = try #require(try failure([tooLarge()]))
        #expect(one.code == .service)
        #expect(one.message == "Sending to q: the message is too large")
        #expect(one.auditStage(of: event) == .failed)
        let two = try #require(try failure([tooLarge(), tooLarge()]))
        #expect(two.exitCode == 1)
        #expect(two.message == "Sending to q: the message is too large. None of the 2 messages was sent.")
        #expect(two.shortfall == SendShortfall(count: 2, notSent: [0, 1]))
        #expect(two.auditStage(of: event) == .failed)
    }

    @Test("some sent is partly done, with how many and which")
    func some() throws {
        let error = try #require(try failure([nil, tooLarge(), nil]))
        #expect(error.exitCode == 5)
        #expect(error.message == "Sending to q: the message is too large. 2 of 3 messages were sent, 1 was not.")
        #expect(error.hint.contains("Send only those that were not sent"))
        #expect(error.shortfall == SendShortfall(count: 3, notSent: [1]))
        #expect(error.shortfall?.places(in: "f.jsonl", lines: [1, 3, 4]) == "Not sent: line 3 of f.jsonl.")
        #expect(error.auditStage(of: event) == .partly)
        #expect(!error.isOutcomeUnknown)
    }

    @Test("what nobody knows is not told as not sent")
    func unknown() throws {
        let error = try #require(try failure([nil, tooLarge(), nil, lost(), lost()]))
        #expect(error.exitCode == 5)
        #expect(
            error.message
                == "Sending to q: the message is too large. 2 of 5 messages were sent, 1 was not, and of 2 it is not known (the connection was lost)."
        )
        #expect(error.shortfall?.places(in: "f", lines: [1, 2, 3, 4, 5]) == "Not sent: line 2 of f. Not known: lines 4-5 of f.")
        #expect(error.isOutcomeUnknown)
        let only = try #require(try failure([lost()]))
        #expect(only.exitCode == 5)
        #expect(only.message == "Sending to q at ns.example: the connection was lost. It is not known whether the message was sent.")
        #expect(only.auditStage(of: event) == .partly)
    }

    @Test("whoever stopped it is told so, and the ledger that it was partly done")
    func stopped() throws {
        let error = try #require(try failure([nil, ServiceBusError(.cancelled, "stopped", entity: try .queue("q"))]))
        #expect(error.exitCode == 130)
        #expect(error.auditStage(of: event) == .partly)
    }

    @Test("lines are named in runs, and no more of them than anybody reads")
    func runs() {
        let shortfall = SendShortfall(count: 3000, notSent: [0, 1, 2, 4] + Array(stride(from: 10, to: 3000, by: 2)))
        let said = shortfall.places(in: "f", lines: Array(1...3000))
        #expect(said.hasPrefix("Not sent: lines 1-3, 5, 11, 13,"))
        #expect(said.hasSuffix(", 45 and 1477 more of f."))
    }

    private var event: AuditEvent {
        let actor = AuditActor(name: "tester", kind: .local, host: "here")
        return AuditEvent(.sendMessage, .intended, by: actor, context: "test", namespace: "ns.example")
    }
}
