internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The loop of the UI thread: sleep until something is typed or posted, update, paint what changed.
///
/// Nothing ticks. The only deadlines are those of what is on screen: a spinner while something loads, the age of figures, at most once
/// a minute, and a screen that loads its figures again by itself while it is shown.
final class ConsoleLoop {
    /// What the loop did, for tests: an idle console adds to none of them.
    struct Statistics: Hashable, Sendable {
        var wakeUps = 0
        var frames = 0
        var events = 0
    }

    private(set) var app: App
    private(set) var statistics = Statistics()
    private let display: any Display
    private let mailbox: Mailbox<Event>
    private let runner: EffectRunner
    private let now: () -> Timestamp
    /// Called when everything a screen waited for has come and is painted.
    private let whenLoaded: () -> Void
    private var wasLoading = false
    /// The program that shows long texts, and its arguments.
    private let pager: [String]
    /// The program that changes texts, and its arguments.
    private let editor: [String]
    private var script: Script?
    private var surface: Surface
    private var exitCode: Int32?
    /// Whether something changed since the last frame.
    private var needsFrame = true
    private var lastFrame: ContinuousClock.Instant?

    /// Frames that nobody typed for are no closer than this.
    private static let frameInterval = Duration.milliseconds(16)

    init(
        app: App, display: any Display, source: any ConsoleSource, mailbox: Mailbox<Event>, script: Script? = nil,
        pager: [String] = [], editor: [String] = [], now: @escaping () -> Timestamp, whenLoaded: @escaping () -> Void = {}
    ) {
        self.pager = pager.isEmpty ? ["less"] : pager
        self.editor = editor.isEmpty ? ["vi"] : editor
        self.app = app
        self.display = display
        self.mailbox = mailbox
        self.script = script
        self.now = now
        self.whenLoaded = whenLoaded
        runner = EffectRunner(source: source, mailbox: mailbox)
        surface = Surface(rows: display.rows, columns: display.columns)
    }

    /// Whether nothing runs and nothing waits to be taken.
    var isIdle: Bool { runner.running == 0 && mailbox.isEmpty && !app.isLoading && (script?.isDone ?? true) }

    /// Paints the first frame, then starts loading, then goes on until the person leaves.
    ///
    /// - Returns: the exit code.
    func run() -> Int32 {
        paint()
        perform(app.start(now: now()))
        while exitCode == nil { turn() }
        runner.stopAll()
        return exitCode ?? 0
    }

    /// One round: wait, take what came, paint.
    private func turn() {
        let readiness = display.poll(wake: mailbox.wakeDescriptor, timeout: timeout)
        statistics.wakeUps += 1
        var isTyped = false
        if readiness.contains(.diagnostics) {
            for line in display.takeDiagnostics() where !line.isEmpty {
                take(.log(LogEntry(time: now(), level: .warning, source: "stderr", text: line)))
            }
        }
        if readiness.contains(.events) {
            for event in display.readEvents() {
                isTyped = true
                take(.input(event))
            }
        }
        // Also without the descriptor's word: the pipe may have failed to open.
        for event in mailbox.drain() { take(event) }
        if exitCode == nil, !app.isLoading, let step = script?.next() {
            isTyped = true
            switch step {
            case .key(let press): take(.input(.key(press)))
            case .command(let id, let argument): take(.command(id, argument))
            }
        }
        if readiness.isEmpty {
            perform(app.wake(now: now()))
            needsFrame = true
        }
        guard exitCode == nil, needsFrame, isTyped || sinceLastFrame >= ConsoleLoop.frameInterval else { return }
        paint()
    }

    private func take(_ event: Event) {
        guard exitCode == nil else { return }
        statistics.events += 1
        if case .finished(let id, _) = event { runner.ended(id) }
        perform(app.update(event, now: now()))
        needsFrame = true
    }

    private func perform(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .start(let id, let request): runner.start(id, request)
            case .stop(let id): runner.stop(id)
            case .quit(let code): exitCode = code
            case .suspend: display.suspend()
            case .redraw: display.redraw()
            case .bell: display.bell()
            case .mouse(let isOn): display.isMouseEnabled = isOn
            case .palette(let palette): display.palette = palette
            case .copy(let text, let name): copy(text, name)
            case .page(let text): page(text)
            case .edit(let text): take(.edited(edited(text)))
            }
        }
        if !effects.isEmpty { needsFrame = true }
        if app.isLoading { wasLoading = true }
    }

    private func copy(_ text: String, _ name: String) {
        let size = Figures.size(text.utf8.count)
        // Whether a terminal did it, it does not say.
        let notice =
            display.copyToClipboard(text)
            ? Notice(kind: .info, text: "Copied \(name) (\(size)). If it did not arrive, :save-value FILE writes it.")
            : Notice(
                kind: .warning, text: "\(size) are too much for this terminal's clipboard. :save-value FILE or :save-body FILE writes it.")
        take(.said(notice))
    }

    private func page(_ text: String) {
        do throws(OperatorError) {
            let failure = try PrivateFile.with(Array(text.utf8)) { path -> TerminalError? in
                do throws(TerminalError) {
                    _ = try display.run(pager + [path])
                    return nil
                } catch { return error }
            }
            if let failure { take(.said(Notice(kind: .error, text: "\(failure) $PAGER names another program."))) }
        } catch {
            take(.said(Notice(kind: .error, text: error.description)))
        }
    }

    /// The text as it is when the person's editor has ended.
    private func edited(_ text: String) -> EditorOutcome {
        do throws(OperatorError) {
            var failure: OperatorError?
            let bytes = try PrivateFile.edited(Array(text.utf8)) { path throws(OperatorError) in
                do throws(TerminalError) {
                    let exit = try display.run(editor + [path])
                    if exit != .status(0) { failure = OperatorError(.cancelled, "The editor ended with an error: nothing was done.") }
                } catch {
                    failure = OperatorError(.usage, "\(error)", hint: "$EDITOR names another program.")
                }
            }
            let typed = String(validating: bytes, as: UTF8.self)
            if let failure { return .failed(failure, typed: typed) }
            guard let typed else { throw OperatorError(.usage, "The edited body is not text in UTF-8: nothing was done.") }
            return .edited(typed)
        } catch {
            return .failed(error, typed: nil)
        }
    }

    private var sinceLastFrame: Duration { lastFrame.map { ContinuousClock.now - $0 } ?? .seconds(1) }

    private var timeout: Duration? {
        if needsFrame { return max(ConsoleLoop.frameInterval - sinceLastFrame, .zero) }
        if let script, !script.isDone, !app.isLoading { return .zero }
        return app.untilChange(now: now()).map { .milliseconds($0) }
    }

    private func paint() {
        if surface.rows != display.rows || surface.columns != display.columns {
            surface = Surface(rows: display.rows, columns: display.columns)
        }
        app.render(into: &surface, now: now())
        display.present(surface)
        needsFrame = false
        lastFrame = ContinuousClock.now
        statistics.frames += 1
        if wasLoading, !app.isLoading {
            wasLoading = false
            whenLoaded()
        }
    }
}
