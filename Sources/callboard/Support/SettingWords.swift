import ArgumentParser
import CallboardCore

/// What is changed, and to what, as an operator types it: `queue orders --lock-duration 30s --requires-session`.
///
/// The options are not declared to the argument parser: they are the table of settings, which knows what each kind has.
struct SettingWords {
    let target: EntityTarget
    let inputs: [SettingInput]

    /// Reads the words that are no options of the command itself.
    /// - Throws: ``OperatorError`` of kind usage.
    init(_ words: [String], command: String) throws(OperatorError) {
        var names: [String] = []
        var options: [(name: String, value: String?)] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--"), word.utf8.count > 2 else {
                guard !word.hasPrefix("-") || word.utf8.count < 2 else {
                    throw OperatorError(.usage, "'\(word)' is no option of '\(command)'.", hint: "See 'callboard \(command) --help'.")
                }
                names.append(word)
                continue
            }
            let option = word.dropFirst(2)
            if let equals = option.firstIndex(of: "=") {
                options.append((String(option[..<equals]), String(option[option.index(after: equals)...])))
            } else if Self.isFlag(String(option)) {
                let isValue = rest.first.map { ["true", "false", "yes", "no", "on", "off"].contains($0.lowercased()) } ?? false
                options.append((String(option), isValue ? rest.popFirst() : "true"))
            } else if option.hasPrefix("no-"), Self.isFlag(String(option.dropFirst(3))) {
                options.append((String(option.dropFirst(3)), "false"))
            } else {
                let isMissing = rest.first?.hasPrefix("--") ?? true
                options.append((String(option), isMissing ? nil : rest.popFirst()))
            }
        }
        target = try Self.target(names, command)
        inputs = try Self.inputs(options, target.kind)
    }

    private static func isFlag(_ name: String) -> Bool {
        EntityTarget.Kind.allCases.contains { kind in EntitySetting.all(of: kind).contains { $0.name == name && $0.form == .flag } }
    }

    private static func target(_ names: [String], _ command: String) throws(OperatorError) -> EntityTarget {
        let kinds = EntityTarget.Kind.allCases.map(\.rawValue)
        let example = "For instance: callboard \(command) queue orders"
        guard let word = names.first else {
            throw OperatorError(.usage, "'\(command)' needs a kind (\(kinds.joined(separator: ", "))) and a name.", hint: example)
        }
        guard let kind = EntityTarget.Kind(rawValue: word.lowercased()) else {
            throw OperatorError(.usage, "'\(word)' is none of \(kinds.joined(separator: ", ")).", hint: example)
        }
        guard names.count == 2 else {
            throw OperatorError(
                .usage, names.count < 2 ? "Which \(kind.rawValue)? There is no name." : "'\(names[2])' is one name too many.",
                hint: example)
        }
        return try EntityTarget(kind, named: names[1])
    }

    private static func inputs(_ options: [(name: String, value: String?)], _ kind: EntityTarget.Kind) throws(OperatorError)
        -> [SettingInput]
    {
        var inputs: [SettingInput] = []
        for option in options {
            let setting = try EntitySetting.named(option.name, of: kind)
            guard let value = option.value else { throw OperatorError(.usage, "--\(setting.name) needs a value.", hint: setting.help) }
            inputs.append(SettingInput(setting.name, value))
        }
        return inputs
    }

    /// The table of settings for `--help`.
    static let help: String = {
        let width = EntityTarget.Kind.allCases.flatMap { EntitySetting.all(of: $0) }.map(\.name.count).max() ?? 0
        var text = ""
        for kind in EntityTarget.Kind.allCases {
            text += "\nSettings of a \(kind.rawValue):\n"
            for setting in EntitySetting.all(of: kind) {
                let padding = String(repeating: " ", count: width - setting.name.count)
                let usual = setting.usual.map { " (\($0))" } ?? ""
                text += "  --\(setting.name)\(padding)  \(setting.help)\(usual)\(setting.isFixed ? " Fixed for life." : "")\n"
            }
        }
        return text
    }()
}
