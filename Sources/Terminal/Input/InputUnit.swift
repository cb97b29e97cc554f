/// What ncurses hands out: a byte, or a sequence it knows by terminfo.
enum InputUnit: Hashable, Sendable {
    case byte(UInt8)
    case key(Key, KeyModifiers)
    case pasteBegin
    case pasteEnd
    case focus(Bool)
    /// `CSI <`; the numbers follow as bytes.
    case mouse
    /// A key that has no name here.
    case unknown
}
