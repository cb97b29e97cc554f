internal import NIOCore

/// The body of an error answer: `<Error><Code>409</Code><Detail>…</Detail></Error>`, and what is hidden in its text.
///
///     SubCode=40900. Conflict. You're … . TrackingId:f0c0ed1c-…_G6, SystemTracker:…, Timestamp:2020-09-29T08:37:03
struct ServiceFault: Hashable, Sendable {
    /// The code element, usually the HTTP status.
    let code: Int?
    /// The finer code.
    let subCode: Int?
    /// The text without sub-code and ids, on one line.
    let message: String
    /// The service's id of the call.
    let trackingID: String?
    /// What the service was working on.
    let systemTracker: String?
    /// The service's time, as text.
    let timestamp: String?

    /// Reads an error answer; `nil` if the body is none.
    init?(_ body: ByteBuffer) {
        guard let root = try? XMLElement(parsing: body), root.name.local == "Error" else { return nil }
        self.init(code: root.first("Code").flatMap { Int($0.text) }, detail: root.first("Detail")?.text ?? "")
    }

    init(code: Int?, detail: String) {
        self.code = code
        var text = Substring(detail)
        var facts: [String: String] = [:]
        if let ids = text.firstRange(of: "TrackingId:") {
            for part in text[ids.lowerBound...].split(separator: ",") {
                let trimmed = part.drop { $0.isWhitespace }
                guard let colon = trimmed.firstIndex(of: ":") else { continue }
                facts[String(trimmed[..<colon])] = String(trimmed[trimmed.index(after: colon)...])
            }
            text = text[..<ids.lowerBound]
        }
        trackingID = facts["TrackingId"]
        systemTracker = facts["SystemTracker"]
        timestamp = facts["Timestamp"]
        if text.hasPrefix("SubCode=") {
            let digits = text.dropFirst(8).prefix { $0.isASCII && $0.isNumber }
            subCode = Int(digits)
            text = text.dropFirst(8 + digits.count).drop { $0 == "." || $0 == ":" || $0.isWhitespace }
        } else {
            subCode = nil
        }
        // One line, and without the " . " and ".  " that the service leaves before the ids.
        var words = text.split(whereSeparator: \.isWhitespace)
        while words.last == "." { words.removeLast() }
        message = words.joined(separator: " ")
    }
}
