/// Maps every role to its attributes. A value: a theme makes one, the screen is given one.
public struct Palette: Hashable, Sendable {
    private var table: [Attributes]

    /// A palette in which all roles are plain, but `.control` is reverse, so that hostile text stands out even without a theme.
    public init() {
        table = Array(repeating: .plain, count: 256)
        self[.control] = Attributes(modifiers: .reverse)
    }

    /// A palette with the given roles set, and the rest as in ``init()``.
    public init(_ roles: [Role: Attributes]) {
        self.init()
        for (role, attributes) in roles {
            self[role] = attributes
        }
    }

    /// The attributes of a role.
    public subscript(role: Role) -> Attributes {
        get { table[Int(role.rawValue)] }
        set { table[Int(role.rawValue)] = newValue }
    }

    /// The palette as a terminal of this depth can show it.
    public func reduced(to depth: ColorDepth) -> Palette {
        var palette = self
        for index in palette.table.indices {
            palette.table[index].foreground = palette.table[index].foreground.reduced(to: depth)
            palette.table[index].background = palette.table[index].background.reduced(to: depth)
        }
        return palette
    }
}
