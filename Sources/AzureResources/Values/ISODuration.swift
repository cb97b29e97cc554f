/// Durations as Azure Resource Manager writes them (ISO 8601): `PT1M`, `P90D`, `P10675199DT2H48M5.4775807S`.
enum ISODuration {
    /// The duration of a text. Years count 365 days and months 30, as PIM's limits mean them; nil when it is none.
    static func parse(_ text: String) -> Duration? {
        var bytes = text.utf8[...]
        guard bytes.popFirst() == UInt8(ascii: "P") else { return nil }
        var total = Duration.zero
        var isTime = false
        var parts = 0
        while let first = bytes.first {
            if first == UInt8(ascii: "T") {
                guard !isTime else { return nil }
                isTime = true
                bytes.removeFirst()
                continue
            }
            let digits = bytes.prefix { (0x30...0x39).contains($0) }
            // The service's longest number has eight digits; with nine, and seven parts, no sum here can leave what a duration holds.
            guard (1...9).contains(digits.count), let number = Int64(String(decoding: digits, as: UTF8.self)) else { return nil }
            bytes = bytes[digits.endIndex...]
            var nanoseconds: Int64 = 0
            if bytes.first == UInt8(ascii: ".") {
                let fraction = bytes.dropFirst().prefix { (0x30...0x39).contains($0) }
                guard !fraction.isEmpty, bytes[fraction.endIndex...].first == UInt8(ascii: "S") else { return nil }
                let nine = String(decoding: fraction.prefix(9), as: UTF8.self) + String(repeating: "0", count: max(0, 9 - fraction.count))
                guard let value = Int64(nine) else { return nil }
                nanoseconds = value
                bytes = bytes[fraction.endIndex...]
            }
            guard let unit = bytes.popFirst(), let seconds = seconds(of: unit, isTime: isTime) else { return nil }
            total += .seconds(number * seconds) + .nanoseconds(nanoseconds)
            parts += 1
            guard parts <= 7 else { return nil }
        }
        return parts > 0 ? total : nil
    }

    private static func seconds(of unit: UInt8, isTime: Bool) -> Int64? {
        switch (unit, isTime) {
        case (UInt8(ascii: "Y"), false): 365 * 86_400
        case (UInt8(ascii: "M"), false): 30 * 86_400
        case (UInt8(ascii: "W"), false): 7 * 86_400
        case (UInt8(ascii: "D"), false): 86_400
        case (UInt8(ascii: "H"), true): 3600
        case (UInt8(ascii: "M"), true): 60
        case (UInt8(ascii: "S"), true): 1
        default: nil
        }
    }

    /// The text of a duration in whole seconds, in the largest units that hold it without a rest: `PT2H`, `PT90M`, `P1D`.
    static func text(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        if seconds > 0, seconds % 86_400 == 0 { return "P\(seconds / 86_400)D" }
        if seconds > 0, seconds % 3600 == 0 { return "PT\(seconds / 3600)H" }
        if seconds > 0, seconds % 60 == 0 { return "PT\(seconds / 60)M" }
        return "PT\(seconds)S"
    }
}
