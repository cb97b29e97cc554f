import AMQP
import Synchronization
import Testing

@testable import CallboardCore

private struct Line: OutputRecord {
    let number: Int

    static let columns = [OutputColumn("number", isNumeric: true), OutputColumn("name")]

    func write(to row: inout TableRow) {
        row.cell(Int64(number))
        row.cell("line \(number)")
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("number", Int64(number))
            json.member("name", "line \(number)")
        }
    }
}

/// Keeps what is written; fails the test when two calls overlap.
private final class Paper: Sendable {
    private let text = Mutex<[UInt8]>([])
    private let writers = Mutex(0)

    func write(_ bytes: UnsafeRawBufferPointer) {
        #expect(
            writers.withLock {
                $0 += 1; return $0
            } == 1, "two wrote at once")
        text.withLock { $0.append(contentsOf: bytes) }
        writers.withLock { $0 -= 1 }
    }

    var written: String { String(decoding: text.withLock { $0 }, as: UTF8.self) }
}

@Suite("Output, page by page", .timeLimit(.minutes(3)))
struct PageOutputTests {
    /// Pages of very different lengths, so that later ones are ready before earlier ones.
    private static let pages: [[Line]] = {
        var next = 0
        return (0..<60).map { page in
            let length = page % 7 == 0 ? 400 : page % 5
            defer { next += length }
            return (next..<next + length).map { Line(number: $0) }
        }
    }()

    @Test("pages come out in order, as one list would", arguments: [OutputFormat.table, .json, .jsonl])
    func inOrder(format: OutputFormat) async {
        let paper = Paper()
        var output = PageOutput<Line>(format) { paper.write($0) }
        for page in Self.pages { await output.append(page) }
        await output.finish()
        let expected = ListOutput.all(Self.pages.flatMap { $0 }, format)
        #expect(paper.written == String(decoding: expected, as: UTF8.self))
    }

    @Test("no pages, or only empty ones, are an empty list", arguments: [OutputFormat.table, .json, .jsonl], [0, 2])
    func empty(format: OutputFormat, pages: Int) async {
        let paper = Paper()
        var output = PageOutput<Line>(format) { paper.write($0) }
        for _ in 0..<pages { await output.append([]) }
        await output.finish()
        #expect(paper.written == String(decoding: ListOutput<Line>.all([], format), as: UTF8.self))
    }

    @Test(
        "what was added before a failure is written, and a failure before anything is nothing",
        arguments: [OutputFormat.table, .json, .jsonl])
    func brokenOff(format: OutputFormat) async {
        let (paper, blank) = (Paper(), Paper())
        var output = PageOutput<Line>(format) { paper.write($0) }
        await output.append([Line(number: 1), Line(number: 2)])
        await output.append([Line(number: 3)])
        await output.breakOff()
        let whole = String(decoding: ListOutput.all((1...3).map { Line(number: $0) }, format), as: UTF8.self)
        // An array that is not all of it stays open: whoever reads it finds that out.
        #expect(paper.written == (format == .json ? String(whole.dropLast(3)) : whole))
        var nothing = PageOutput<Line>(format) { blank.write($0) }
        await nothing.append([Line]())
        await nothing.breakOff()
        #expect(blank.written.isEmpty)
    }

    @Test(
        "a page of messages is written as its messages are one by one", arguments: [OutputFormat.table, .json, .jsonl], [false, true])
    func messages(format: OutputFormat, isHeadersOnly: Bool) async throws {
        let messages = try (1...5).map { number in
            try Messages.make(Int64(number), id: "m\(number)", body: number == 3 ? nil : "body \(number)") { content in
                content.applicationProperties = AMQPMap([.init(key: .string("n"), value: .int(Int32(number)))])
            }
        }
        let page = MessagePage(messages, isHeadersOnly: isHeadersOnly)
        let paper = Paper()
        var output = PageOutput<MessageRecord>(format) { paper.write($0) }
        await output.append(page)
        await output.append(MessagePage([]))
        await output.append(page)
        await output.finish()
        let expected = String(decoding: ListOutput.all(page.records + page.records, format), as: UTF8.self)
        #expect(paper.written == expected && expected.contains("m5"))
    }
}
