import CallboardCore
import Terminal
import Testing

@testable import Console

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite struct ThemeTests {
    /// The themes that come with the product.
    static let folder = {
        var path = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        path.removeLast(5)
        return path.joined(separator: "/") + "/themes"
    }()
    static let bundled = ThemeFile.names(in: [folder])
    private static let roles = RoleName.allCases.map(\.rawValue)

    private func styles(_ text: String, file: String = "x.yaml") throws(OperatorError) -> [String: ThemeStyle] {
        try ThemeFile.styles(of: [try ThemeFile.parse(Array(text.utf8), path: file, roles: Self.roles)], roles: Self.roles)
    }

    @Test("the default theme's file says what is compiled in")
    func defaultTheme() throws {
        let styles = try ThemeFile.styles(named: "default", in: [Self.folder], roles: Self.roles)
        let palette = ThemeLibrary.palette(of: styles)
        for role in RoleName.allCases {
            #expect(palette[role.role] == DefaultTheme.palette[role.role], "\(role.rawValue)")
        }
    }

    @Test("all bundled themes can be read", arguments: bundled)
    func readable(_ name: String) throws {
        _ = try ThemeLibrary(folders: [Self.folder]).palette(named: name)
        #expect(Self.bundled.count >= 12)
    }

    @Test("without colours, what is selected, wrong, marked or hostile still looks different from text", arguments: bundled)
    func withoutColor(_ name: String) throws {
        let palette = try ThemeLibrary(folders: [Self.folder]).palette(named: name).reduced(to: .mono)
        for role in [
            RoleName.rowSelected, .rowInactive, .statusError, .control, .bar, .barBadge, .barProduction, .match, .promptSelected, .title,
        ] {
            #expect(palette[role.role].modifiers != [], "\(role.rawValue)")
        }
        #expect(palette[RoleName.rowSelected.role] != palette[RoleName.rowInactive.role])
    }

    @Test("text can be read: contrast of 4.5 and more wherever a theme names both colours", arguments: bundled)
    func contrast(_ name: String) throws {
        let palette = try ThemeLibrary(folders: [Self.folder]).palette(named: name)
        let lowest = name == "high-contrast" ? 7.0 : 4.5
        for role in RoleName.allCases where ![.rule, .ruleProduction, .scrollbar].contains(role) {
            let attributes = palette[role.role]
            guard case .rgb(let r1, let g1, let b1) = attributes.foreground, case .rgb(let r2, let g2, let b2) = attributes.background
            else {
                continue
            }
            let ratio = Self.contrast((r1, g1, b1), (r2, g2, b2))
            #expect(ratio >= lowest, "\(role.rawValue): \(ratio)")
        }
    }

    /// WCAG 2.2, contrast ratio.
    private static func contrast(_ a: (UInt8, UInt8, UInt8), _ b: (UInt8, UInt8, UInt8)) -> Double {
        func luminance(_ color: (UInt8, UInt8, UInt8)) -> Double {
            func part(_ value: UInt8) -> Double {
                let c = Double(value) / 255
                return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4)
            }
            return 0.2126 * part(color.0) + 0.7152 * part(color.1) + 0.0722 * part(color.2)
        }
        let (x, y) = (luminance(a), luminance(b))
        return (max(x, y) + 0.05) / (min(x, y) + 0.05)
    }

    @Test("production looks different in every theme, also without colour", arguments: bundled)
    func production(_ name: String) throws {
        let palette = try ThemeLibrary(folders: [Self.folder]).palette(named: name)
        if name != "mono" { #expect(palette[RoleName.bar.role] != palette[RoleName.barProduction.role]) }
        #expect(palette.reduced(to: .mono)[RoleName.barBadge.role] != palette.reduced(to: .mono)[RoleName.barBadgeProduction.role])
    }

    @Test(
        "what is not known is an error that names file and line",
        arguments: [
            ("name: x\nrols:\n  text: red", "x.yaml:2: 'rols' is not known here; did you mean 'roles'?"),
            ("roles:\n  text.mutd: red", "x.yaml:2: there is no role 'text.mutd'; did you mean 'text.muted'?"),
            ("roles:\n  text:\n    fg: chartreuse", "x.yaml:3: there is no colour 'chartreuse'."),
            (
                "palette:\n  accent: '#12345'\n",
                "x.yaml:2: '#12345' is not a colour; there is #rrggbb, 0 to 255, default, and names such as red."
            ),
            ("palette:\n  accent: blue\nroles:\n  text: acent", "x.yaml:4: there is no colour 'acent'; did you mean 'accent'?"),
            ("roles:\n  text: {fg: red, blink: yes}", "x.yaml:2: 'blink' is not known here; there is 'fg', 'bg', 'modifiers'."),
            (
                "roles:\n  title: {modifiers: [bold, wobbly]}",
                "x.yaml:2: 'wobbly' is not a modifier; there is bold, dim, reverse, underline, italic."
            ),
            ("variant: beige", "x.yaml:1: 'variant' is dark or light."),
            ("- a", "x.yaml:1: a theme is a mapping of keys to values, not a list."),
            ("", "x.yaml: the theme is empty."),
            ("palette:\n  x: 256", "x.yaml:2: '256' is not a colour; there is #rrggbb, 0 to 255, default, and names such as red."),
        ])
    func mistakes(_ text: String, _ message: String) {
        #expect {
            try styles(text)
        } throws: { error in
            let error = error as? OperatorError
            if error?.message != message { Issue.record("\(error?.message ?? "no error")") }
            return error?.code == .usage
        }
    }

    @Test("a prefix stands for all below it, the longest wins, and what an entry leaves open stays")
    func prefixes() throws {
        let styles = try styles(
            """
            roles:
              json: {fg: red, modifiers: [bold]}
              json.key: blue
              status.ok: {bg: 17}
            """)
        #expect(styles["json.string"] == ThemeStyle(foreground: .indexed(1), modifiers: [.bold]))
        #expect(styles["json.key"] == ThemeStyle(foreground: .indexed(4), modifiers: [.bold]))
        #expect(styles["status.ok"] == ThemeStyle(background: .indexed(17)))
        #expect(styles["title"] == nil)
    }

    @Test("a theme that only names other colours recolours what it inherits")
    func inheritedPalette() throws {
        let base = try ThemeFile.parse(
            Array("palette: {accent: red}\nroles: {title: {fg: accent, modifiers: [bold]}}".utf8), path: "a", roles: Self.roles)
        let derived = try ThemeFile.parse(Array("inherits: a\npalette: {accent: '#010203'}".utf8), path: "b", roles: Self.roles)
        let styles = try ThemeFile.styles(of: [base, derived], roles: Self.roles)
        #expect(styles["title"] == ThemeStyle(foreground: .rgb(1, 2, 3), modifiers: [.bold]))
    }

    @Test("a theme that is not there is named, with one that sounds alike")
    func missing() {
        #expect {
            try ThemeLibrary(folders: [Self.folder]).palette(named: "nrd")
        } throws: { error in
            (error as? OperatorError)?.hint == "Did you mean 'nord'?"
        }
    }

    @Test("themes are looked for in the person's folder first")
    func folders() {
        let folders = ThemeFile.folders(environment: ["HOME": "/home/dana", "XDG_DATA_DIRS": "/opt/share:relative"], executable: nil)
        #expect(folders == ["/home/dana/.config/callboard/themes", "/opt/share/callboard/themes"])
        #expect(ThemeFile.folders(environment: ["XDG_CONFIG_HOME": "/cfg"], executable: nil).first == "/cfg/callboard/themes")
    }
}
