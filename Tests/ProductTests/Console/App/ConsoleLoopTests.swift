import CallboardCore
import Foundation
import ServiceBus
import Synchronization
import Terminal
import Testing

@testable import Console

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A display in memory that really sleeps on the mailbox's descriptor.
private final class MemoryDisplay: Display {
    var rows = 24
    var columns = 80
    var palette = Palette()
    var isMouseEnabled = false
    private(set) var frames: [String] = []
    private(set) var timeouts: [Duration?] = []
    private(set) var calls: [String] = []
    /// The number of frames when everything that was waited for had come.
    var loaded: [Int] = []
    var diagnostics: [String] = []
    /// What is typed, a batch for each time the loop would sleep for ever.
    var batches: [[InputEvent]] = []
    private var ready: [InputEvent] = []
    /// What happens when the loop would sleep and nothing more will be typed.
    var whenIdle: (MemoryDisplay) -> [InputEvent] = { _ in [.key(.character("Q"))] }

    /// Keys pressed after a frame.
    var onFrame: (MemoryDisplay) -> [InputEvent] = { _ in [] }

    func present(_ surface: Surface) {
        frames.append(surface.textGrid())
        ready += onFrame(self)
    }

    /// Whether something is under way that will be answered, and how many waits it is given before the person acts all the same.
    var isBusy: () -> Bool = { false }
    var patience = 0

    func poll(wake: Int32, timeout: Duration?) -> Readiness {
        timeouts.append(timeout)
        var readiness: Readiness = []
        if !diagnostics.isEmpty { readiness.insert(.diagnostics) }
        // A wait of more than a second stands for "nothing will happen": the person acts instead.
        let sleeps = (timeout ?? .seconds(3600)) > .seconds(1)
        var entry = pollfd(fd: wake, events: Int16(POLLIN), revents: 0)
        let milliseconds: Int32 = sleeps ? 50 : Int32((timeout ?? .zero).components.attoseconds / 1_000_000_000_000_000)
        if !ready.isEmpty { readiness.insert(.events) }
        let isWoken = systemPoll(&entry, 1, readiness.isEmpty ? milliseconds : 0) > 0
        if isWoken { readiness.insert(.wake) }
        if sleeps, !isWoken, readiness.isEmpty {
            // On a busy machine an answer takes its time.
            if patience > 0, isBusy() {
                patience -= 1
                return readiness
            }
            ready = batches.isEmpty ? whenIdle(self) : batches.removeFirst()
            readiness.insert(.events)
        }
        return readiness
    }

    func readEvents() -> [InputEvent] {
        defer { ready = [] }
        return ready
    }

    func takeDiagnostics() -> [String] {
        defer { diagnostics = [] }
        return diagnostics
    }

    /// What was put into the clipboard, and whether there is one.
    private(set) var copied: [String] = []
    var hasClipboard = true
    /// What a program was given to show.
    private(set) var shown: [String] = []

    func copyToClipboard(_ text: String) -> Bool {
        copied.append(text)
        return hasClipboard
    }

    /// What a program that is run makes of its file.
    var typed: String?
    /// How it ends.
    var exit = ProgramExit.status(0)

    func run(_ arguments: [String]) throws(TerminalError) -> ProgramExit {
        defer { if let typed { try? typed.write(toFile: arguments.last ?? "", atomically: false, encoding: .utf8) } }
        calls.append("run " + arguments.dropLast().joined(separator: " "))
        let path = arguments.last ?? ""
        let mode = (try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int).flatMap { $0 } ?? 0
        shown = [path, String(mode, radix: 8), (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""]
        return exit
    }

    func suspend() { calls.append("suspend") }
    func redraw() { calls.append("redraw") }
    func bell() { calls.append("bell") }
}

private func systemPoll(_ entries: UnsafeMutablePointer<pollfd>, _ count: nfds_t, _ milliseconds: Int32) -> Int32 {
    poll(entries, count, milliseconds)
}

/// Answers as the harness does, from tasks.
private final class TaskSource: ConsoleSource {
    let asked = Mutex<[Request]>([])
    let cancelled = Mutex<Int>(0)
    private let respond: @Sendable (Request) -> Result<[Answer], OperatorError>?

