/// Keys in the notations that terminals use for what terminfo cannot say: `CSI code ; modifiers u` (kitty, tmux `extended-keys`) and
/// `CSI 27 ; modifiers ; code ~` (xterm `modifyOtherKeys`). We do not ask for them; some set-ups send them anyway.
enum ExtendedKeys {
    /// The key, or nil if the sequence is not one.
    static func decode(parameters: [UInt8], final: UInt8) -> KeyPress? {
        let numbers = parameters.split(separator: 0x3B, omittingEmptySubsequences: false).map(number)
        switch final {
        case 0x75 where (1...2).contains(numbers.count):
            return press(code: numbers[0], modifiers: numbers.count > 1 ? numbers[1] : 1)
        case 0x7E where numbers.count == 3 && numbers[0] == 27:
            return press(code: numbers[2], modifiers: numbers[1])
        default:
            return nil
        }
    }

    /// A decimal number of at most seven digits; what follows a colon (alternate keys) is left out.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
        let digits = bytes.prefix { $0 != 0x3A }
        guard (1...7).contains(digits.count) else { return nil }
        var value = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return value
    }

    private static func press(code: Int?, modifiers: Int?) -> KeyPress? {
        guard let code, let modifiers, modifiers >= 1, let scalar = Unicode.Scalar(UInt32(code)) else { return nil }
        // 1 plus a bit each: shift 1, alt 2, control 4; the higher ones (super, locks) do not matter here.
        var held = KeyModifiers(rawValue: UInt8(truncatingIfNeeded: modifiers - 1) & 7)
        switch scalar.value {
        case 0x0D: return KeyPress(.enter, held)
        case 0x09: return KeyPress(.tab, held)
        case 0x08, 0x7F: return KeyPress(.backspace, held)
        case 0x1B: return KeyPress(.escape, held)
        case 0x20...: break
        default: return nil
        }
        // Private use numbers stand for keys that type nothing (57344 and up are kitty's).
        guard WidthTable.kind(of: scalar.value) != .hidden, !(0xE000...0xF8FF).contains(scalar.value) else { return nil }
        var character = Character(scalar)
        if held.contains(.shift) {
            held.remove(.shift)
            character = Character(scalar.properties.uppercaseMapping.first.map(String.init) ?? String(character))
        }
        return KeyPress(.character(character), held)
    }
}
