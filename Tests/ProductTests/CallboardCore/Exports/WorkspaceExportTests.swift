import AMQP
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Exact export of an entity")
struct WorkspaceExportTests {
    private let fixture: ExportFixture
    private let orders: EntityPath
    private let gateway = MemoryGateway()

    init() throws {
        fixture = try ExportFixture()
        orders = try EntityPath.queue("orders").deadLetter
        let messages = try (1...1000).map { number in
            try Messages.make(number, body: "body \(number)") { $0.applicationProperties["even"] = .boolean(number % 2 == 0) }
        }
        gateway.with { [orders] in $0.messages[orders] = messages }
    }

    private func workspace(_ context: OperatorContext = OperatorContext(name: "demo")) -> Workspace {
        Workspace(context: context, gateway: gateway, now: { Timestamp(milliseconds: 1000) })
    }

    private var exported: [Int64] { get throws { try fixture.read(try fixture.bytes).map(\.sequenceNumber.rawValue) } }

    @Test("all messages in order, with a header that says where they are from")
    func all() async throws {
        var told: [ExportProgress] = []
        let summary = try await workspace().exportWithLeave(orders, to: fixture.file) { told.append($0) }
        #expect(summary.count == 1000)
        #expect(try exported == Array(1...1000))
        let header = try ExportReader(fixture.file).header
        #expect(header.entity == orders)
        #expect(header.namespace == "localhost:5672")
        #expect(header.context == "demo")
        #expect(header.exportedAt == Timestamp(milliseconds: 1000))
        #expect(header.reason == .export)
        #expect(told.map(\.count) == [250, 500, 750, 1000])
    }

    @Test("ranges, exact numbers and a condition choose; together they all must")
    func selections() async throws {
        func export(_ options: ExportOptions) async throws -> [Int64] {
            var options = options
            options.isOverwriting = true
            _ = try await workspace().exportWithLeave(orders, options, to: fixture.file)
            return try exported
        }
        let ranges = [SequenceNumber(5)...SequenceNumber(6), SequenceNumber(999)...SequenceNumber(2000)]
        #expect(try await export(ExportOptions(selection: .within(ranges))) == [5, 6, 999, 1000])
        // 3 and 5 are near enough for one question: 4 is seen, and not written.
        let numbers = SequenceNumberSet([3, 5, 700, 4000].map { SequenceNumber($0) })
        #expect(try await export(ExportOptions(selection: .numbers(numbers))) == [3, 5, 700])
        let even = try SQLFilter("even = TRUE", dialect: .operatorExpression)
        #expect(try await export(ExportOptions(condition: even)) == Array(stride(from: 2, through: 1000, by: 2)))
        #expect(try await export(ExportOptions(selection: .numbers(numbers), condition: even)) == [700])
    }

    @Test("what a peek fails with is told, and no file stays")
    func failure() async throws {
        gateway.with { $0.failingPeek = (2, OperatorError(.throttled, "busy")) }
        await #expect(throws: OperatorError(.throttled, "busy")) { try await workspace().exportWithLeave(orders, to: fixture.file) }
        #expect(try fixture.files.isEmpty)
    }

    @Test("a condition without an answer is told, and no file stays")
    func condition() async throws {
        let division = try SQLFilter("sys.SequenceNumber / 0 = 1", dialect: .operatorExpression)
        await #expect { try await workspace().exportWithLeave(orders, ExportOptions(condition: division), to: fixture.file) } throws: {
            ($0 as? OperatorError)?.code == .usage
        }
        #expect(try fixture.files.isEmpty)
    }

    @Test("stopped, it leaves no file")
    func cancelled() async throws {
        let task = Task { [file = fixture.file, orders, workspace = workspace()] in
            _ = try await workspace.exportWithLeave(orders, to: file) { _ in withUnsafeCurrentTask { $0?.cancel() } }
        }
        await #expect { try await task.value } throws: { ($0 as? OperatorError)?.code == .cancelled }
        #expect(try fixture.files.isEmpty)
    }

    @Test("a file that is there is told of before anything is asked of the namespace")
    func existing() async throws {
        try fixture.folder.write("messages.cbx", "mine")
        await #expect { try await workspace().exportWithLeave(orders, to: fixture.file) } throws: {
            ($0 as? OperatorError)?.code == .conflict
        }
        #expect(gateway.with { $0.asked.isEmpty })
    }

    @Test("a context that masks gives no exact export, and asks nothing")
    func masked() async throws {
        let context = OperatorContext(name: "shop", isProduction: true)
        await #expect { try await workspace(context).exportWithLeave(orders, to: fixture.file) } throws: { error in
            guard let error = error as? OperatorError else { return false }
            return error.code == .refused && error.message.contains("'shop' masks") && !error.hint.isEmpty
        }
        #expect(try fixture.files.isEmpty)
        #expect(gateway.with { $0.asked.isEmpty })
    }

    @Test("a writer takes no message of which something is masked, wherever it comes from")
    func maskedMessage() async throws {
        let secret = try Messages.make(1) { $0.applicationProperties["password"] = .string("hunter2") }
        gateway.with { [orders] in $0.messages[orders] = [secret] }
        let context = OperatorContext(name: "shop", isProduction: true)
        let shown = try await workspace(context).peek(orders)
        let writer = try ExportWriter(to: fixture.file, header: fixture.header)
        #expect { for message in shown { try writer.append(message) } } throws: { ($0 as? OperatorError)?.code == .refused }
        #expect(shown.count == 1)
        #expect(try fixture.files.isEmpty)
    }

    @Test("a writer is fed with pages from anywhere")
    func pages() async throws {
        let writer = try ExportWriter(to: fixture.file, header: fixture.header)
        try await writer.append(pages: workspace().scan(orders, options: PeekOptions(), limit: 3))
        try writer.append(try Messages.make(9000))
        #expect(try writer.finish().count == 4)
        #expect(try exported == [1, 2, 3, 9000])
    }
}
