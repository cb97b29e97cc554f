import AMQP
import NIOCore
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Sessions")
struct SessionTests {
    private let orders: EntityPath
    private let gateway = MemoryGateway()

    init() throws { orders = try EntityPath.queue("orders") }

    private func workspace(_ context: OperatorContext = OperatorContext(name: "demo"), isEmulator: Bool = true) -> Workspace {
        Workspace(context: context, gateway: isEmulator ? gateway : MemoryGateway(NamespaceEndpoint(host: "h")))
    }

    private func message(_ number: Int64, _ session: String?, state: Int32 = 0) throws -> PeekedMessage {
        var content = MessageContent(body: .data([ByteBuffer(string: "x")]))
        var properties = Properties()
        properties.groupID = session
        content.properties = properties
        content.messageAnnotations = AMQPMap([
            .init(key: .symbol("x-opt-sequence-number"), value: .long(number)),
            .init(key: .symbol("x-opt-enqueued-time"), value: .timestamp(number * 1000)),
            .init(key: .symbol("x-opt-message-state"), value: .int(state)),
        ])
        return try #require(PeekedMessage(Message(content.encoded)))
    }

    private func fill() throws {
        let messages = try [
            message(1, "b"), message(2, "a"), message(3, "a", state: 1), message(4, "a"), message(5, "later", state: 2), message(6, nil),
        ]
        gateway.with { [orders] in
            $0.messages[orders] = messages
            $0.sessionStates["only state"] = [1]
        }
    }

    @Test("are listed in the order of their ids, without reading a message")
    func list() async throws {
        try fill()
        let sessions = try await workspace().sessions(of: orders)
        #expect(sessions == ["a", "b", "only state"].map { SessionSummary(id: $0) })
        #expect(gateway.with { $0.asked.isEmpty })
    }

    @Test("are counted by the states of their messages; those with scheduled ones only are found too")
    func counts() async throws {
        try fill()
        let sessions = try await workspace().sessions(of: orders, isCounting: true)
        #expect(sessions.map(\.id) == ["a", "b", "later", "only state"])
        let counts = sessions.compactMap(\.counts)
        #expect(counts.map(\.active) == [2, 1, 0, 0])
        #expect(counts.map(\.deferred) == [1, 0, 0, 0])
        #expect(counts.map(\.scheduled) == [0, 0, 1, 0])
        #expect(counts.map { $0.oldest?.milliseconds } == [2000, 1000, 5000, nil])
    }

    @Test("one that neither holds messages nor has a state is not found")
    func unknown() async throws {
        for withState in [true, false] {
            let error = await #expect(throws: OperatorError.self) {
                _ = try await workspace().session("nobody", of: orders, withState: withState)
            }
            #expect(error?.exitCode == 4)
        }
    }

    @Test("the state is shown, or that another receiver holds the session")
    func state() async throws {
        gateway.with {
            $0.sessionStates["s"] = Array("step 3".utf8)
            $0.heldSessions = ["held"]
        }
        #expect(try await workspace().session("s", of: orders).state == .bytes(Array("step 3".utf8)))
        #expect(try await workspace().session("held", of: orders).state == .heldElsewhere)
    }

    @Test("the state is changed by leave only")
    func change() async throws {
        let here = workspace()
        try await here.setSessionState([1, 2], of: "s", in: orders, with: here.leave(for: .setSessionState, on: orders))
        #expect(gateway.with { $0.sessionStates["s"] } == [1, 2])
        try await here.setSessionState(nil, of: "s", in: orders, with: here.leave(for: .setSessionState, on: orders))
        #expect(gateway.with { $0.sessionStates["s"] } == nil)
        let live = workspace(OperatorContext(name: "live"), isEmulator: false)
        let foreign = try live.leave(for: .setSessionState, on: orders)
        let error = await #expect(throws: OperatorError.self) { try await here.setSessionState([3], of: "s", in: orders, with: foreign) }
        #expect(error?.code == .refused)
        let other = await #expect(throws: OperatorError.self) {
            try await here.setSessionState([3], of: "s", in: orders, with: here.leave(for: .sendMessage, on: orders))
        }
        #expect(other?.code == .refused)
        #expect(gateway.with { $0.sessionStates["s"] } == nil)
    }

    // MARK: Output

    private func printed(_ state: SessionState, _ format: OutputFormat) -> String {
        var counts = SessionSummary.Counts()
        counts.active = 2
        let detail = SessionDetail(summary: SessionSummary(id: "a\u{1b}", counts: counts), state: state)
        return String(decoding: ListOutput.all([SessionDetailRecord(detail)], format), as: UTF8.self)
    }

    @Test("a session is written as one object; a state that is no text in base64")
    func json() {
        let head = #"{"sessionId":"a\u001b","counts":{"active":2,"deferred":0,"scheduled":0},"oldestEnqueuedTime":null,"stateStatus":"#
        #expect(
            printed(.bytes(Array("ok".utf8)), .jsonl)
                == head + #""set","state":{"encoding":"utf-8","text":"ok","sizeBytes":2}}"# + "\n")
        #expect(
            printed(.bytes([0xff, 0]), .jsonl) == head + #""set","state":{"encoding":"base64","text":"/wA=","sizeBytes":2}}"# + "\n")
        #expect(printed(.none, .jsonl) == head + #""none","state":null}"# + "\n")
        #expect(printed(.heldElsewhere, .jsonl) == head + #""heldElsewhere","state":null}"# + "\n")
        #expect(printed(.notAsked, .jsonl) == head + #""notAsked","state":null}"# + "\n")
    }

    @Test("in a table, what is not known is a dash or says why, and control characters are shown")
    func table() {
        let table = printed(.heldElsewhere, .table)
        #expect(table.contains("another receiver holds the session"))
        #expect(!table.contains("\u{1b}"))
        #expect(printed(.bytes([0xff, 0]), .table).contains("2 bytes"))
        #expect(printed(.notAsked, .table).split(separator: "\n").last?.hasSuffix("–") == true)
        let uncounted = String(decoding: ListOutput.all([SessionRecord(SessionSummary(id: "s"))], .table), as: UTF8.self)
        #expect(uncounted.split(separator: "\n").last?.split(separator: " ") == ["s", "–", "–", "–", "–"])
    }
}
