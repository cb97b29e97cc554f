/// Turns what a terminal sends into events. Pure, and a state machine: input may be cut anywhere.
///
/// A terminal's answers and keys that nobody asked for (unknown control sequences, operating system commands) are swallowed whole; taken
/// as single keys, their letters would be commands.
struct InputDecoder {
    private enum State {
        case ground
        case escape
        /// After `ESC [`.
        case control([UInt8])
        /// After `ESC O`.
        case singleShift
        /// After `ESC ]`, `ESC P`, `ESC X`, `ESC ^` or `ESC _`; ends with BEL or `ESC \`.
        case string(introducer: UInt8, count: Int, sawEscape: Bool)
        case mouse([UInt8])
        case paste([UInt8])
    }

    /// The most bytes of one paste that are kept.
    static let pasteLimit = 4 << 20
    private static let sequenceLimit = 64
    private static let stringLimit = 4096

    private var state = State.ground
    /// The beginning of a UTF-8 sequence, and whether it came after an escape.
    private var partial: [UInt8] = []
    private var partialHasAlt = false

    /// Takes one unit.
    mutating func feed(_ unit: InputUnit, into events: inout [InputEvent]) {
        switch state {
        case .paste:
            // A copy of the payload would make long pastes quadratic: it is taken out of the state while it grows.
            takePasted(unit, into: &events)
        case .ground:
            ground(unit, alt: false, into: &events)
        case .escape:
            afterEscape(unit, into: &events)
        case .control(let bytes):
            control(unit, bytes, into: &events)
        case .singleShift:
            state = .ground
            if case .byte(let byte) = unit, (0x40...0x7E).contains(byte) { return }
            events.append(.key(KeyPress(.character("O"), .alt)))
            ground(unit, alt: false, into: &events)
        case .string(let introducer, let count, let sawEscape):
            string(unit, introducer, count, sawEscape, into: &events)
        case .mouse(let bytes):
            mouse(unit, bytes, into: &events)
        }
    }

    /// Nothing more is there for now: what could have been the start of something was a key.
    mutating func flush(into events: inout [InputEvent]) {
        switch state {
        case .escape:
            state = .ground
            events.append(.key(KeyPress(.escape)))
        case .control(let bytes) where bytes.isEmpty:
            state = .ground
            events.append(.key(.alt("[")))
        case .singleShift:
            state = .ground
            events.append(.key(.alt("O")))
        case .string(let introducer, 0, false):
            state = .ground
            events.append(.key(.alt(Character(Unicode.Scalar(introducer)))))
        default:
            break
        }
    }

    /// Forgets what was begun; for when the terminal was somebody else's for a while.
    mutating func reset() {
        state = .ground
        partial = []
    }

    // MARK: - States

    private mutating func ground(_ unit: InputUnit, alt: Bool, into events: inout [InputEvent]) {
        if case .byte(let byte) = unit, byte >= 0x80 {
            return wide(byte, alt: alt, into: &events)
        }
        partial = []
        switch unit {
        case .byte(0x1B): state = .escape
        case .byte(let byte): events.append(.key(InputDecoder.key(of: byte, alt: alt)))
        case .key(let key, let modifiers): events.append(.key(KeyPress(key, alt ? modifiers.union(.alt) : modifiers)))
        case .focus(let hasFocus): events.append(.focus(hasFocus))
        case .mouse: state = .mouse([])
        case .pasteBegin: state = .paste([])
        case .pasteEnd, .unknown: break
        }
    }

    private mutating func afterEscape(_ unit: InputUnit, into events: inout [InputEvent]) {
        state = .ground
        switch unit {
        case .byte(0x1B):
            events.append(.key(KeyPress(.escape)))
            state = .escape
        case .byte(0x5B):
            state = .control([])
        case .byte(0x4F):
            state = .singleShift
        case .byte(let byte) where [0x5D, 0x50, 0x58, 0x5E, 0x5F].contains(byte):
            state = .string(introducer: byte, count: 0, sawEscape: false)
        case .byte, .key:
            ground(unit, alt: true, into: &events)
        default:
            events.append(.key(KeyPress(.escape)))
            ground(unit, alt: false, into: &events)
        }
    }

