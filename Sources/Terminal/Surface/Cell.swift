/// One cell of a ``Surface``: a base character, at most four combining marks, a width and a role, in 16 bytes.
///
/// Five code points are what one ncurses cell can hold (`CCHARW_MAX`); 21 bits each they fit two words, so comparing two frames costs
/// two integer comparisons a cell and no allocation.
public struct Cell: Hashable, Sendable {
    // low:  base 0..<21, first mark 21..<42, second mark 42..<63
    // high: third mark 0..<21, fourth mark 21..<42, width 42..<44, role 44..<52
    private var low: UInt64
    private var high: UInt64

    /// The most code points a cell keeps.
    public static let maximumScalars = 5

    private static let scalarMask: UInt64 = 0x1F_FFFF

    init(base: UInt32, width: Int, role: Role) {
        low = UInt64(base) & Cell.scalarMask
        high = UInt64(width & 3) << 42 | UInt64(role.rawValue) << 44
    }

    /// A space in a role.
    public static func blank(_ role: Role = .text) -> Cell {
        Cell(base: 0x20, width: 1, role: role)
    }

    /// The right half of a wide character.
    static func continuation(_ role: Role) -> Cell {
        Cell(base: 0, width: 0, role: role)
    }

    /// How many columns it takes: 1, 2, or 0 for the right half of the wide character before it.
    public var width: Int { Int(high >> 42 & 3) }

    /// What it means.
    public var role: Role {
        get { Role(rawValue: UInt8(truncatingIfNeeded: high >> 44)) }
        set { high = high & ~(0xFF << 44) | UInt64(newValue.rawValue) << 44 }
    }

    /// The base character's code point; 0 in the right half of a wide character.
    var base: UInt32 { UInt32(low & Cell.scalarMask) }

    /// Whether there is nothing but the base character.
    var isSingle: Bool { low >> 21 == 0 }

    /// The combining mark at 0 to 3; 0 where there is none.
    func mark(_ index: Int) -> UInt32 {
        let word =
            switch index {
            case 0: low >> 21
            case 1: low >> 42
            case 2: high
            default: high >> 21
            }
        return UInt32(word & Cell.scalarMask)
    }

    /// Adds a combining mark if there is room for it.
    ///
    /// - Returns: false if the cell is full and the mark was dropped.
    mutating func append(mark: UInt32) -> Bool {
        let bits = UInt64(mark) & Cell.scalarMask
        if self.mark(0) == 0 {
            low |= bits << 21
        } else if self.mark(1) == 0 {
            low |= bits << 42
        } else if self.mark(2) == 0 {
            high |= bits
        } else if self.mark(3) == 0 {
            high |= bits << 21
        } else {
            return false
        }
        return true
    }

    /// The code points, base first; none in the right half of a wide character.
    public var scalars: [Unicode.Scalar] {
        guard base != 0 else { return [] }
        return ([base] + (0..<4).map(mark).prefix { $0 != 0 }).compactMap(Unicode.Scalar.init)
    }

    /// The text it shows; empty in the right half of a wide character.
    public var text: String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }
}
