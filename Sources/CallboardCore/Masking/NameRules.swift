/// Names whose values are hidden: of properties, of members of JSON objects, of elements and attributes of XML.
///
/// Case, `-`, `_`, `.`, `:` and blanks do not count: `api_key`, `Api-Key` and `apiKey` are one name. In a rule `*` stands for any characters
/// and `?` for one.
struct NameRules: Sendable {
    /// What is hidden wherever masking is on: credentials, and what tells who a customer is.
    static let builtIn = [
        "*password*", "*passwd*", "*pwd", "*passphrase*", "*secret*", "*credential", "*credentials", "*token", "*apikey*", "*accesskey*",
        "*privatekey*", "*sharedkey*", "*accountkey*", "*sharedaccesssignature", "*connectionstring*", "*authorization", "cookie",
        "setcookie",
        "sig", "pin", "pincode", "ssn", "*socialsecurity*", "*nationalid*", "*passport*", "taxid", "dob", "*dateofbirth*", "*birthdate*",
        "email", "*email", "*emailaddress*", "mail", "phone", "*phone", "*phonenumber*", "mobile", "*mobilenumber*", "iban", "*iban", "pan",
        "*cardnumber*", "*creditcard", "cvv*", "cvc*",
    ]

    /// Names up to here are folded without allocating.
    private static let usualName = 256

    private let hidden: NamePatterns
    private let exceptions: NamePatterns

    init(_ names: [String], except exceptions: [String] = []) {
        hidden = NamePatterns(names)
        self.exceptions = NamePatterns(exceptions)
    }

    /// Whether values under a name are hidden.
    func hides(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard name.count <= Self.usualName else { return hidesFolding(name) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.usualName) { memory in
            var count = 0
            for byte in name {
                // Only ASCII is folded where it lies.
                if byte >= 0x80 { return hidesFolding(name) }
                if NamePatterns.isIgnored(byte) { continue }
                memory[count] = byte.lowercasedASCII
                count += 1
            }
            return hides(folded: UnsafeBufferPointer(rebasing: memory[..<count]))
        }
    }

    private func hidesFolding(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        let folded = String(decoding: name, as: UTF8.self).lowercased().utf8.filter { !NamePatterns.isIgnored($0) }
        return folded.withUnsafeBufferPointer { hides(folded: $0) }
    }

    private func hides(folded name: UnsafeBufferPointer<UInt8>) -> Bool { hidden.fit(name) && !exceptions.fit(name) }

    func hides(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { hides($0) }
    }
}

/// Names with wildcards, one behind the other in one piece of memory: every key of every document is held against all of them.
struct NamePatterns: Sendable {
    private enum Form {
        case exact, beginning, end, anywhere, wild
    }

    private struct Entry {
        var start: Int
        var count: Int
        var form: Form
        /// The letters and digits that a name must have to fit.
        var characters: UInt64
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []

    init(_ names: [String]) {
        for name in names { add(name) }
    }

    private mutating func add(_ name: String) {
        let folded = name.lowercased().utf8.filter { !Self.isIgnored($0) }
        let (star, question) = (UInt8(ascii: "*"), UInt8(ascii: "?"))
        let opens = folded.first == star
        let closes = folded.count > 1 && folded.last == star
        let inner = folded.dropFirst(opens ? 1 : 0).dropLast(closes ? 1 : 0)
        let isWild = inner.contains(star) || inner.contains(question) || inner.isEmpty
        let kept = isWild ? folded[...] : inner
        entries.append(
            Entry(
                start: bytes.count, count: kept.count,
                form: isWild ? .wild : opens ? (closes ? .anywhere : .end) : closes ? .beginning : .exact,
                characters: kept.reduce(0) { $1 == star || $1 == question ? $0 : $0 | Self.bit($1) }))
        bytes.append(contentsOf: kept)
    }

    /// What does not count in names.
    static func isIgnored(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: " "), 0x09, 0x0a, 0x0d: true
        default: false
        }
    }

    private static func bit(_ byte: UInt8) -> UInt64 { 1 << UInt64(byte & 63) }

    /// Whether a folded name fits one of them.
    func fit(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        if name.isEmpty || entries.isEmpty { return false }
        var characters: UInt64 = 0
        for byte in name { characters |= Self.bit(byte) }
        return bytes.withUnsafeBufferPointer { bytes in
            entries.withUnsafeBufferPointer { entries in
                for index in entries.indices where entries[index].characters & ~characters == 0 {
                    let entry = entries[index]
                    let pattern = UnsafeBufferPointer(rebasing: bytes[entry.start..<entry.start + entry.count])
                    if Self.fits(name, pattern, entry.form) { return true }
                }
                return false
            }
        }
    }

    private static func fits(_ name: UnsafeBufferPointer<UInt8>, _ pattern: UnsafeBufferPointer<UInt8>, _ form: Form) -> Bool {
        let spare = name.count - pattern.count
        switch form {
        case .wild: return fitsWild(name, pattern)
        case .exact: return spare == 0 && name.elementsEqual(pattern)
        case .beginning: return spare >= 0 && name.starts(with: pattern)
        case .end: return spare >= 0 && name[spare...].elementsEqual(pattern)
        case .anywhere: return spare >= 0 && (0...spare).contains { name[$0...].starts(with: pattern) }
        }
    }

    /// Goes back to the last star only, so that no name takes longer than its length times that of the pattern.
    private static func fitsWild(_ name: UnsafeBufferPointer<UInt8>, _ pattern: UnsafeBufferPointer<UInt8>) -> Bool {
        var (place, at) = (0, 0)
        var retry: (place: Int, at: Int)?
        while at < name.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                place += 1
                retry = (place, at)
            } else if place < pattern.count, pattern[place] == UInt8(ascii: "?") || pattern[place] == name[at] {
                place += 1
                at += 1
            } else if let last = retry {
                place = last.place
                at = last.at + 1
                retry = (place, at)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
