internal import CallboardCore
internal import Terminal

/// Finds themes by name and makes palettes of them. The default theme is compiled in; only others are read from files, by `CallboardCore`.
struct ThemeLibrary: Sendable {
    /// Where theme files are looked for.
    var folders: [String] = []

    /// The palette of a theme.
    func palette(named name: String) throws(OperatorError) -> Palette {
        if name == DefaultTheme.name { return DefaultTheme.palette }
        return ThemeLibrary.palette(of: try ThemeFile.styles(named: name, in: folders, roles: RoleName.allCases.map(\.rawValue)))
    }

    /// The names of all themes.
    var names: [String] { Set(ThemeFile.names(in: folders) + [DefaultTheme.name]).sorted() }

    /// A palette of styles: what no theme decides is as in plain text.
    static func palette(of styles: [String: ThemeStyle]) -> Palette {
        let text = styles[RoleName.text.rawValue] ?? ThemeStyle()
        var palette = Palette()
        for role in RoleName.allCases {
            let style = styles[role.rawValue] ?? ThemeStyle()
            palette[role.role] = Attributes(
                foreground: color(style.foreground ?? text.foreground), background: color(style.background ?? text.background),
                modifiers: modifiers(style.modifiers ?? []))
        }
        return palette
    }

    private static func color(_ color: ThemeColor?) -> Color {
        switch color {
        case nil, .default?: .default
        case .indexed(let index)?: .indexed(index)
        case .rgb(let red, let green, let blue)?: .rgb(red, green, blue)
        }
    }

    private static func modifiers(_ words: Set<ThemeStyle.Modifier>) -> Modifiers {
        var modifiers: Modifiers = []
        for word in words {
            switch word {
            case .bold: modifiers.insert(.bold)
            case .dim: modifiers.insert(.dim)
            case .reverse: modifiers.insert(.reverse)
            case .underline: modifiers.insert(.underline)
            case .italic: modifiers.insert(.italic)
            }
        }
        return modifiers
    }
}
