/// A key without its modifiers.
public enum Key: Hashable, Sendable {
    /// A key that types something; with control or alt, the letter in lower case.
    case character(Character)
    /// Enter.
    case enter
    /// Tab; back-tab is tab with shift.
    case tab
    /// The key above enter.
    case backspace
    /// Escape alone, not as the start of a sequence.
    case escape
    /// Arrows.
    case up, down, left, right
    /// The block above the arrows.
    case home, end, pageUp, pageDown, insert, delete
    /// F1 to F63.
    case function(Int)
}

/// Modifier keys held down, as far as a terminal tells.
public struct KeyModifiers: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt8

    /// Makes a set from its bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Shift; never with a character, which is already the shifted one.
    public static let shift = KeyModifiers(rawValue: 1)
    /// Alt, or Meta, or escape before the key.
    public static let alt = KeyModifiers(rawValue: 2)
    /// Control.
    public static let control = KeyModifiers(rawValue: 4)
}

/// One key press.
public struct KeyPress: Hashable, Sendable {
    /// The key.
    public var key: Key
    /// What was held down with it.
    public var modifiers: KeyModifiers

    /// Makes a key press.
    public init(_ key: Key, _ modifiers: KeyModifiers = []) {
        self.key = key
        self.modifiers = modifiers
    }

    /// A character without modifiers.
    public static func character(_ character: Character) -> KeyPress { KeyPress(.character(character)) }

    /// Control and a letter.
    public static func control(_ character: Character) -> KeyPress { KeyPress(.character(character), .control) }

    /// Alt and a letter.
    public static func alt(_ character: Character) -> KeyPress { KeyPress(.character(character), .alt) }
}
