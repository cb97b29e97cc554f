/// International bank account numbers (ISO 13616): a country of the register, its length, and the remainder 1 of 97; in one piece, or in groups
/// of four with single spaces or hyphens between them.
enum BankAccount {
    /// Countries and lengths of the SWIFT register.
    private static let lengths: [Int: Int] = {
        let register = Array(
            """
            AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27\
            GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24\
            PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30
            """.utf8)
        var lengths: [Int: Int] = [:]
        for entry in stride(from: 0, to: register.count - 3, by: 4) {
            lengths[key(register[entry].lowercasedASCII, register[entry + 1].lowercasedASCII)] =
                Int(register[entry + 2] - 0x30) * 10 + Int(register[entry + 3] - 0x30)
        }
        return lengths
    }()

    private static func key(_ first: UInt8, _ second: UInt8) -> Int { Int(first) << 8 | Int(second) }

    static func find(in text: UnsafeBufferPointer<UInt8>, _ found: (Range<Int>) -> Void) {
        var place = 0
        while place + 14 < text.count {
            if let end = end(of: text, from: place) {
                found(place..<end)
                place = end
            } else {
                place += 1
            }
        }
    }

    private static func end(of text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        guard text[start].isASCIILetter, text[start + 1].isASCIILetter, text[start + 2].isASCIIDigit, text[start + 3].isASCIIDigit,
            start == 0 || !text[start - 1].isWordByte,
            let length = lengths[key(text[start].lowercasedASCII, text[start + 1].lowercasedASCII)]
        else { return nil }
        var place = start
        var separator: UInt8?
        // Country and check digits count last: their value is added when the rest was read.
        var remainder = 0
        for index in 0..<length {
            if index > 0, index % 4 == 0, place < text.count, text[place] == UInt8(ascii: " ") || text[place] == UInt8(ascii: "-") {
                guard separator == nil ? index == 4 : separator == text[place] else { return nil }
                separator = text[place]
                place += 1
            } else if index > 0, index % 4 == 0, separator != nil {
                return nil
            }
            guard place < text.count, let value = value(text[place]) else { return nil }
            if index >= 4 { remainder = appended(remainder, value) }
            place += 1
        }
        guard place == text.count || !text[place].isWordByte else { return nil }
        for offset in 0..<4 { remainder = appended(remainder, value(text[start + offset]) ?? 0) }
        return remainder == 1 ? place : nil
    }

    private static func appended(_ remainder: Int, _ value: Int) -> Int { (remainder * (value > 9 ? 100 : 10) + value) % 97 }

    /// 0 to 9, and 10 to 35 for letters.
    private static func value(_ byte: UInt8) -> Int? {
        if byte.isASCIIDigit { return Int(byte - 0x30) }
        return byte.isASCIILetter ? Int(byte.lowercasedASCII - 0x61) + 10 : nil
    }
}
