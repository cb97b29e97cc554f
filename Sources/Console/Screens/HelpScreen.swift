internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The keys and commands of the screen it was called from, made from the command table and the keymap.
struct HelpScreen: Screen {
    let context = KeyContext.help
    let crumbs = ["help"]
    /// The screen it is about.
    let subject: KeyContext
    private let keymap: Keymap
    private(set) var filter = TextFilter()
    private var scroll = ScrollState()
    private var layout = TextLayout(width: 1)
    private var isLaidOut = false
    private var height = 1

    init(subject: KeyContext, keymap: Keymap) {
        self.subject = subject
        self.keymap = keymap
    }

    /// The lines: a heading for each group, then its commands.
    static func lines(for subject: KeyContext, keymap: Keymap, filter: TextFilter) -> [[Span]] {
        var lines: [[Span]] = []
        for group in Command.Group.allCases {
            let context = group == .prompt ? KeyContext.prompt : subject
            let commands = CommandTable.all.filter { $0.group == group && $0.contexts.contains(context) }.filter { command in
                let keys = keymap.keys(of: command.id, in: context).map(\.label)
                return filter.matches([command.id.rawValue, command.title, command.help] + keys + command.aliases)
            }
            guard !commands.isEmpty else { continue }
            if !lines.isEmpty { lines.append([]) }
            lines.append([Span(group.rawValue, .header)])
            for command in commands {
                let keys = keymap.keys(of: command.id, in: context).map(\.label).joined(separator: " ")
                var name = command.id.rawValue
                if let argument = command.argument { name += " \(argument.rawValue)" }
                lines.append([
                    Span(pad(keys, 14), .keyName), Span(pad(group == .prompt ? "" : ":" + name, 24), .muted), Span(command.help),
                    Span(command.danger == .none || command.danger == .reveals ? "" : " (\(command.danger.rawValue))", .statusWarning),
                ])
            }
        }
        return lines
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - Width.of(text), 1))
    }

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        isLaidOut = false
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        height = max(rows, 1)
        if !isLaidOut || layout.width != max(columns - 2, 1) {
            let lines = HelpScreen.lines(for: subject, keymap: keymap, filter: filter)
            layout = TextLayout([.lines(TextBlock.visible(lines), TextBlock.Wrapping(hang: 38, atWords: true))], width: columns - 2)
            isLaidOut = true
        }
        scroll.settle(count: layout.count, height: height)
    }

    func availability(of command: CommandID, model: Model) -> Availability {
        command == .help ? .disabled("this is the help; q goes back") : .enabled
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        guard let step = ListState.Step(command) else { return }
        scroll.move(step, count: layout.count, height: height)
    }

    func position(_ model: Model) -> String { layout.count == 0 ? "" : "line \(scroll.top + 1) of \(layout.count)" }

    func summary(_ surroundings: Surroundings) -> [Span] {
        [Span("Help", .title), Span(" · \(subject.title.lowercased())"), Span(" · keys, and names for the : line", .muted)]
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        surface.cursor = Surface.Position(row: rect.row, column: rect.column)
        if layout.count == 0 {
            Placeholder.render("No command fits the filter. esc clears it.", into: &surface, rect)
            return
        }
        for row in 0..<min(rect.rows, max(layout.count - scroll.top, 0)) {
            surface.put(row: rect.row + row, column: rect.column + 1, layout.row(scroll.top + row), truncation: .clip)
        }
    }
}
