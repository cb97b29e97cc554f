import AMQP
import NIOCore
import Synchronization
import Testing

@testable import ServiceBus

@Suite("Message browser")
struct MessageBrowserTests {
    /// An entity of numbered messages that answers when it is told to.
    private final class Source: PeekSource {
        struct State {
            var messages: [PeekedMessage] = []
            var asked: [Int64] = []
            /// Answers wait while this is set, and are then given in the order of the closure's choice.
            var isHeld = false
            var waiting: [CheckedContinuation<Void, Never>] = []
            var failAt: Int?
        }
        let state: Mutex<State>

        init(_ messages: [PeekedMessage]) { state = Mutex(State(messages: messages)) }

        func page(from: Int64, count: Int) async throws(ServiceBusError) -> [PeekedMessage] {
            let (isHeld, fails) = state.withLock { state in
                state.asked.append(from)
                return (state.isHeld, state.failAt == state.asked.count)
            }
            if isHeld {
                await withTaskCancellationHandler {
                    await withCheckedContinuation { continuation in
                        let isCancelled = Task.isCancelled
                        state.withLock { if isCancelled { continuation.resume() } else { $0.waiting.append(continuation) } }
                    }
                } onCancel: {
                    release()
                }
            }
            if Task.isCancelled { throw ServiceBusError(CancellationError(), entity: nil) }
            if fails { throw ServiceBusError(.busy, "too busy", entity: nil) }
            return state.withLock { Array($0.messages.drop { $0.sequenceNumber.rawValue < from }.prefix(count)) }
        }

        func release() {
            let waiting = state.withLock { state in
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting.shuffled() { continuation.resume() }
        }
    }

    private static let path = try? EntityPath.queue("orders")

    private static func message(_ number: Int64, state: Int32 = 0) throws -> PeekedMessage {
        var content = MessageContent(body: .data([ByteBuffer(string: "body \(number)")]))
        content.messageAnnotations = AMQPMap([
            .init(key: .symbol("x-opt-sequence-number"), value: .long(number)),
            .init(key: .symbol("x-opt-message-state"), value: .int(state)),
        ])
        return try #require(PeekedMessage(Message(content.encoded)))
    }

