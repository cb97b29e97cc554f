/// How an expression could go on, by the grammar and by what messages have.
public struct FilterCompletion: Hashable, Sendable {
    /// One way to go on.
    public struct Suggestion: Hashable, Sendable {
        /// What takes the place of the word.
        public var text: String
        /// What it is.
        public var note: String
        /// Whether something else follows after a blank, rather than right behind it.
        public var isWhole = true
    }

    /// Where the word begins that is being typed: an offset into the UTF-8 of the text before the cursor.
    public private(set) var wordStart: Int
    /// The ways to go on, the likeliest first.
    public private(set) var suggestions: [Suggestion] = []

    /// More suggestions than this are a list nobody reads.
    static let most = 60

    /// What may come next.
    private enum Expectation: Hashable {
        /// A property or a constant that begins a condition.
        case operand
        /// A property: inside EXISTS.
        case property
        /// What a property is compared with; the text of the property.
        case value(of: String?)
        case comparison
        case connector
        /// After `x NOT`.
        case inOrLike
        /// After IS.
        case null
        case open
        case listEnd
    }

    private enum Parenthesis { case group, list, exists, call }

    /// Works out how a text can go on.
    /// - Parameters:
    ///   - head: the text before the cursor.
    ///   - vocabulary: what messages have.
    public init(_ head: String, vocabulary: FilterVocabulary) {
        let end = head.utf8.count
        wordStart = end
        // A string or a name that is not closed yet is what is being typed.
        var open = end
        var tokens: [FilterToken] = []
        do throws(FilterSyntaxError) { tokens = try FilterLexer.tokens(of: head) } catch {
            let mark = SourceRange(error.range.start, error.range.start + 1).text(in: head)
            guard ["'", "[", "\""].contains(mark),
                let before = try? FilterLexer.tokens(of: SourceRange(0, error.range.start).text(in: head))
            else { return }
            tokens = before
            open = error.range.start
        }
        if tokens.last?.kind == .end { tokens.removeLast() }
        wordStart = open
        // Names, dots and brackets without a blank between them are one word.
        while let last = tokens.last, last.range.end == wordStart, Self.isPartOfWord(last.kind),
            SourceRange(open, end).text(in: head).first != "'"
        {
            wordStart = last.range.start
            tokens.removeLast()
        }
        let word = SourceRange(wordStart, end).text(in: head)
        let (expectation, depth) = Self.expectation(after: tokens, in: head)
        suggestions = Array(
            Self.suggestions(for: expectation, depth: depth, vocabulary).filter { Self.fits($0.text, word) }.prefix(Self.most))
    }

    private static func isPartOfWord(_ kind: FilterToken.Kind) -> Bool {
        switch kind {
        case .name, .delimitedName, .keyword, .symbol(.dot): true
        case .text, .integer, .double, .parameter, .symbol, .end: false
        }
    }

    /// Whether a suggestion goes on from what was typed, in any case; names may be typed without their brackets.
    private static func fits(_ text: String, _ word: String) -> Bool {
        guard !word.isEmpty else { return true }
        let (text, word) = (text.lowercased(), word.lowercased())
        return text.hasPrefix(word) || (text.hasPrefix("[") && text.dropFirst().hasPrefix(word))
    }

    // MARK: The grammar

    private static func expectation(after tokens: [FilterToken], in head: String) -> (Expectation, depth: Int) {
        var expectation = Expectation.operand
        // Whether the condition being written has its comparison already.
        var isCompared = false
        var parentheses: [Parenthesis] = []
        var operand: SourceRange?
        var previous: FilterToken.Kind?
        /// What the condition being written is about.
        var compared: String?
        func afterOperand() -> Expectation { parentheses.last == .list ? .listEnd : isCompared ? .connector : .comparison }
        for token in tokens {
            switch token.kind {
            case .name, .delimitedName, .symbol(.dot):
                if let known = operand, known.end == token.range.start {
                    operand = known.through(token.range)
                } else {
                    operand = token.range
                }
                expectation = afterOperand()
            case .text, .integer, .double, .parameter:
                operand = nil
                expectation = afterOperand()
            case .keyword(let keyword):
                switch keyword {
                case .and, .or:
                    expectation = .operand
                    isCompared = false
                case .not: expectation = expectation == .comparison ? .inOrLike : expectation == .null ? .null : .operand
                case .is: expectation = .null
                case .in, .exists:
                    compared = operand?.text(in: head)
                    expectation = .open
                    isCompared = true
                case .like, .escape:
                    compared = operand?.text(in: head)
                    expectation = .value(of: keyword == .like ? compared : nil)
                    isCompared = true
                case .true, .false, .null:
                    isCompared = isCompared || keyword != .null || expectation == .null
                    operand = nil
                    expectation = afterOperand()
                case .set, .remove: return (.connector, 0)
                }
            case .symbol(let symbol):
                switch symbol {
                case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
                    compared = operand?.text(in: head)
                    expectation = .value(of: compared)
                    isCompared = true
                case .comma: expectation = .value(of: compared)
                case .open:
                    if previous == .keyword(.in) {
                        parentheses.append(.list)
                        expectation = .value(of: compared)
                    } else if previous == .keyword(.exists) {
                        parentheses.append(.exists)
                        expectation = .property
                    } else if case .name? = previous {
                        parentheses.append(.call)
                        expectation = .value(of: nil)
                    } else {
                        parentheses.append(.group)
                        expectation = .operand
                        isCompared = false
                    }
                case .close:
                    switch parentheses.popLast() {
                    case .list, .exists: expectation = .connector
                    case .call, .group, nil: expectation = afterOperand()
                    }
                default: expectation = isCompared ? .value(of: nil) : .operand
                }
            case .end: break
            }
            previous = token.kind
        }
        return (expectation, parentheses.count)
    }

