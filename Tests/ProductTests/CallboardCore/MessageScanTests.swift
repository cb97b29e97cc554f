import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Scan")
struct MessageScanTests {
    private let orders: EntityPath
    private let gateway = MemoryGateway()

    init() throws {
        orders = try EntityPath.queue("orders")
        let messages = try Messages.run(1...1000)
        gateway.with { [orders] in $0.messages[orders] = messages }
    }

    private var workspace: Workspace { Workspace(context: OperatorContext(name: "demo"), gateway: gateway) }

    @Test("sees every message once, and ends at the empty page")
    func whole() async throws {
        var numbers: [Int64] = []
        for try await page in workspace.scan(orders) { numbers += page.map(\.sequenceNumber.rawValue) }
        #expect(numbers == Array(1...1000))
        #expect(gateway.with { $0.finishedScans } == 1)
    }

    @Test("ends at its limit, to the message", arguments: [0, 1, 250, 251, 999, 5000])
    func limit(count: Int) async throws {
        var numbers: [Int64] = []
        for try await page in workspace.scan(orders, from: SequenceNumber(101), limit: count) {
            numbers += page.map(\.sequenceNumber.rawValue)
        }
        #expect(numbers == Array((101...1000).prefix(count)))
        #expect(gateway.with { $0.finishedScans } == 1)
    }

    @Test("gives the error of a page and ends")
    func failure() async throws {
        gateway.with { $0.failingPeek = (2, OperatorError(.throttled, "busy")) }
        var iterator = workspace.scan(orders).makeAsyncIterator()
        #expect(try await iterator.next()?.count == 250)
        #expect(try await iterator.next()?.count == 250)
        await #expect(throws: OperatorError(.throttled, "busy")) { try await iterator.next() }
        #expect(try await iterator.next() == nil)
        #expect(gateway.with { $0.finishedScans } == 1)
    }

    @Test("a server that repeats a page is refused")
    func stuck() async throws {
        let page = [try Messages.make(3)]
        gateway.with { $0.stuckPage = page }
        var iterator = workspace.scan(orders).makeAsyncIterator()
        #expect(try await iterator.next()?.count == 1)
        await #expect { try await iterator.next() } throws: { ($0 as? OperatorError)?.code == .protocolMismatch }
    }

    @Test("a cancelled task ends it cleanly")
    func cancellation() async throws {
        let task = Task { [workspace, orders] in
            withUnsafeCurrentTask { $0?.cancel() }
            for try await _ in workspace.scan(orders) {}
        }
        await #expect { try await task.value } throws: { ($0 as? OperatorError)?.code == .cancelled }
        #expect(gateway.with { $0.finishedScans } == 1)
        #expect(gateway.with { $0.asked.isEmpty })
    }
}