    init(_ respond: @escaping @Sendable (Request) -> Result<[Answer], OperatorError>? = { ConsoleHarness.usual($0) }) {
        self.respond = respond
    }

    func perform(_ request: Request, answer: @escaping @Sendable (Answer) -> Void) async throws(OperatorError) {
        asked.withLock { $0.append(request) }
        guard let result = respond(request) else {
            // Waits until it is cancelled.
            let (stream, continuation) = AsyncStream<Void>.makeStream()
            for await _ in stream {}
            _ = continuation
            cancelled.withLock { $0 += 1 }
            throw OperatorError(.cancelled, "stopped")
        }
        for item in try result.get() { answer(item) }
    }
}

/// What a run of the loop left behind.
private struct Outcome: Sendable {
    var code: Int32
    var frames: [String]
    var timeouts: [Duration?]
    var calls: [String]
    var asked: [Request]
    var statistics: ConsoleLoop.Statistics
    var isIdle: Bool
    var isMouseEnabled: Bool
    var copied: [String]
    var shown: [String]
    var loaded: [Int]
}

/// Runs the loop on a thread of its own, as the product does: on one of the pool's it would keep the tasks it waits for from running.
private func outcome(
    source: TaskSource = TaskSource(), script: Script? = nil, _ prepare: @escaping @Sendable (MemoryDisplay) -> Void = { _ in }
) async -> Outcome {
    await withCheckedContinuation { continuation in
        let thread = Thread {
            let display = MemoryDisplay()
            prepare(display)
            let loop = ConsoleLoop(
                app: App(rows: display.rows, columns: display.columns, title: Fixture.title()), display: display, source: source,
                mailbox: Mailbox(), script: script, now: { Fixture.now },
                whenLoaded: { [unowned display] in display.loaded.append(display.frames.count) })
            display.isBusy = { [unowned loop] in !loop.isIdle }
            let code = loop.run()
            continuation.resume(
                returning: Outcome(
                    code: code, frames: display.frames, timeouts: display.timeouts, calls: display.calls,
                    asked: source.asked.withLock { $0 }, statistics: loop.statistics, isIdle: loop.isIdle,
                    isMouseEnabled: display.isMouseEnabled, copied: display.copied, shown: display.shown, loaded: display.loaded))
        }
        thread.stackSize = 8 << 20
        thread.start()
    }
}

@Suite struct ConsoleLoopTests {
    @Test("paints before it asks for anything")
    func paintsFirst() async {
        let run = await outcome()
        #expect(run.code == 0)
        #expect(run.frames.first?.contains("› services") == true)
        #expect(run.frames.first?.contains("checkout") == false)
        #expect(run.frames.last?.contains("checkout") == true)
    }

    @Test("when all is loaded it sleeps until the figures are due again, and paints nothing meanwhile")
    func idle() async {
        let run = await outcome()
        #expect(run.timeouts.last == .some(.milliseconds(10_000)))
        #expect(run.timeouts.filter { $0 == .milliseconds(10_000) }.count == 1)
        #expect(run.isIdle)
        #expect(run.statistics.frames == run.frames.count)
    }

