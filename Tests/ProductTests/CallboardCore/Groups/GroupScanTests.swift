import AMQP
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

@Suite("Scans that sort messages into groups")
struct GroupScanTests {
    private let path: EntityPath
    private let gateway: MemoryGateway
    private let workspace: Workspace

    init() throws {
        path = try EntityPath(parsing: "orders").deadLetter
        var state = MemoryGateway.State()
        state.messages[path] = try (1...1000 as ClosedRange<Int64>).map { try Self.dead($0) }
        gateway = MemoryGateway(NamespaceEndpoint(host: "localhost:5672", isEmulator: true), state)
        workspace = Workspace(context: OperatorContext(name: "test"), gateway: gateway)
    }

    private static func dead(_ number: Int64) throws -> PeekedMessage {
        try Messages.make(number, reason: number % 10 == 0 ? "Deadlock" : "Timeout") { content in
            content.applicationProperties.pairs.append(.init(key: .string("region"), value: .string("eu")))
        }
    }

    /// Runs a scan and gives what it said.
    private func reports(
        _ scan: GroupScan, _ each: @escaping @Sendable (GroupScan.Progress) -> Void = { _ in }
    ) async -> (reports: [GroupScan.Progress], error: OperatorError?) {
        let reports = Mutex<[GroupScan.Progress]>([])
        var failure: OperatorError?
        do throws(OperatorError) {
            try await scan.run(in: workspace) { progress in
                reports.withLock { $0.append(progress) }
                each(progress)
            }
        } catch { failure = error }
        return (reports.withLock { $0 }, failure)
    }

    @Test("says what it knows at the first page and at the end")
    func whole() async throws {
        let (reports, error) = await reports(GroupScan(path, by: []))
        #expect(error == nil)
        let (first, last) = (try #require(reports.first), try #require(reports.last))
        #expect(first.scanned == 250 && !first.isComplete)
        #expect(last.scanned == 1000 && last.isComplete && last.passed == 1)
        #expect(last.groups.map(\.title) == ["Timeout", "Deadlock"])
        #expect(last.groups.map(\.count) == [900, 100])
        #expect(last.bound == SequenceNumber(1000))
        #expect(last.propertyNames == ["region"])
    }

    @Test("ends at the newest message there was when it began")
    func bound() async throws {
        let (gateway, path) = (gateway, path)
        let newer = try (1001...1100 as ClosedRange<Int64>).map { try Self.dead($0) }
        // The first page is told before the end is known to the scan, but the end was asked for first; so they come with the failure.
        gateway.with { $0.failingPeek = (2, OperatorError(.unreachable, "lost")) }
        let scan = GroupScan(path, by: [])
        let (_, error) = await reports(scan)
        #expect(error?.code == .unreachable)
        gateway.with { $0.messages[path]?.append(contentsOf: newer) }
        let last = try #require(await reports(scan).reports.last)
        #expect(last.isComplete && last.scanned == 1000 && last.bound == SequenceNumber(1000))
    }

    @Test("a scan that was stopped goes on where it stood, and counts nothing twice")
    func resume() async throws {
        let scan = GroupScan(path, by: [])
        let task = Task {
            await reports(scan) { _ in withUnsafeCurrentTask { $0?.cancel() } }
        }
        let (stopped, error) = await task.value
        #expect(error?.code == .cancelled)
        let halfway = try #require(stopped.last)
        #expect(!halfway.isComplete && halfway.scanned < 1000 && halfway.scanned >= 250)
        let (rest, failure) = await reports(scan)
        let last = try #require(rest.last)
        #expect(failure == nil && last.isComplete && last.scanned == 1000)
        #expect(last.groups.map(\.count) == [900, 100])
    }

    @Test("after a failure, too")
    func failure() async throws {
        gateway.with { $0.failingPeek = (3, OperatorError(.unreachable, "lost")) }
        let scan = GroupScan(path, by: [])
        let (reports, error) = await reports(scan)
        #expect(error?.code == .unreachable)
        #expect(reports.last.map { $0.scanned > 0 && $0.scanned < 1000 && $0.passed > 0 && $0.passed < 1 } == true)
        let last = try #require(await self.reports(scan).reports.last)
        #expect(last.isComplete && last.groups.map(\.count) == [900, 100])
    }

    @Test("partitions are read one after the other, each message once")
    func partitions() async throws {
        let numbers = (0..<3 as Range<Int64>).flatMap { partition in (1...300 as ClosedRange<Int64>).map { partition << 48 + $0 } }
        let messages = try numbers.map { try Self.dead($0) }
        let (gateway, path) = (gateway, path)
        gateway.with { $0.messages[path] = messages }
        let last = try #require(await reports(GroupScan(path, by: [])).reports.last)
        #expect(last.scanned == 900 && last.isComplete && last.passed == 1)
        #expect(last.bound == SequenceNumber(2 << 48 + 300))
        #expect(last.groups.reduce(0) { $0 + $1.count } == 900)
    }

    @Test("an empty queue is done at once")
    func empty() async throws {
        let (reports, error) = await reports(GroupScan(try EntityPath(parsing: "none").deadLetter, by: []))
        #expect(error == nil && reports.count == 1)
        #expect(reports.last.map { $0.isComplete && $0.scanned == 0 && $0.groups.isEmpty && $0.bound == nil } == true)
    }

    @Test("few messages that differ are shown as they are, many are counted")
    func singles() async throws {
        gateway.with { $0.messages[path]?.removeLast(900) }
        let few = await reports(GroupScan(path, by: try GroupKey.parse("sys.SequenceNumber"))).reports.last
        #expect(few?.groups.count == 100 && few?.singles.isEmpty == true)
        gateway.with { state in state.messages[path] = try? (1...1000 as ClosedRange<Int64>).map { try Self.dead($0) } }
        let many = await reports(GroupScan(path, by: try GroupKey.parse("sys.SequenceNumber"))).reports.last
        #expect(many?.groups.isEmpty == true && many?.singles.count == 1000)
    }

    @Test("the messages of a group are read by their numbers, those that are gone are left out")
    func members() async throws {
        let wanted: [Int64] = [1, 2, 3, 500, 999, 1000, 2000]
        let pages = Mutex<[[Int64]]>([])
        let numbers = SequenceNumberSet(wanted.map { SequenceNumber($0) })
        try await workspace.scan(numbers, of: path, limit: 100) { page in pages.withLock { $0.append(page.map(\.sequenceNumber.rawValue)) }
        }
        #expect(pages.withLock { $0.flatMap(\.self) } == [1, 2, 3, 500, 999, 1000])
        pages.withLock { $0 = [] }
        try await workspace.scan(numbers, of: path, from: SequenceNumber(3), limit: 2) { page in
            pages.withLock { $0.append(page.map(\.sequenceNumber.rawValue)) }
        }
        #expect(pages.withLock { $0.flatMap(\.self) } == [3, 500])
    }
}
