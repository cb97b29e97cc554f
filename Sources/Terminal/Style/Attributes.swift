/// A colour as a theme names it; what the terminal can show of it is decided by ``Color/reduced(to:)``.
public enum Color: Hashable, Sendable {
    /// The terminal's own foreground or background.
    case `default`
    /// An entry of the terminal's palette: 0 to 7 ANSI, 8 to 15 bright, 16 to 231 the 6x6x6 cube, 232 to 255 greys.
    case indexed(UInt8)
    /// A colour by its red, green and blue parts (0 to 255).
    case rgb(UInt8, UInt8, UInt8)
}

/// How text looks apart from its colour. In a terminal without colours these alone must carry the meaning.
public struct Modifiers: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt8

    /// Makes a set from its bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Heavier strokes.
    public static let bold = Modifiers(rawValue: 1)
    /// Fainter than normal.
    public static let dim = Modifiers(rawValue: 2)
    /// Foreground and background exchanged.
    public static let reverse = Modifiers(rawValue: 4)
    /// A line below.
    public static let underline = Modifiers(rawValue: 8)
    /// Slanted, where the terminal can.
    public static let italic = Modifiers(rawValue: 16)
}

/// How a role is painted.
public struct Attributes: Hashable, Sendable {
    /// Colour of the strokes.
    public var foreground: Color
    /// Colour behind them.
    public var background: Color
    /// Bold, reverse and the like.
    public var modifiers: Modifiers

    /// Makes a set of attributes; without arguments, the terminal's own look.
    public init(foreground: Color = .default, background: Color = .default, modifiers: Modifiers = []) {
        self.foreground = foreground
        self.background = background
        self.modifiers = modifiers
    }

    /// The terminal's own look.
    public static let plain = Attributes()
}