    private mutating func control(_ unit: InputUnit, _ bytes: [UInt8], into events: inout [InputEvent]) {
        guard case .byte(let byte) = unit, (0x20...0x7E).contains(byte), bytes.count < InputDecoder.sequenceLimit else {
            state = .ground
            return ground(unit, alt: false, into: &events)
        }
        if byte < 0x40 {
            state = .control(bytes + [byte])
        } else {
            state = .ground
            if let press = ExtendedKeys.decode(parameters: bytes, final: byte) {
                events.append(.key(press))
            }
        }
    }

    private mutating func string(
        _ unit: InputUnit, _ introducer: UInt8, _ count: Int, _ sawEscape: Bool, into events: inout [InputEvent]
    ) {
        state = .ground
        switch unit {
        case .byte(0x07), .byte(0x18), .byte(0x1A):
            break
        case .byte(0x5C) where sawEscape:
            break
        case .byte where sawEscape:
            // Not a terminator: the string was cut off and something else begins.
            afterEscape(unit, into: &events)
        case .byte(let byte):
            guard count < InputDecoder.stringLimit else { return }
            state = .string(introducer: introducer, count: count + 1, sawEscape: byte == 0x1B)
        default:
            ground(unit, alt: false, into: &events)
        }
    }

    private mutating func mouse(_ unit: InputUnit, _ bytes: [UInt8], into events: inout [InputEvent]) {
        state = .ground
        guard case .byte(let byte) = unit else { return ground(unit, alt: false, into: &events) }
        switch byte {
        case 0x30...0x39, 0x3B:
            guard bytes.count < InputDecoder.sequenceLimit else { return }
            state = .mouse(bytes + [byte])
        case 0x4D, 0x6D:
            if let event = MouseParser.parse(bytes, isRelease: byte == 0x6D) {
                events.append(.mouse(event))
            }
        default:
            ground(unit, alt: false, into: &events)
        }
    }

    private mutating func takePasted(_ unit: InputUnit, into events: inout [InputEvent]) {
        guard case .paste(var bytes) = state else { return }
        state = .ground
        switch unit {
        case .pasteEnd:
            events.append(.paste(PastedText.clean(bytes)))
            return
        case .byte(let byte) where bytes.count < InputDecoder.pasteLimit:
            bytes.append(byte)
        default:
            // Beyond the limit; or a sequence, which is a control that cleaning would remove anyway.
            break
        }
        state = .paste(bytes)
    }

    // MARK: - Characters

    private mutating func wide(_ byte: UInt8, alt: Bool, into events: inout [InputEvent]) {
        if byte >= 0xC0 {
            partial = [byte]
            partialHasAlt = alt
        } else if !partial.isEmpty {
            partial.append(byte)
        } else {
            return
        }
        let first = partial[0]
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard partial.count == length else { return }
        defer { partial = [] }
        // Bytes that are not UTF-8 type nothing.
        guard let text = String(validating: partial, as: UTF8.self), let character = text.first else { return }
        events.append(.key(KeyPress(.character(character), partialHasAlt ? .alt : [])))
    }

    private static func key(of byte: UInt8, alt: Bool) -> KeyPress {
        let modifiers: KeyModifiers = alt ? .alt : []
        switch byte {
        case 0x0D: return KeyPress(.enter, modifiers)
        case 0x09: return KeyPress(.tab, modifiers)
        case 0x08, 0x7F: return KeyPress(.backspace, modifiers)
        case 0x00: return KeyPress(.character(" "), modifiers.union(.control))
        case 0x01...0x1A: return KeyPress(.character(Character(Unicode.Scalar(byte | 0x60))), modifiers.union(.control))
        case 0x1C...0x1F: return KeyPress(.character(Character(Unicode.Scalar(byte | 0x40))), modifiers.union(.control))
        default: return KeyPress(.character(Character(Unicode.Scalar(byte))), modifiers)
        }
    }
}
