public import Terminal

/// One or more key presses in a row that run a command, such as `j`, `gg` or `<C-l>`.
///
/// The notation is vim's: a character stands for itself, anything else is a name in angle brackets, with `C-`, `A-` and `S-` before it
/// for control, alt and shift: `<Enter>`, `<Esc>`, `<PageDown>`, `<S-Tab>`, `<F5>`, `<Space>`, `<lt>`.
public struct KeySequence: Hashable, Sendable, CustomStringConvertible {
    /// The presses; at least one.
    public let presses: [KeyPress]

    /// Makes a sequence; nil when there is no press.
    public init?(_ presses: [KeyPress]) {
        guard !presses.isEmpty else { return nil }
        self.presses = presses
    }

    /// Reads the notation; nil when it is not that.
    public init?(_ text: String) {
        guard let presses = KeySequence.presses(of: text) else { return nil }
        self.init(presses)
    }

    /// Reads key presses in the notation; nil at a name that is not known. An empty text is no press.
    static func presses(of text: String) -> [KeyPress]? {
        var presses: [KeyPress] = []
        var rest = Substring(text)
        while let first = rest.first {
            if first == "<", let end = rest.firstIndex(of: ">") {
                guard let press = KeyName.press(named: rest[rest.index(after: rest.startIndex)..<end]) else { return nil }
                presses.append(press)
                rest = rest[rest.index(after: end)...]
            } else {
                presses.append(first == " " ? .character(" ") : .character(first))
                rest = rest.dropFirst()
            }
        }
        return presses
    }

    /// Whether the other sequence begins with all presses of this one.
    func isPrefix(of other: KeySequence) -> Bool { other.presses.starts(with: presses) }

    /// The notation, readable by ``init(_:)-(String)``.
    public var description: String { presses.map { KeyName.notation($0) }.joined() }

    /// The form used in hints and help: `^L`, `enter`, `gg`.
    public var label: String { presses.map { KeyName.label($0) }.joined() }
}

/// Names of keys, in the notation of configuration files and as people are shown them.
enum KeyName {
    private static let named: [(name: String, label: String, key: Key)] = [
        ("Enter", "enter", .enter), ("Tab", "tab", .tab), ("Backspace", "backspace", .backspace), ("Esc", "esc", .escape),
        ("Up", "↑", .up), ("Down", "↓", .down), ("Left", "←", .left), ("Right", "→", .right), ("Home", "home", .home), ("End", "end", .end),
        ("PageUp", "pgup", .pageUp), ("PageDown", "pgdn", .pageDown), ("Insert", "ins", .insert), ("Delete", "del", .delete),
        ("Space", "space", .character(" ")), ("lt", "<", .character("<")),
    ]

    static func press(named text: Substring) -> KeyPress? {
        var modifiers: KeyModifiers = []
        var name = text
        while name.count > 2, name.dropFirst().first == "-" {
            switch name.first {
            case "C": modifiers.insert(.control)
            case "A": modifiers.insert(.alt)
            case "S": modifiers.insert(.shift)
            default: return nil
            }
            name = name.dropFirst(2)
        }
        if let entry = named.first(where: { $0.name.lowercased() == name.lowercased() }) { return KeyPress(entry.key, modifiers) }
        if name.first == "F", let number = Int(name.dropFirst()), (1...63).contains(number) {
            return KeyPress(.function(number), modifiers)
        }
        guard name.count == 1, let character = name.first, !modifiers.isEmpty else { return nil }
        return KeyPress(.character(character), modifiers)
    }

    static func notation(_ press: KeyPress) -> String {
        let name: String
        switch press.key {
        case .character(let character) where character != " " && character != "<":
            if press.modifiers.isEmpty { return String(character) }
            name = String(character)
        case .function(let number): name = "F\(number)"
        default: name = named.first { $0.key == press.key }?.name ?? ""
        }
        return "<\(prefix(press.modifiers, ("C-", "A-", "S-")))\(name)>"
    }

    static func label(_ press: KeyPress) -> String {
        let name =
            switch press.key {
            case .character(let character) where character != " ":
                press.modifiers.contains(.control) ? character.uppercased() : String(character)
            case .function(let number): "F\(number)"
            default: named.first { $0.key == press.key }?.label ?? ""
            }
        return prefix(press.modifiers, ("^", "alt-", "shift-")) + name
    }

    private static func prefix(_ modifiers: KeyModifiers, _ names: (control: String, alt: String, shift: String)) -> String {
        (modifiers.contains(.control) ? names.control : "") + (modifiers.contains(.alt) ? names.alt : "")
            + (modifiers.contains(.shift) ? names.shift : "")
    }
}