    // MARK: The words

    private static func suggestions(for expectation: Expectation, depth: Int, _ vocabulary: FilterVocabulary) -> [Suggestion] {
        let close = depth > 0 ? [Suggestion(text: ")", note: "close the parenthesis")] : []
        switch expectation {
        case .operand:
            return names(vocabulary) + [
                Suggestion(text: "NOT", note: "the opposite of what follows"),
                Suggestion(text: "EXISTS(", note: "whether a message has a property", isWhole: false),
            ]
        case .property: return names(vocabulary)
        case .value(let property):
            return values(of: property, vocabulary) + [
                Suggestion(text: "TRUE", note: "a constant"), Suggestion(text: "FALSE", note: "a constant"),
            ] + names(vocabulary)
        case .comparison:
            return FilterExpression.ComparisonOperator.allCases.map { Suggestion(text: $0.rawValue, note: title(of: $0)) } + [
                Suggestion(text: "LIKE", note: "like a pattern: % stands for any text, _ for one character"),
                Suggestion(text: "NOT LIKE", note: "not like a pattern"),
                Suggestion(text: "IN (", note: "one of several", isWhole: false),
                Suggestion(text: "NOT IN (", note: "none of several", isWhole: false),
                Suggestion(text: "IS NULL", note: "messages that do not have it"),
                Suggestion(text: "IS NOT NULL", note: "messages that have it"),
            ]
        case .connector:
            return [Suggestion(text: "AND", note: "and also"), Suggestion(text: "OR", note: "or else")] + close
        case .inOrLike:
            return [
                Suggestion(text: "LIKE", note: "not like a pattern"), Suggestion(text: "IN (", note: "none of several", isWhole: false),
            ]
        case .null:
            return [
                Suggestion(text: "NULL", note: "messages that do not have it"),
                Suggestion(text: "NOT NULL", note: "messages that have it"),
            ]
        case .open: return [Suggestion(text: "(", note: "", isWhole: false)]
        case .listEnd: return [Suggestion(text: ",", note: "one more")] + close
        }
    }

    /// Properties of the application, then of the service, then fields of bodies.
    private static func names(_ vocabulary: FilterVocabulary) -> [Suggestion] {
        var names: [Suggestion] = []
        for name in vocabulary.properties {
            names.append(Suggestion(text: FilterProperty.user(name).description, note: "application property"))
        }
        for property in SystemProperty.allCases where !unseen.contains(property) {
            names.append(Suggestion(text: "sys.\(property.rawValue)", note: note(of: property)))
        }
        for path in vocabulary.bodyPaths { names.append(Suggestion(text: path, note: "field of JSON bodies")) }
        names.append(Suggestion(text: "body", note: "the text of the body, or body.path.to.field", isWhole: false))
        return names
    }

    /// What a message that was only looked at never has.
    private static let unseen: Set<SystemProperty> = [.lockToken, .lockedUntil, .viaPartitionKey]

    private static func note(of property: SystemProperty) -> String {
        switch property {
        case .label: "of the service; newer SDKs say Subject"
        case .enqueuedTime, .scheduledEnqueueTime, .expiresAt: "of the service; a time, such as '2026-11-23T03:00:00Z'"
        case .state: "of the service; 'active', 'deferred' or 'scheduled'"
        case .timeToLive: "of the service; a duration"
        default: "of the service"
        }
    }

    private static func values(of property: String?, _ vocabulary: FilterVocabulary) -> [Suggestion] {
        guard let property else { return [] }
        let wanted = property.lowercased()
        if wanted == "sys.state" {
            return ["active", "deferred", "scheduled"].map { Suggestion(text: "'\($0)'", note: "a state") }
        }
        let name = wanted == "sys.subject" ? "sys.label" : wanted
        guard let values = vocabulary.values.first(where: { $0.key.lowercased() == name })?.value else { return [] }
        return values.map { Suggestion(text: FilterPrinter.quoted($0), note: "seen") }
    }

    private static func title(of operation: FilterExpression.ComparisonOperator) -> String {
        switch operation {
        case .equal: "is"
        case .notEqual: "is not"
        case .less: "less than"
        case .lessOrEqual: "at most"
        case .greater: "more than"
        case .greaterOrEqual: "at least"
        }
    }
}