    @Test("what was loaded is told once, when it is painted")
    func loaded() async {
        let board = await outcome()
        #expect(board.loaded.count == 1)
        for count in board.loaded { #expect(board.frames[count - 1].contains("checkout")) }
        let messages = await outcome { $0.batches = [[.key(.character("d"))], [.key(.character("j"))]] }
        #expect(messages.loaded.count == 2)
        for count in messages.loaded.dropFirst() { #expect(messages.frames[count - 1].contains("60 dead letters · all, scanned")) }
    }

    @Test("where nothing has an age it sleeps without a limit")
    func sleeps() async {
        let run = await outcome { $0.batches = [[.key(.character("?"))]] }
        #expect(run.timeouts.last == .some(nil))
    }

    @Test("two thousand keys in one read are one frame")
    func coalesced() async {
        let one = await outcome { $0.batches = [[.key(.character("d"))], [.key(.character("j"))]] }
        let many = await outcome { $0.batches = [[.key(.character("d"))], Array(repeating: .key(.character("j")), count: 2000)] }
        #expect(many.frames.last?.contains("60 of 60") == true)
        #expect(many.statistics.events > one.statistics.events + 1900)
        // Pages of the scan add frames of their own, more of them on a slow machine; a frame a key would be two thousand.
        #expect(many.frames.count < one.frames.count + 60)
    }

    @Test("what others write to standard error goes into the log")
    func diagnostics() async {
        let run = await outcome {
            $0.diagnostics = ["a library complains", ""]
            $0.batches = [[.key(.character("L"))]]
        }
        #expect(run.frames.last?.contains("stderr: a library complains") == true)
    }

    @Test("a copy reaches the clipboard, and what is too long for it is told with a way out")
    func copying() async throws {
        for (hasClipboard, word) in [(true, "Copied body.total"), (false, "too much for this terminal's clipboard")] {
            let run = await outcome(script: try Script("d<Enter>\ngpbody.total<Enter>yv", file: "s")) { $0.hasClipboard = hasClipboard }
            #expect(run.copied == ["129.90"])
            #expect(run.frames.contains { $0.contains(word) })
        }
    }

    @Test("the pager is run on a private file that is gone afterwards")
    func paging() async throws {
        let run = await outcome(script: try Script("d<Enter>|", file: "s"))
        #expect(run.calls == ["run less"])
        #expect(run.shown.count == 3 && run.shown[1] == "600" && run.shown[2].contains(#""orderId": 88213"#))
        #expect(!FileManager.default.fileExists(atPath: run.shown.first ?? ""))
    }

    @Test("the editor gets the body in a private file that is gone afterwards, and what it wrote is planned")
    func editing() async throws {
        let run = await outcome(script: try Script("d<Enter>e", file: "s")) {
            $0.typed = "{}"
            $0.patience = 600
        }
        #expect(run.calls == ["run vi"])
        #expect(run.shown.count == 3 && run.shown[1] == "600" && run.shown[2] == Fixture.json)
        #expect(!FileManager.default.fileExists(atPath: run.shown.first ?? ""))
        #expect(run.asked.contains { if case .propose(let request) = $0 { request.body == .data(Array("{}".utf8)) } else { false } })
    }

    @Test("what was typed in an editor that fails is in the file of the next one, and nothing is planned")
    func failingEditor() async throws {
        let run = await outcome(script: try Script("d<Enter>ee", file: "s")) {
            $0.typed = "{ half"
            $0.exit = .status(1)
            $0.patience = 600
        }
        #expect(run.calls == ["run vi", "run vi"])
        #expect(run.shown.last == "{ half")
        #expect(!run.asked.contains { if case .propose = $0 { true } else { false } })
    }

    @Test("suspending, redrawing and the mouse reach the terminal")
    func effects() async {
        let run = await outcome { $0.batches = [[.key(.control("z")), .key(.character("M")), .key(.control("l"))]] }
        #expect(run.calls == ["suspend", "redraw"])
        #expect(run.isMouseEnabled)
    }
}

@Suite struct ScriptTests {
    @Test("lines are keys or commands; blanks and comments are left out")
    func reading() throws {
        let script = try Script("# x\n\n  jj<Enter>\n:entity orders\n/a b<Enter>\n", file: "s")
        #expect(
            script.steps == [
                .key(.character("j")), .key(.character("j")), .key(KeyPress(.enter)), .command(.entity, "orders"), .key(.character("/")),
                .key(.character("a")), .key(.character(" ")), .key(.character("b")), .key(KeyPress(.enter)),
            ])
    }

    @Test(
        "mistakes are told with file and line before anything runs",
        arguments: [
            ("j\n:nope", "s:2: there is no command 'nope'."), (":entity", "s:1: ':entity' needs a entity."),
            ("\n\n<Zap>", "s:3: '<Zap>' names a key that is not known."),
        ])
    func mistakes(_ text: String, _ message: String) {
        #expect {
            try Script(text, file: "s")
        } throws: { error in
            (error as? OperatorError)?.message == message && (error as? OperatorError)?.code == .usage
        }
    }
}
