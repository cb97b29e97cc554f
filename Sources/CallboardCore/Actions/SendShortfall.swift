internal import ServiceBus

/// What of a list of messages was not sent, or is not known to be: whoever sends the rest must know which that is.
public struct SendShortfall: Hashable, Sendable {
    /// How many were to be sent.
    public var count: Int
    /// The places in the list, from 0 and in order, of those that certainly were not sent.
    public var notSent: [Int] = []
    /// The places of those that left without an answer.
    public var unknown: [Int] = []

    /// The most runs of lines that are named.
    private static let mostRuns = 20

    /// How many were sent.
    public var sent: Int { count - notSent.count - unknown.count }

    /// Whether nothing at all was sent, for certain.
    public var isTotal: Bool { notSent.count == count }

    /// Which they were, as sentences: `Not sent: lines 2, 5-9 of FILE.`
    /// - Parameters:
    ///   - file: what the file is called.
    ///   - lines: the line that each message of the list stands on, counted from 1.
    public func places(in file: String, lines: [Int]) -> String {
        [("Not sent", notSent), ("Not known", unknown)].filter { !$0.1.isEmpty }
            .map { word, places in "\(word): \(Self.named(places, lines)) of \(file)." }.joined(separator: " ")
    }

    /// Places as runs of lines.
    private static func named(_ places: [Int], _ lines: [Int]) -> String {
        var runs: [ClosedRange<Int>] = []
        for place in places where lines.indices.contains(place) {
            if let last = runs.last, last.upperBound + 1 == place {
                runs[runs.count - 1] = last.lowerBound...place
            } else {
                runs.append(place...place)
            }
        }
        let texts = runs.prefix(mostRuns).map {
            $0.count == 1 ? "\(lines[$0.lowerBound])" : "\(lines[$0.lowerBound])-\(lines[$0.upperBound])"
        }
        let left = runs.dropFirst(mostRuns).reduce(0) { $0 + $1.count }
        return (places.count == 1 ? "line " : "lines ") + texts.joined(separator: ", ") + (left > 0 ? " and \(left) more" : "")
    }

    /// `2 of 3 messages were sent, 1 was not.`
    /// - Parameter cause: why it is not known of some, where that is not said already.
    fileprivate func sentence(_ cause: String?) -> String {
        if count == 1 { return unknown.isEmpty ? "" : " It is not known whether the message was sent." }
        if isTotal { return " None of the \(count) messages was sent." }
        var text = " \(sent) of \(count) messages were sent"
        if !notSent.isEmpty { text += ", \(notSent.count) \(notSent.count == 1 ? "was" : "were") not" }
        if !unknown.isEmpty { text += ", and of \(unknown.count) it is not known" + (cause.map { " (\($0))" } ?? "") }
        return text + "."
    }

    fileprivate var hint: String {
        if !unknown.isEmpty { return "Look which of them are there before you send them again." }
        return isTotal ? "" : "Send only those that were not sent: the others would be there twice."
    }
}

extension OperatorError {
    /// What it means to an operator that not every message of a list was sent; nil when all were.
    /// - Parameter results: of each message in the order of the list.
    init?(sending results: [Result<Void, ServiceBusError>], at endpoint: NamespaceEndpoint) {
        var shortfall = SendShortfall(count: results.count)
        var first: ServiceBusError?
        var cause: String?
        for (place, result) in results.enumerated() {
            guard case .failure(let error) = result else { continue }
            if first == nil { first = error }
            if error.outcome == .unknown {
                if shortfall.unknown.isEmpty, !shortfall.notSent.isEmpty { cause = error.message }
                shortfall.unknown.append(place)
            } else {
                shortfall.notSent.append(place)
            }
        }
        guard let first else { return nil }
        self.init(first, doing: "Sending to", at: endpoint)
        let sentence = shortfall.sentence(cause)
        if !sentence.isEmpty { message += (message.hasSuffix(".") ? "" : ".") + sentence }
        hint = [hint, shortfall.hint].filter { !$0.isEmpty }.joined(separator: " ")
        // Who stopped it knows that; the ledger says the rest.
        if !shortfall.isTotal, code != .cancelled { code = .partlyDone }
        isOutcomeUnknown = !shortfall.unknown.isEmpty
        self.shortfall = shortfall
    }
}
