import Foundation
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

@Suite("Watching for break-glass")
struct BreakGlassWatchTests {
    private let now = BreakGlassScene.begin
    private let karin = AuditActor(oid: "0e5e1000-0000-4000-8000-000000000003", name: "Karin", kind: .person, host: "here")

    private func read(_ watch: BreakGlassWatch) -> Int { watch.bytesRead.withLock { $0 } }

    private func size(_ path: String) throws -> Int { try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) }

    private func fill(_ path: String, _ count: Int) async throws {
        let ledger = AuditLedger(path: path)
        for _ in 0..<count { try await ledger.append(AuditEvent(.peekMessage, .done, by: karin, context: "retail", namespace: "sb")) }
    }

    @Test("what is in force or owed is found; only what was appended is read, and nothing where nothing was")
    func appended() async throws {
        let scene = try BreakGlassScene()
        let watch = BreakGlassWatch(path: scene.ledger)
        #expect(try watch.pressing(at: now).isEmpty && read(watch) == 0)
        try await fill(scene.ledger, 50)
        #expect(try watch.pressing(at: now).isEmpty)
        let first = try size(scene.ledger)
        #expect(read(watch) == first)
        for _ in 0..<100 { _ = try watch.pressing(at: now) }
        #expect(read(watch) == first)
        let outcome = try await scene.desk.breakGlass(scene.proposal())
        let uses = try watch.pressing(at: now)
        #expect(uses.map(\.id) == [outcome.request.id.text] && uses.first?.roleTitle == "Data Receiver" && uses.first?.place == "orders")
        #expect(read(watch) == (try size(scene.ledger)))
        // Its time is over, and the review is owed; when that is written, nothing presses any more.
        #expect(try watch.pressing(at: now.advanced(by: .seconds(7200))).count == 1)
        _ = try await BreakGlassReview(path: scene.ledger, actor: karin, isAgent: false).write(outcome.request.id.text, finding: "fine")
        #expect(try watch.pressing(at: now.advanced(by: .seconds(7200))).isEmpty)
        #expect(read(watch) == (try size(scene.ledger)))
    }

    @Test("a ledger that was put in its place, or is shorter, is read from its beginning")
    func replaced() async throws {
        let scene = try BreakGlassScene()
        let watch = BreakGlassWatch(path: scene.ledger)
        _ = try await scene.desk.breakGlass(scene.proposal())
        #expect(try watch.pressing(at: now).count == 1)
        try FileManager.default.removeItem(atPath: scene.ledger)
        #expect(try watch.pressing(at: now).isEmpty)
        try await fill(scene.ledger, 1)
        #expect(try watch.pressing(at: now).isEmpty)
    }

    @Test("what does not follow is not believed; what stood before it is, and it is not read again and again")
    func tampered() async throws {
        let scene = try BreakGlassScene()
        let watch = BreakGlassWatch(path: scene.ledger)
        _ = try await scene.desk.breakGlass(scene.proposal())
        #expect(try watch.pressing(at: now).count == 1)
        let lines = try String(contentsOfFile: scene.ledger, encoding: .utf8)
        let first = try #require(lines.split(separator: "\n").first)
        try (lines + first + "\n").write(toFile: scene.ledger, atomically: false, encoding: .utf8)
        #expect(try watch.pressing(at: now).count == 1)
        let before = read(watch)
        for _ in 0..<10 { #expect(try watch.pressing(at: now).count == 1) }
        #expect(read(watch) == before)
    }

    @Test("a line that a crash left half written is no use of it, and goes when the next one writes")
    func torn() async throws {
        let scene = try BreakGlassScene()
        let watch = BreakGlassWatch(path: scene.ledger)
        try await fill(scene.ledger, 2)
        let handle = try #require(FileHandle(forWritingAtPath: scene.ledger))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(#"{"seq":2,"ti"#.utf8))
        try handle.close()
        #expect(try watch.pressing(at: now).isEmpty)
        _ = try await scene.desk.breakGlass(scene.proposal())
        #expect(try watch.pressing(at: now).count == 1)
    }

    @Test("what cannot be read is an error, and no all-clear")
    func unreadable() throws {
        let folder = try TemporaryFolder()
        #expect(throws: OperatorError.self) { try BreakGlassWatch(path: folder.path).pressing(at: now) }
    }
}
