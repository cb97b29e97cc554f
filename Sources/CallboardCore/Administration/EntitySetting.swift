internal import ServiceBus

/// A setting of entities or rules that an operator can see and change: a row of the table in `EntitySetting+Table.swift`, from which come
/// the options of `create` and `update`, their help, the fields of forms, and the checks of both.
public struct EntitySetting: Hashable, Sendable, Identifiable {
    /// What its values look like.
    public enum Form: Hashable, Sendable {
        /// A duration, `1m30s` or `PT90S`. Without an upper limit it may be `forever`.
        case duration(atLeast: Duration, atMost: Duration?)
        /// `true` or `false`.
        case flag
        /// A whole number.
        case number(ClosedRange<Int>)
        /// Text of at most so many characters; empty for none.
        case text(maximum: Int)
        /// One of a few words.
        case choice([String])
        /// The name of a queue or topic; empty for none.
        case entity
        /// A condition in the language of SQL filters.
        case filter
        /// Statements in the language of SQL actions; empty for none.
        case action
        /// Names with typed values: `region=eu; quantity:long=3`; empty for none.
        case properties
    }

    /// What it is called, as in `--lock-duration`.
    public let name: String
    /// The service's element, such as `LockDuration`.
    public let element: String
    /// What its values look like.
    public let form: Form
    /// What has it.
    public let kinds: Set<EntityTarget.Kind>
    /// Whether it is fixed for an entity's life when that is created.
    public let isFixed: Bool
    /// The service's value when none is given, as ``text(fromWire:)`` has it; nil for none.
    public let usual: String?
    /// One line about it, for help and forms.
    public let help: String

    init(
        _ name: String, _ element: String, _ form: Form, of kinds: Set<EntityTarget.Kind>, fixed: Bool = false, usual: String? = nil,
        _ help: String
    ) {
        self.name = name
        self.element = element
        self.form = form
        self.kinds = kinds
        isFixed = fixed
        self.usual = usual
        self.help = help
    }

    /// The name.
    public var id: String { name }

    /// The settings that a kind has, in the order of the table.
    public static func all(of kind: EntityTarget.Kind) -> [EntitySetting] { table.filter { $0.kinds.contains(kind) } }

    /// The setting of that name.
    /// - Throws: ``OperatorError`` of kind usage that guesses what was meant.
    public static func named(_ name: String, of kind: EntityTarget.Kind) throws(OperatorError) -> EntitySetting {
        let known = all(of: kind)
        if let setting = known.first(where: { $0.name == name }) { return setting }
        if let elsewhere = table.first(where: { $0.name == name }) {
            let owners = EntityTarget.Kind.allCases.filter { elsewhere.kinds.contains($0) }.map(\.rawValue)
            throw OperatorError(
                .usage, "A \(kind.rawValue) has no \(name): that is a setting of a \(owners.joined(separator: ", ")).", hint: elsewhere.help
            )
        }
        let hint =
            Spelling.nearest(to: name, among: known.map(\.name)).map { "Did you mean \($0)?" }
            ?? "There is \(known.map(\.name).joined(separator: ", "))."
        throw OperatorError(.usage, "A \(kind.rawValue) has no setting '\(name)'.", hint: hint)
    }
}

// MARK: Values

/// Why a text is no value of a setting.
public struct SettingProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The setting's name.
    public var setting: String
    /// What is wrong and what would be right, beginning with the setting's name.
    public var description: String
}

extension EntitySetting {
    /// The text in the form in which values are shown and compared.
    /// - Throws: ``SettingProblem`` that says what would be right.
    public func checked(_ text: String) throws(SettingProblem) -> String {
        let trimmed = Self.trimmed(text)
        switch form {
        case .duration(let least, let most): return try duration(trimmed, least, most)
        case .flag:
            switch trimmed.lowercased() {
            case "true", "yes", "on": return "true"
            case "false", "no", "off": return "false"
            default: throw problem("is true or false, not '\(text)'")
            }
        case .number(let range):
            guard let number = Int(trimmed), range.contains(number) else {
                throw problem("must be a whole number from \(range.lowerBound) to \(range.upperBound), not '\(text)'")
            }
            return String(number)
        case .text(let maximum):
            guard text.utf16.count <= maximum else {
                throw problem("has at most \(maximum) characters, not \(text.utf16.count)")
            }
            return text
        case .choice(let words):
            // The service's own spelling, SendDisabled, is understood too.
            let folded = Self.folded(trimmed)
            guard let word = words.first(where: { Self.folded($0) == folded }) else {
                throw problem("is one of \(words.joined(separator: ", ")), not '\(text)'")
            }
            return word
        case .entity:
            guard !trimmed.isEmpty else { return "" }
            let path: EntityPath
            do throws(EntityPathError) { path = try EntityPath(parsing: trimmed) } catch {
                throw problem("must be a queue or topic of this namespace: \(error)")
            }
            guard path.kind == .queueOrTopic, path.subQueue == .active else {
                throw problem("must be a queue or topic of this namespace; '\(trimmed)' is neither")
            }
            return path.name
        case .filter:
            guard !trimmed.isEmpty else { throw problem("must be a condition, for instance region = 'eu'") }
            // A parameter's value comes with another setting: the whole is checked when it is put together.
            return trimmed
        case .action: return trimmed
        case .properties:
            do throws(PropertyList.Problem) { return PropertyList.text(try PropertyList.parse(text)) } catch {
                throw problem("is a list like region=eu; quantity:long=3: \(error.message)")
            }
        }
    }

    private func duration(_ text: String, _ least: Duration, _ most: Duration?) throws(SettingProblem) -> String {
        let limits: String
        if let most {
            limits = "from \(DurationText.text(.lasting(least))) to \(DurationText.text(.lasting(most)))"
        } else {
            limits = "\(DurationText.text(.lasting(least))) or longer, or forever"
        }
        guard let value = DurationText.parse(text) else {
            throw problem("must be a duration, for instance 30s, 1h30m or 14d (\(limits)), not '\(text)'")
        }
        switch value {
        case .forever where most != nil: throw problem("must be \(limits), not for ever")
        case .lasting(let duration) where duration < least || duration > most ?? duration:
            throw problem("must be \(limits), not \(text)")
        default: return DurationText.text(value)
        }
    }

    func problem(_ text: String) -> SettingProblem { SettingProblem(setting: name, description: "\(name) \(text)") }

    private static func trimmed(_ text: String) -> String {
        var trimmed = Substring(text)
        while trimmed.first?.isWhitespace == true { trimmed.removeFirst() }
        while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
        return String(trimmed)
    }

    private static func folded(_ word: String) -> String { word.lowercased().filter { $0 != "-" } }

    // MARK: The wire

    /// A value of the service's as it is shown. What does not have the setting's form is shown as it is.
    func text(fromWire wire: String) -> String {
        switch form {
        case .duration: XMLDuration.parse(wire).map { DurationText.text($0) } ?? wire
        case .flag: wire == "1" ? "true" : wire == "0" ? "false" : wire
        case .choice(let words): words.first { Self.folded($0) == Self.folded(wire) } ?? wire
        case .entity: EntityDefinition.name(of: wire)
        case .number, .text, .filter, .action, .properties: wire
        }
    }

    /// A checked value as the service writes it; nil for none.
    func wire(fromText text: String) -> String? {
        switch form {
        case .duration: DurationText.parse(text).map { DurationText.wire($0) } ?? text
        case .choice where element == "Status": EntityStatus(Self.folded(text)).description
        case .entity, .text: text.isEmpty ? nil : text
        default: text
        }
    }
}
