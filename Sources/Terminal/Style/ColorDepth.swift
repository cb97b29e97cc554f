/// How many colours a terminal can show, and how a colour is brought down to that.
public enum ColorDepth: Int, Comparable, Sendable, CaseIterable {
    /// No colour: modifiers only (vt100, `NO_COLOR`, `--color=never`).
    case mono
    /// The eight ANSI colours (the Linux console, `xterm`); brightness is lost.
    case ansi8
    /// Sixteen colours.
    case ansi16
    /// The 256 colours of xterm.
    case indexed256
    /// 24 bit.
    case trueColor

    /// Orders by number of colours.
    public static func < (a: ColorDepth, b: ColorDepth) -> Bool { a.rawValue < b.rawValue }

    /// The depth to use, given what terminfo says and what the person asked for.
    ///
    /// - Parameters:
    ///   - colors: terminfo's `colors`; negative or 0 means none.
    ///   - directColor: whether the description addresses colours by value (`xterm-direct`).
    ///   - noColor: the value of `NO_COLOR`; it counts when it is set and not empty (no-color.org).
    public init(colors: Int, directColor: Bool, noColor: String?) {
        if let noColor, !noColor.isEmpty {
            self = .mono
            return
        }
        switch colors {
        case ..<8: self = .mono
        case ..<16: self = .ansi8
        case ..<256: self = .ansi16
        default: self = directColor ? .trueColor : .indexed256
        }
    }
}

extension Color {
    /// The nearest colour a terminal of this depth can show.
    ///
    /// RGB goes to the nearest entry of the 6x6x6 cube and the greys, then to the nearest of xterm's 16 default colours; with none left
    /// it is ``Color/default``.
    public func reduced(to depth: ColorDepth) -> Color {
        switch (self, depth) {
        case (.default, _), (_, .mono):
            return .default
        case (_, .trueColor):
            return self
        case (.indexed(let index), .indexed256):
            return .indexed(index)
        case (.rgb(let r, let g, let b), .indexed256):
            return .indexed(XtermColors.nearest256(r, g, b))
        case (.indexed(let index), .ansi16) where index < 16:
            return .indexed(index)
        case (.indexed(let index), .ansi8) where index < 16:
            return .indexed(index & 7)
        case (.indexed(let index), _):
            let (r, g, b) = XtermColors.rgb(of: index)
            return Color.rgb(r, g, b).reduced(to: depth)
        case (.rgb(let r, let g, let b), .ansi16):
            return .indexed(XtermColors.nearest16(r, g, b))
        case (.rgb(let r, let g, let b), .ansi8):
            return .indexed(XtermColors.nearest16(r, g, b) & 7)
        }
    }
}

/// xterm's palette, as far as quantising needs it.
enum XtermColors {
    /// xterm's defaults; people change them, but something has to stand for "red".
    private static let ansi: [(UInt8, UInt8, UInt8)] = [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
        (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255), (255, 255, 255),
    ]

    private static let levels: [Int] = [0, 95, 135, 175, 215, 255]

    /// The parts of a palette entry.
    static func rgb(of index: UInt8) -> (UInt8, UInt8, UInt8) {
        switch index {
        case 0..<16:
            return ansi[Int(index)]
        case 16..<232:
            let value = Int(index) - 16
            return (UInt8(levels[value / 36]), UInt8(levels[value / 6 % 6]), UInt8(levels[value % 6]))
        default:
            let grey = UInt8(8 + 10 * (Int(index) - 232))
            return (grey, grey, grey)
        }
    }

    /// The nearest of the cube and the greys. 0 to 15 are left out: what they look like is the person's choice.
    static func nearest256(_ r: UInt8, _ g: UInt8, _ b: UInt8) -> UInt8 {
        let (ri, gi, bi) = (nearestLevel(r), nearestLevel(g), nearestLevel(b))
        let cube = UInt8(16 + 36 * ri + 6 * gi + bi)
        let mean = (Int(r) + Int(g) + Int(b)) / 3
        let grey = UInt8(232 + min(23, max(0, (mean - 3) / 10)))
        return distance(rgb(of: grey), (r, g, b)) < distance(rgb(of: cube), (r, g, b)) ? grey : cube
    }

    /// The nearest of the sixteen.
    static func nearest16(_ r: UInt8, _ g: UInt8, _ b: UInt8) -> UInt8 {
        var best: UInt8 = 0
        var bestDistance = Int.max
        for index in UInt8(0)..<16 {
            let candidate = distance(ansi[Int(index)], (r, g, b))
            if candidate < bestDistance {
                (best, bestDistance) = (index, candidate)
            }
        }
        return best
    }

    private static func nearestLevel(_ part: UInt8) -> Int {
        let value = Int(part)
        return value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40
    }

    /// Squared distance with the "redmean" weights, which follow the eye better than plain RGB at no cost.
    private static func distance(_ a: (UInt8, UInt8, UInt8), _ b: (UInt8, UInt8, UInt8)) -> Int {
        let mean = (Int(a.0) + Int(b.0)) / 2
        let (r, g, b) = (Int(a.0) - Int(b.0), Int(a.1) - Int(b.1), Int(a.2) - Int(b.2))
        return (((512 + mean) * r * r) >> 8) + 4 * g * g + (((767 - mean) * b * b) >> 8)
    }
}
