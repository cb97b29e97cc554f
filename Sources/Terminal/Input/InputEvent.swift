/// Something that came from the terminal or from the system on its behalf.
public enum InputEvent: Hashable, Sendable {
    /// A key was pressed.
    case key(KeyPress)
    /// Text was pasted as one piece (bracketed paste); line ends are `\n`, other controls are removed.
    case paste(String)
    /// The mouse did something. Only if it was turned on.
    case mouse(MouseEvent)
    /// The terminal has a new size; several changes in a row are one event.
    case resize(rows: Int, columns: Int)
    /// The terminal window gained or lost the focus.
    case focus(Bool)
    /// The process continues after it was stopped; the screen was already taken back and everything has to be presented again.
    case resumed
    /// The process was asked to end (SIGTERM, SIGHUP, SIGINT from outside).
    case terminate(signal: Int32)
    /// The terminal is gone; there is nothing left to read.
    case endOfInput
}

/// A mouse button, wheel step or movement.
public struct MouseEvent: Hashable, Sendable {
    /// What happened.
    public enum Action: Hashable, Sendable {
        /// A button went down.
        case press(Button)
        /// A button went up.
        case release(Button)
        /// The pointer moved with this button held down.
        case drag(Button)
        /// The pointer moved with no button held down.
        case move
        /// One step of the wheel; towards the start of the text is up.
        case wheel(Wheel)
    }

    /// Which button.
    public enum Button: Hashable, Sendable {
        /// The usual ones.
        case left, middle, right
        /// Buttons 8 to 11: back, forward and two more.
        case extra(Int)
    }

    /// Which way the wheel turned.
    public enum Wheel: Hashable, Sendable {
        /// The four directions.
        case up, down, left, right
    }

    /// What happened.
    public var action: Action
    /// Row, from 0.
    public var row: Int
    /// Column, from 0.
    public var column: Int
    /// Keys held down with it.
    public var modifiers: KeyModifiers

    /// Makes a mouse event.
    public init(_ action: Action, row: Int, column: Int, modifiers: KeyModifiers = []) {
        self.action = action
        self.row = row
        self.column = column
        self.modifiers = modifiers
    }
}
