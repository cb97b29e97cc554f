/// E-mail addresses: a local part, `@` or its form in URLs `%40`, and a host name of at least two labels. Quoted local parts and addresses of
/// single hosts are left alone.
enum EMailAddress {
    static func find(in text: UnsafeBufferPointer<UInt8>, _ found: (Range<Int>) -> Void) {
        var place = 0
        // What was looked through for local parts already: an `@` behind another one does not go back over it.
        var floor = 0
        while place < text.count {
            let width = signWidth(text, place)
            guard width > 0 else {
                place += 1
                continue
            }
            var start = place
            while start > floor, isLocal(text[start - 1]) { start -= 1 }
            floor = place + width
            if start < place, let end = hostEnd(text, place + width) {
                found(start..<end)
                place = end
                floor = end
            } else {
                place += width
            }
        }
    }

    /// The length of the sign between the parts; 0 when there is none here.
    private static func signWidth(_ text: UnsafeBufferPointer<UInt8>, _ place: Int) -> Int {
        if text[place] == UInt8(ascii: "@") { return 1 }
        guard text[place] == UInt8(ascii: "%"), place + 2 < text.count, text[place + 1] == UInt8(ascii: "4"),
            text[place + 2] == UInt8(ascii: "0")
        else { return 0 }
        return 3
    }

    private static func isLocal(_ byte: UInt8) -> Bool {
        byte.isWordByte || ".+-!#$*^~".utf8.contains(byte)
    }

    private static func hostEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
        var place = start
        var end: Int?
        var labels = 0
        while place < text.count {
            let label = place
            while place < text.count,
                text[place].isASCIIDigit || text[place].isASCIILetter || text[place] == UInt8(ascii: "-") || text[place] >= 0x80
            {
                place += 1
            }
            guard place > label else { break }
            labels += 1
            // The last label is no number: 1.5 is no host.
            if labels > 1, place - label > 1, text[label].isASCIILetter || text[label] >= 0x80 { end = place }
            guard place < text.count, text[place] == UInt8(ascii: ".") else { break }
            place += 1
        }
        return end
    }
}

/// JSON Web Tokens (RFC 7519): three parts in base64url with points between, of which the first is an object and so begins with `eyJ`.
enum WebToken {
    static func find(in text: UnsafeBufferPointer<UInt8>, _ found: (Range<Int>) -> Void) {
        var place = 0
        while place + 20 < text.count {
            guard text[place] == UInt8(ascii: "e"), text[place + 1] == UInt8(ascii: "y"), text[place + 2] == UInt8(ascii: "J"),
                place == 0 || !isPart(text[place - 1])
            else {
                place += 1
                continue
            }
            var end = place
            var points = 0
            while end < text.count, isPart(text[end]) || text[end] == UInt8(ascii: ".") {
                if text[end] == UInt8(ascii: ".") { points += 1 }
                end += 1
            }
            if points >= 2 { found(place..<end) }
            place = end
        }
    }

    private static func isPart(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || byte.isASCIILetter || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}