    private static func browser(_ source: Source, _ options: BrowseOptions = BrowseOptions()) throws -> MessageBrowser {
        MessageBrowser(source: source, path: try #require(path), options: options)
    }

    private static func all(_ browser: MessageBrowser) async throws -> [Int64] {
        var numbers: [Int64] = []
        while let page = try await browser.nextPage() {
            #expect(!page.isEmpty)
            numbers += page.map(\.sequenceNumber.rawValue)
        }
        return numbers
    }

    @Test("all messages come, and then no page")
    func everything() async throws {
        let source = Source(try (1...3000).map { try Self.message($0) })
        let browser = try Self.browser(source)
        #expect(try await Self.all(browser) == Array(1...3000))
        #expect(try await browser.nextPage() == nil)
        #expect(source.state.withLock { $0.asked.contains(3001) }, "only an empty page after the last number ends a scan")
    }

    @Test("only what lies in ranges comes, in order and once, however they are given and whatever lies between them")
    func ranges() async throws {
        let source = Source(try (1...3000).map { try Self.message($0) })
        let ranges = ([900...1400, 5...5, 7...9, 1300...1500, 2990...4000] as [ClosedRange<Int64>]).map {
            SequenceNumber($0.lowerBound)...SequenceNumber($0.upperBound)
        }
        let all = try await Self.all(try Self.browser(source, BrowseOptions(end: .within(ranges))))
        #expect(all == [5, 7, 8, 9] + Array(900...1500) + Array(2990...3000))
        let later = try await Self.all(try Self.browser(source, BrowseOptions(from: SequenceNumber(8), end: .within(ranges))))
        #expect(later == all.filter { $0 >= 8 })
        #expect(try await Self.all(try Self.browser(source, BrowseOptions(end: .within([])))).isEmpty)
    }

    @Test("the extent is from the first message to the newest")
    func extent() async throws {
        let browser = try Self.browser(Source(try (7...1234).map { try Self.message($0) }))
        #expect(try await browser.extent() == [SequenceNumber(7)...SequenceNumber(1234)])
        #expect(try await Self.browser(Source([])).extent().isEmpty)
    }

    @Test("an empty entity has no page")
    func nothing() async throws {
        #expect(try await Self.all(try Self.browser(Source([]))).isEmpty)
    }

    @Test("from a number, to a number, to the newest there is now")
    func bounds() async throws {
        let source = Source(try (1...2000).map { try Self.message($0) })
        #expect(try await Self.all(try Self.browser(source, BrowseOptions(from: SequenceNumber(1500)))) == Array(1500...2000))
        #expect(try await Self.all(try Self.browser(source, BrowseOptions(end: .at(SequenceNumber(700))))) == Array(1...700))
        #expect(try await Self.all(try Self.browser(source, BrowseOptions(from: SequenceNumber(9), end: .at(SequenceNumber(8))))).isEmpty)
        let browser = try Self.browser(source, BrowseOptions(end: .atNewestNow))
        var numbers = try #require(try await browser.nextPage()).map(\.sequenceNumber.rawValue)
        let more = try (2001...2500).map { try Self.message($0) }
        source.state.withLock { $0.messages += more }
        numbers += try await Self.all(browser)
        #expect(numbers == Array(1...2000))
    }

    @Test("up to the newest there is now, in every partition")
    func boundsOfPartitions() async throws {
        let partitions: [Int64] = [0, 1, 7, 15]
        let numbers = partitions.flatMap { partition in (1...600).map { partition << 48 + $0 } }
        let source = Source(try numbers.map { try Self.message($0) })
        let browser = try Self.browser(source, BrowseOptions(end: .atNewestNow))
        var seen = try #require(try await browser.nextPage()).map(\.sequenceNumber.rawValue)
        let more = try (partitions + [3]).flatMap { partition in try (601...900).map { try Self.message(partition << 48 + $0) } }
        source.state.withLock { $0.messages = ($0.messages + more).sorted { $0.sequenceNumber < $1.sequenceNumber } }
        seen += try await Self.all(browser)
        #expect(seen == numbers)
        let late = try Self.browser(source, BrowseOptions(from: SequenceNumber(7 << 48 + 500), end: .atNewestNow))
        #expect(try await Self.all(late).first == 7 << 48 + 500)
        let beyond = try Self.browser(source, BrowseOptions(from: SequenceNumber(15 << 48 + 5000), end: .atNewestNow))
        #expect(try await Self.all(beyond).isEmpty)
    }

    @Test("only messages in the state asked for; pages without any are passed over")
    func states() async throws {
        let source = Source(try (1...2000).map { try Self.message($0, state: $0 == 1999 ? 1 : 0) })
        #expect(try await Self.all(try Self.browser(source, BrowseOptions(state: .deferred))) == [1999])
        #expect(try await Self.all(try Self.browser(source, BrowseOptions(state: .scheduled))).isEmpty)
    }

    @Test("a failure is told once; then the scan goes on where it stood", arguments: [1, 2, 5, 9])
    func failures(at place: Int) async throws {
        let source = Source(try (1...4000).map { try Self.message($0) })
        source.state.withLock { $0.failAt = place }
        let browser = try Self.browser(source)
        var numbers: [Int64] = []
        var told = 0
        while true {
            do throws(ServiceBusError) {
                guard let page = try await browser.nextPage() else { break }
                numbers += page.map(\.sequenceNumber.rawValue)
            } catch {
                #expect(error.code == .busy)
                told += 1
            }
        }
        #expect(told == 1)
        #expect(numbers == Array(1...4000))
    }

    @Test("a caller that is cancelled stops waiting, and what is under way is given up")
    func cancellation() async throws {
        let source = Source(try (1...1000).map { try Self.message($0) })
        source.state.withLock { $0.isHeld = true }
        let browser = try Self.browser(source)
        let caller = Task { try await browser.nextPage() }
        while source.state.withLock({ $0.waiting.isEmpty }) { await Task.yield() }
        caller.cancel()
        let error = await #expect(throws: ServiceBusError.self) { try await caller.value }
        #expect(error?.code == .cancelled)
        source.state.withLock { $0.isHeld = false }
        source.release()
        #expect(try await Self.all(browser) == Array(1...1000))
    }

    @Test("a browser that is finished gives nothing more")
    func finishing() async throws {
        let source = Source(try (1...1000).map { try Self.message($0) })
        let browser = try Self.browser(source)
        _ = try await browser.nextPage()
        await browser.finish()
        #expect(try await browser.nextPage() == nil)
    }

    @Test("a server that gives the same page again and again is an error and no endless scan")
    func stuck() async throws {
        struct Stuck: PeekSource {
            let page: [PeekedMessage]
            func page(from: Int64, count: Int) async throws(ServiceBusError) -> [PeekedMessage] { page }
        }
        let page = try (1...3).map { try Self.message($0) }
        let browser = MessageBrowser(source: Stuck(page: page), path: try #require(Self.path), options: BrowseOptions())
        let error = await #expect(throws: ServiceBusError.self) { _ = try await Self.all(browser) }
        #expect(error?.code == .protocolMismatch)
    }
}
