internal import Backstage
internal import ServiceBus

/// Reads a file of ours strictly: what is not known, or is not what it should be, is a mistake that is told with its line.
protocol StrictReading {
    /// The file, for messages.
    var file: String { get }
    /// The mistakes found so far.
    var problems: [ConfigurationProblem] { get set }
    /// The most entries of any list.
    static var most: Int { get }
}

extension StrictReading {
    /// The most entries of any list.
    static var most: Int { 500 }

    mutating func report(_ line: Int, _ message: String) {
        guard problems.count < 100 else { return }
        problems.append(ConfigurationProblem(file: file, line: line, message: message))
    }

    mutating func mapping(_ node: YAMLNode, _ what: String) -> [YAMLNode.Entry]? {
        if node.entries == nil { report(node.line, "\(what) is a mapping of keys to values, not \(node.kindTitle)") }
        return node.entries
    }

    mutating func text(_ entry: YAMLNode.Entry) -> String? {
        guard let text = entry.value.text, !text.isEmpty, text.utf8.count <= 4096 else {
            report(entry.value.line, "'\(entry.key)' is a text, not \(entry.value.text == nil ? entry.value.kindTitle : "this")")
            return nil
        }
        return text
    }

    mutating func bool(_ entry: YAMLNode.Entry) -> Bool? {
        if entry.value.bool == nil { report(entry.value.line, "'\(entry.key)' is true or false") }
        return entry.value.bool
    }

    mutating func number(_ entry: YAMLNode.Entry, in range: ClosedRange<Int>) -> Int? {
        if let number = entry.value.text.flatMap({ Int($0) }), range.contains(number) { return number }
        report(entry.value.line, "'\(entry.key)' is a whole number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    mutating func choice<Choice: RawRepresentable<String>>(
        _ entry: YAMLNode.Entry, of type: Choice.Type, _ words: [String]
    ) -> Choice? {
        if let choice = entry.value.text.flatMap({ Choice(rawValue: $0) }) { return choice }
        report(entry.value.line, "'\(entry.key)' is one of \(words.joined(separator: ", "))")
        return nil
    }

    mutating func duration(_ entry: YAMLNode.Entry) -> Duration? {
        if let text = entry.value.text, case .lasting(let duration)? = DurationText.parse(text), duration > .zero { return duration }
        report(entry.value.line, "'\(entry.key)' is a time such as 30m, 4h or 7d")
        return nil
    }

    mutating func rate(_ entry: YAMLNode.Entry) -> Int? {
        if let text = entry.value.text, text.hasSuffix("/s"), text.utf8.first?.isASCIIDigit == true, let rate = Int(text.dropLast(2)),
            (1...1_000_000).contains(rate)
        {
            return rate
        }
        report(entry.value.line, "'\(entry.key)' is a number of messages a second, such as 50/s")
        return nil
    }

    mutating func list(_ entry: YAMLNode.Entry) -> [YAMLNode] {
        guard let elements = entry.value.elements else {
            if entry.value.text != nil { return [entry.value] }
            report(entry.value.line, "'\(entry.key)' is a list, not \(entry.value.kindTitle)")
            return []
        }
        guard elements.count <= Self.most else {
            report(entry.value.line, "'\(entry.key)' has \(elements.count) entries; at most \(Self.most) are read")
            return []
        }
        return elements
    }

    mutating func texts(_ entry: YAMLNode.Entry) -> [String] {
        var texts: [String] = []
        for element in list(entry) {
            if let text = element.text, !text.isEmpty {
                texts.append(text)
            } else {
                report(element.line, "'\(entry.key)' holds \(element.kindTitle), not a text")
            }
        }
        return texts
    }

    mutating func reportUnknown(_ entry: YAMLNode.Entry, among known: [String]) {
        let meant = Spelling.nearest(to: entry.key, among: known).map { "; did you mean '\($0)'?" }
        report(
            entry.line,
            "'\(entry.key.prefix(80))' is not known here" + (meant ?? "; there is \(known.map { "'\($0)'" }.joined(separator: ", "))"))
    }
}
