public import CallboardCore
internal import ServiceBus
public import Terminal

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// How to run the console.
public struct ConsoleOptions: Sendable {
    /// Where we are going, if it is known before the context is open: it is on the first frame.
    public var title: ContextTitle?
    /// Which colours to use.
    public var colors = TerminalOptions.Colors.automatic
    /// The theme, by name; nil: the one compiled in.
    public var theme: String?
    /// Where theme files are looked for; see ``CallboardCore/ThemeFile/folders(environment:executable:)``.
    public var themeFolders: [String] = []
    /// Whether the mouse is the console's from the start.
    public var isMouseEnabled = false
    /// Keys that a person chose.
    public var keys: [Keymap.Override] = []
    /// Whether the person said that changes are allowed, which production asks for. What a policy or the configuration refuses stays refused.
    public var allowsChanges = false
    /// The environment of the process: where the audit ledger and the journals of jobs are, and who acts.
    public var environment: [String: String] = [:]
    /// Opens an address in a browser of this machine, where cooperative requests and decisions are signed. It writes nothing to the terminal; nil:
    /// none can be opened, and they cannot be signed.
    public var browser: (@Sendable (_ url: String) -> Void)?
    /// Called on the main thread when everything a screen waited for has come and is painted: the moment to give back what that took.
    public var whenLoaded: @Sendable () -> Void = {}
    /// Keys and commands to run first.
    public var script: Script?
    /// Where diagnostics go.
    public var log = ConsoleLog()

    /// The usual way.
    public init() {}
}

/// Runs the console on the terminal until the person leaves it. Call it on the main thread; it does not return before.
///
/// It paints its frame before it calls `connect`. Whatever `connect` and the workspace throw is shown, with what to try.
///
/// - Parameters:
///   - options: how to run it.
///   - connect: opens the context; called off the main thread, and again when a person asks to try again.
/// - Returns: the exit code: 0, or 2 if there is no terminal to run on, or 128 and the number of the signal that ended it.
public func runConsole(options: ConsoleOptions, connect: @escaping @Sendable () async throws -> Workspace) -> Int32 {
    let now: @Sendable () -> Timestamp = { .now }
    var terminal = TerminalOptions()
    terminal.colors = options.colors
    terminal.isMouseEnabled = options.isMouseEnabled
    let screen: TerminalScreen
    do {
        screen = try TerminalScreen.open(terminal)
    } catch {
        complain("callboard: \(error)")
        return 2
    }
    screen.palette = DefaultTheme.palette
    let mailbox = Mailbox<Event>()
    options.log.attach { mailbox.post(.log($0)) }
    for notice in screen.notices {
        options.log.append(LogEntry(time: now(), level: .warning, source: "terminal", text: notice))
    }
    let log = options.log
    let browser = options.browser.map { open in
        return { @Sendable (url: String) async -> Void in
            // That nothing opened is no error: the address is there to be copied.
            let text = "Sign it in the browser. If none opens, open this address: \(url)"
            log.append(LogEntry(time: now(), level: .info, source: "access", text: text))
            open(url)
        }
    }
    let source = WorkspaceSource(
        themes: ThemeLibrary(folders: options.themeFolders), allowsChanges: options.allowsChanges, environment: options.environment,
        now: now, browser: browser, connect: connect)
    let app = App(
        rows: screen.rows, columns: screen.columns, title: options.title, keymap: Keymap(overrides: options.keys), theme: options.theme,
        isMouseEnabled: options.isMouseEnabled)
    let loop = ConsoleLoop(
        app: app, display: screen, source: source, mailbox: mailbox, script: options.script, pager: program("PAGER"),
        editor: program("VISUAL", "EDITOR"), now: now, whenLoaded: options.whenLoaded)
    let code = loop.run()
    options.log.detach()
    screen.restore()
    close(source)
    return code
}

/// The program that the first of these variables names which is there, and its arguments, without a shell between.
private func program(_ variables: String...) -> [String] {
    let words = variables.lazy.compactMap { getenv($0).map { String(cString: $0) } }.first ?? ""
    return words.split(separator: " ").map { String($0) }
}

/// Closes the workspace politely, but does not keep a person waiting for a network that is gone. Jobs get a little longer: what is under way
/// ends, and the journal says where it stopped.
private func close(_ source: WorkspaceSource) {
    let closed = Mailbox<Void>()
    let patience: Int32 = source.hasJobs ? 5000 : 300
    Task.detached {
        await source.close()
        closed.post(())
    }
    guard closed.wakeDescriptor >= 0 else { return }
    var descriptor = pollfd(fd: closed.wakeDescriptor, events: Int16(POLLIN), revents: 0)
    poll(&descriptor, 1, patience)
}

private func complain(_ text: String) {
    var bytes = Array((Sanitizer.visible(text) + "\n").utf8)[...]
    while !bytes.isEmpty {
        let written = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        guard written > 0 else { return }
        bytes = bytes.dropFirst(written)
    }
}
