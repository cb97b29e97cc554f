import Testing

@testable import Terminal

@Suite("Colours and palettes")
struct PaletteTests {
    @Test(
        "a colour becomes the nearest there is",
        arguments: [
            (Color.rgb(255, 0, 0), ColorDepth.trueColor, Color.rgb(255, 0, 0)),
            (.rgb(255, 0, 0), .indexed256, .indexed(196)),
            (.rgb(95, 135, 175), .indexed256, .indexed(67)),
            (.rgb(128, 128, 128), .indexed256, .indexed(244)),
            (.rgb(8, 8, 8), .indexed256, .indexed(232)),
            (.rgb(0, 0, 0), .indexed256, .indexed(16)),
            (.rgb(255, 255, 255), .indexed256, .indexed(231)),
            (.rgb(255, 0, 0), .ansi16, .indexed(9)),
            (.rgb(200, 0, 0), .ansi16, .indexed(1)),
            (.rgb(255, 0, 0), .ansi8, .indexed(1)),
            (.indexed(196), .ansi16, .indexed(9)),
            (.indexed(12), .ansi16, .indexed(12)),
            (.indexed(12), .ansi8, .indexed(4)),
            (.indexed(196), .indexed256, .indexed(196)),
            (.indexed(1), .mono, .default),
            (.rgb(1, 2, 3), .mono, .default),
            (.default, .ansi16, .default),
        ]) func colourBecomesNearestThere(_ color: Color, _ depth: ColorDepth, _ expected: Color)
    {
        #expect(color.reduced(to: depth) == expected)
    }

    @Test("every cube and grey entry stands for itself") func everyCubeGreyEntryStands() {
        for index in UInt8(16)...255 {
            let (r, g, b) = XtermColors.rgb(of: index)
            let found = XtermColors.nearest256(r, g, b)
            #expect(XtermColors.rgb(of: found) == (r, g, b))
        }
    }

    @Test(
        "depth follows terminfo and NO_COLOR",
        arguments: [
            (-1, false, nil, ColorDepth.mono), (0, false, nil, .mono), (8, false, nil, .ansi8), (16, false, nil, .ansi16),
            (88, false, nil, .ansi16),
            (256, false, nil, .indexed256), (16_777_216, true, nil, .trueColor), (256, false, "", .indexed256), (256, false, "1", .mono),
            (256, false, "0", .mono),
        ] as [(Int, Bool, String?, ColorDepth)])
    func depthFollowsTerminfoNOCOLOR(_ colors: Int, _ isDirect: Bool, _ noColor: String?, _ depth: ColorDepth) {
        #expect(ColorDepth(colors: colors, directColor: isDirect, noColor: noColor) == depth)
    }

    @Test("without colours modifiers are left") func withoutColoursModifiersLeft() {
        let selected = Role(rawValue: 7)
        let palette = Palette([selected: Attributes(foreground: .rgb(1, 2, 3), background: .indexed(4), modifiers: [.bold, .reverse])])
        #expect(palette.reduced(to: .mono)[selected] == Attributes(modifiers: [.bold, .reverse]))
    }

    @Test("controls stand out without a theme") func controlsStandOutWithoutTheme() {
        #expect(Palette()[.control] != Palette()[.text])
    }
}
