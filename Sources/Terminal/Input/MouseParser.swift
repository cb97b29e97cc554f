/// The SGR mouse protocol (xterm's mode 1006): `CSI < buttons ; column ; row M`, or `m` when a button goes up.
enum MouseParser {
    /// The event, or nil if the numbers are not one.
    static func parse(_ bytes: [UInt8], isRelease: Bool) -> MouseEvent? {
        let fields = bytes.split(separator: 0x3B, omittingEmptySubsequences: false)
        guard fields.count == 3, let code = number(fields[0]), let column = number(fields[1]), let row = number(fields[2]),
            column > 0, row > 0
        else { return nil }
        var modifiers: KeyModifiers = []
        if code & 4 != 0 { modifiers.insert(.shift) }
        if code & 8 != 0 { modifiers.insert(.alt) }
        if code & 16 != 0 { modifiers.insert(.control) }
        let isMotion = code & 32 != 0
        // Two low bits, and 64 and 128 for the further groups of buttons.
        let number = code & 3 | (code >> 6 & 3) << 2
        guard let action = action(number, isMotion: isMotion, isRelease: isRelease) else { return nil }
        return MouseEvent(action, row: row - 1, column: column - 1, modifiers: modifiers)
    }

    private static func action(_ number: Int, isMotion: Bool, isRelease: Bool) -> MouseEvent.Action? {
        let button: MouseEvent.Button
        switch number {
        case 0: button = .left
        case 1: button = .middle
        case 2: button = .right
        case 3: return isMotion && !isRelease ? .move : nil
        case 4...7:
            let wheels: [MouseEvent.Wheel] = [.up, .down, .left, .right]
            return isMotion || isRelease ? nil : .wheel(wheels[number - 4])
        case 8...11: button = .extra(number)
        default: return nil
        }
        return isRelease ? .release(button) : isMotion ? .drag(button) : .press(button)
    }

    /// At most five digits: no terminal is wider, and nothing can overflow.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard (1...5).contains(bytes.count) else { return nil }
        var value = 0
        for digit in bytes {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return value
    }
}
