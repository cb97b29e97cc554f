/// What a cell *means*. A ``Palette`` decides what it looks like.
///
/// Screens and widgets speak roles, never colours, so that a theme is data and a golden test does not break when a colour changes.
/// `Terminal` itself needs two roles; whoever draws declares its own from ``Role/firstFree`` on.
public struct Role: RawRepresentable, Hashable, Sendable {
    /// The role's number: an index into the palette.
    public let rawValue: UInt8

    /// Makes the role with this number.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Ordinary text; what an untouched cell has.
    public static let text = Role(rawValue: 0)

    /// Characters that would have driven the terminal and are shown instead of obeyed; see ``Sanitizer``.
    public static let control = Role(rawValue: 1)

    /// The first number that is not taken by `Terminal`.
    public static let firstFree: UInt8 = 2
}
