internal import Terminal

/// The theme that is compiled in: the terminal's own sixteen colours on its own background. No file is read for it.
///
/// `themes/default.yaml` says the same; a test compares them. Modifiers carry what must be seen without colour.
enum DefaultTheme {
    static let name = "default"

    static let palette = Palette(
        Dictionary(uniqueKeysWithValues: RoleName.allCases.map { ($0.role, attributes(of: $0)) }))

    static func attributes(of role: RoleName) -> Attributes {
        switch role {
        case .text, .hexBytes, .logInfo, .prompt, .jsonPunctuation: .plain
        case .control: Attributes(foreground: .indexed(5), modifiers: [.reverse])
        case .muted, .keyHint: Attributes(modifiers: [.dim])
        case .match: Attributes(foreground: .indexed(6), modifiers: [.underline])
        case .title, .header: Attributes(modifiers: [.bold])
        case .rule: Attributes(modifiers: [.dim])
        case .ruleProduction: Attributes(foreground: .indexed(1), modifiers: [.bold])
        case .rowSelected: Attributes(modifiers: [.reverse])
        case .rowInactive: Attributes(modifiers: [.underline])
        case .bar: Attributes(foreground: .indexed(4), background: .indexed(15), modifiers: [.reverse])
        case .barProduction: Attributes(foreground: .indexed(1), background: .indexed(15), modifiers: [.reverse])
        case .barBadge: Attributes(foreground: .indexed(4), background: .indexed(15), modifiers: [.reverse, .bold])
        case .barBadgeProduction: Attributes(foreground: .indexed(1), background: .indexed(15), modifiers: [.bold])
        case .keyName: Attributes(modifiers: [.bold])
        case .keyDisabled: Attributes(modifiers: [.dim])
        case .promptSuggestion: Attributes(foreground: .indexed(6))
        case .promptSelected: Attributes(foreground: .indexed(6), modifiers: [.reverse])
        case .statusOK: Attributes(foreground: .indexed(2))
        case .statusWarning: Attributes(foreground: .indexed(3))
        case .statusError: Attributes(foreground: .indexed(1), modifiers: [.bold])
        case .statusInfo: Attributes(foreground: .indexed(6))
        case .statusPending: Attributes(foreground: .indexed(6))
        case .jsonKey: Attributes(foreground: .indexed(4))
        case .jsonString: Attributes(foreground: .indexed(2))
        case .jsonNumber: Attributes(foreground: .indexed(3))
        case .jsonWord: Attributes(foreground: .indexed(5))
        case .hexOffset: Attributes(modifiers: [.dim])
        case .logError: Attributes(foreground: .indexed(1), modifiers: [.bold])
        case .logWarning: Attributes(foreground: .indexed(3))
        case .scrollbar: Attributes(modifiers: [.dim])
        }
    }
}
