/// A correlation filter: conditions of equality, all of which must hold. Text is compared case-sensitively, property names without regard to
/// case.
public struct CorrelationConditions: Hashable, Sendable {
    /// A property of the service that must have a text.
    public struct SystemCondition: Hashable, Sendable {
        /// Which property.
        public let property: SystemProperty
        /// Its text.
        public let value: String
    }

    /// An application property that must have a value.
    public struct UserCondition: Hashable, Sendable {
        /// Its name.
        public let name: String
        /// Its value.
        public let value: FilterValue
        let folded: FoldedName
    }

    /// Conditions on properties of the service.
    public private(set) var system: [SystemCondition] = []
    /// Conditions on application properties.
    public private(set) var user: [UserCondition] = []

    /// No conditions: every message matches.
    public init() {}

    /// Adds a condition on a property of the service; an empty text is none, as the service reads it.
    public mutating func require(_ property: SystemProperty, _ value: String?) {
        if let value, !value.isEmpty { system.append(SystemCondition(property: property, value: value)) }
    }

    /// Adds a condition on an application property.
    public mutating func require(property name: String, _ value: FilterValue) {
        user.append(UserCondition(name: name, value: value, folded: FoldedName(name)))
    }

    /// Whether a message meets all conditions. Values of types that cannot be equal are not: the number 3 is not the text 3.
    public func matches(_ subject: some FilterSubject) -> Bool {
        for condition in system where !Self.equal(subject.systemValue(condition.property), .text(condition.value)) { return false }
        for condition in user {
            guard let value = subject.userValue(condition.folded), Self.equal(value, condition.value) else { return false }
        }
        return true
    }

    static func equal(_ a: FilterValue, _ b: FilterValue) -> Bool {
        switch (a, b) {
        case (.unknown, .unknown): true
        case (.integer(let a), .double(let b)), (.double(let b), .integer(let a)): Double(a) == b
        case (.unsigned(let a), .double(let b)), (.double(let b), .unsigned(let a)): Double(a) == b
        default: a == b
        }
    }
}
