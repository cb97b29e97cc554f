internal import ServiceBus

/// A rule as a form of settings: read from a rule, filled in, and made a rule again.
struct RuleForm {
    private enum Filter: String {
        case all, none, sql, correlation
    }

    private static let sqlSettings: Set<String> = ["sql", "parameters"]
    /// The settings that are conditions of a correlation filter, by the service's name for them.
    private static let conditions: [(setting: String, element: String)] = EntitySetting.all(of: .rule).compactMap { setting in
        switch setting.name {
        case "filter", "sql", "parameters", "properties", "action", "action-parameters": nil
        default: (setting.name, setting.element)
        }
    }

    private let rule: RuleDescription

    init(_ rule: RuleDescription) { self.rule = rule }

    /// The rule's settings by name. Those that its filter does not have are absent.
    var values: [String: String] {
        var values: [String: String] = [:]
        func put(_ name: String, _ parameters: [RuleDescription.Parameter]) {
            if !parameters.isEmpty { values[name] = PropertyList.text(parameters) }
        }
        switch rule.filter {
        case .all: values["filter"] = "all"
        case .none: values["filter"] = "none"
        case .sql(let expression, let parameters):
            values["filter"] = "sql"
            values["sql"] = expression
            put("parameters", parameters)
        case .correlation(let conditions, let properties):
            values["filter"] = "correlation"
            for condition in conditions {
                guard let setting = Self.conditions.first(where: { $0.element == condition.name })?.setting else { continue }
                values[setting] = condition.value
            }
            put("properties", properties)
        case .other(let type): values["filter"] = type
        }
        switch rule.action {
        case .none: break
        case .sql(let expression, let parameters):
            values["action"] = expression
            put("action-parameters", parameters)
        case .other(let type): values["action"] = type
        }
        return values
    }

    /// The rule with other settings.
    /// - Parameter changes: checked values by the settings' names.
    /// - Throws: ``OperatorError`` of kind usage when they make no rule together.
    func applying(_ changes: [String: String]) throws(OperatorError) -> RuleDescription {
        var changed = rule
        if !Self.filterChanges(changes).isEmpty { changed.filter = try filter(changes) }
        if changes["action"] != nil || changes["action-parameters"] != nil { changed.action = try action(changes) }
        if case .other(let type) = changed.filter { throw unknown("filter", type) }
        if case .other(let type) = changed.action { throw unknown("action", type) }
        return changed
    }

    private static func filterChanges(_ changes: [String: String]) -> [String: String] {
        changes.filter { $0.key != "action" && $0.key != "action-parameters" }
    }

    private func filter(_ changes: [String: String]) throws(OperatorError) -> RuleDescription.Filter {
        let sql = changes.keys.contains { Self.sqlSettings.contains($0) }
        let correlation = changes.keys.contains { name in name == "properties" || Self.conditions.contains { $0.setting == name } }
        let said = changes["filter"].flatMap(Filter.init)
        if sql, correlation || said.map({ $0 != .sql }) ?? false {
            throw usage("sql and parameters belong to a filter of kind sql, and the other settings given do not.")
        }
        if correlation, said.map({ $0 != .correlation }) ?? false {
            throw usage("These settings belong to a filter of kind correlation, not \(said?.rawValue ?? "").")
        }
        switch said ?? (sql ? .sql : .correlation) {
        case .all: return .all
        case .none: return .none
        case .sql: return try sqlFilter(changes)
        case .correlation: return try correlationFilter(changes)
        }
    }

    private func sqlFilter(_ changes: [String: String]) throws(OperatorError) -> RuleDescription.Filter {
        var (expression, parameters): (String?, [RuleDescription.Parameter]) = (nil, [])
        if case .sql(let text, let values) = rule.filter { (expression, parameters) = (text, values) }
        expression = changes["sql"] ?? expression
        if let list = changes["parameters"] { parameters = try Self.parameters(list) }
        guard let expression, !expression.isEmpty else { throw usage("A filter of kind sql needs a condition in sql.") }
        do throws(FilterSyntaxError) {
            _ = try SQLFilter(expression, parameters: Self.values(parameters))
        } catch {
            throw usage("sql, \(error.description).")
        }
        return .sql(expression: expression, parameters: parameters)
    }

    private func correlationFilter(_ changes: [String: String]) throws(OperatorError) -> RuleDescription.Filter {
        var (conditions, properties): ([RuleDescription.Parameter], [RuleDescription.Parameter]) = ([], [])
        // Conditions that are not in the table stay.
        if case .correlation(let old, let oldProperties) = rule.filter { (conditions, properties) = (old, oldProperties) }
        for (setting, element) in Self.conditions {
            guard let value = changes[setting] else { continue }
            conditions.removeAll { $0.name == element }
            if !value.isEmpty { conditions.append(.init(name: element, value: value)) }
        }
        if let list = changes["properties"] { properties = try Self.parameters(list) }
        guard !conditions.isEmpty || !properties.isEmpty else {
            throw usage("A filter of kind correlation needs at least one condition, for instance subject.")
        }
        return .correlation(conditions, properties: properties)
    }

    private func action(_ changes: [String: String]) throws(OperatorError) -> RuleDescription.Action {
        var (statements, parameters): (String, [RuleDescription.Parameter]) = ("", [])
        if case .sql(let text, let values) = rule.action { (statements, parameters) = (text, values) }
        statements = changes["action"] ?? statements
        if let list = changes["action-parameters"] { parameters = try Self.parameters(list) }
        guard !statements.isEmpty else {
            guard parameters.isEmpty || changes["action-parameters"] == nil else { throw usage("action-parameters need an action.") }
            return .none
        }
        do throws(FilterSyntaxError) {
            _ = try SQLAction(statements, parameters: Self.values(parameters))
        } catch {
            throw usage("action, \(error.description).")
        }
        return .sql(expression: statements, parameters: parameters)
    }

    private static func parameters(_ list: String) throws(OperatorError) -> [RuleDescription.Parameter] {
        do throws(PropertyList.Problem) { return try PropertyList.parse(list) } catch { throw OperatorError(.usage, error.message) }
    }

    private static func values(_ parameters: [RuleDescription.Parameter]) -> [String: FilterValue] {
        Dictionary(parameters.map { ($0.name, FilterValue($0)) }, uniquingKeysWith: { first, _ in first })
    }

    private func usage(_ message: String) -> OperatorError { OperatorError(.usage, message, hint: "See 'callboard create --help'.") }

    private func unknown(_ what: String, _ type: String) -> OperatorError {
        OperatorError(
            .usage, "The rule '\(rule.name)' has a \(what) of type \(type), which this version cannot send back without losing of it.",
            hint: "Give it another \(what), or change it with the tool that made it.")
    }
}
