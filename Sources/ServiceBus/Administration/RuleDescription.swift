/// A rule of a subscription: which messages it takes, and what it changes in them.
public struct RuleDescription: Hashable, Sendable {
    /// The name of the rule that a subscription starts with.
    public static let defaultName = "$Default"

    /// Which messages a rule takes.
    public enum Filter: Hashable, Sendable {
        /// All.
        case all
        /// None.
        case none
        /// Those for which the SQL expression is true.
        case sql(expression: String, parameters: [Parameter])
        /// Those whose properties equal the given ones.
        case correlation([Parameter], properties: [Parameter])
        /// A filter of a kind this version does not know.
        case other(type: String)
    }

    /// What a rule changes in the messages it takes.
    public enum Action: Hashable, Sendable {
        /// Nothing.
        case none
        /// What the SQL statements say.
        case sql(expression: String, parameters: [Parameter])
        /// An action of a kind this version does not know.
        case other(type: String)
    }

    /// A name with a typed value.
    public struct Parameter: Hashable, Sendable {
        /// The name, with its `@` if it is a parameter of an expression.
        public var name: String
        /// The XML Schema type without its prefix: `string`, `int`, `long`, `boolean`, `double`, `dateTime`, `duration`.
        public var type: String
        /// The value as text.
        public var value: String

        /// Creates a value of a type; plain text unless said otherwise.
        public init(name: String, type: String = "string", value: String) {
            self.name = name
            self.type = type
            self.value = value
        }
    }

    /// The name.
    public var name: String
    /// Which messages it takes.
    public var filter: Filter
    /// What it changes.
    public var action: Action
    /// When it was created.
    public var createdAt: Timestamp?
    /// Everything the service sent, in its order.
    public var settings: [EntityDescription.Setting]

    /// Creates a rule.
    public init(name: String, filter: Filter = .all, action: Action = .none) {
        self.name = name
        self.filter = filter
        self.action = action
        settings = []
    }

    init?(_ entry: AtomDocument.Entry) {
        let element = entry.content
        guard element.name.local == "RuleDescription" else { return nil }
        name = element.first("Name")?.text ?? entry.title
        filter = Self.filter(element.first("Filter"))
        action = Self.action(element.first("Action"))
        createdAt = element.first("CreatedAt").flatMap { DescriptionReader.timestamp($0.text) }
        settings = DescriptionReader.settings(of: element)
    }

    private static func filter(_ element: XMLElement?) -> Filter {
        guard let element, let type = element.attribute("type").map(localName) else { return .all }
        switch type {
        case "TrueFilter": return .all
        case "FalseFilter": return .none
        case "SqlFilter":
            return .sql(expression: element.first("SqlExpression")?.text ?? "", parameters: parameters(element.first("Parameters")))
        case "CorrelationFilter":
            let conditions = element.children.filter { $0.name.local != "Properties" }
            return .correlation(
                conditions.map { Parameter(name: $0.name.local, type: "string", value: $0.text) },
                properties: parameters(element.first("Properties")))
        default: return .other(type: type)
        }
    }

    private static func action(_ element: XMLElement?) -> Action {
        guard let element, let type = element.attribute("type").map(localName) else { return .none }
        switch type {
        case "EmptyRuleAction": return .none
        case "SqlRuleAction":
            return .sql(expression: element.first("SqlExpression")?.text ?? "", parameters: parameters(element.first("Parameters")))
        default: return .other(type: type)
        }
    }

    private static func parameters(_ element: XMLElement?) -> [Parameter] {
        (element?.children ?? []).map { pair in
            let value = pair.first("Value")
            return Parameter(
                name: pair.first("Key")?.text ?? "", type: value?.attribute("type").map(localName) ?? "string", value: value?.text ?? "")
        }
    }

    /// A type's name without the prefix its document gave to the schema's namespace.
    private static func localName(_ name: String) -> String {
        name.split(separator: ":").last.map(String.init) ?? name
    }
}
