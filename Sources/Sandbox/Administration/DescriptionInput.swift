internal import ServiceBus

/// What a client sends to create or change something: the description inside an ATOM entry.
///
/// Only names count, not prefixes; elements may come in any order; unknown ones, and those that only the service sets, are ignored.
enum DescriptionInput: Hashable, Sendable {
    case queue(EntityInput)
    case topic(EntityInput)
    case subscription(EntityInput, defaultRule: RuleInput?)
    case rule(RuleInput)

    /// The longest description. The longest that the service would take is far shorter.
    static let maximumBytes = 1 << 20

    /// Reads a request's body.
    /// - Throws: ``AdministrationFault`` with status 400, or 404 without a body, as the service has it.
    init(parsing body: [UInt8]) throws(AdministrationFault) {
        guard !body.isEmpty else { throw .noPolicyRequest }
        let entry: XMLElement
        do throws(XMLError) {
            entry = try XMLElement(parsing: body.span.bytes)
        } catch {
            throw .unreadable("The body is not well-formed: \(error.description)")
        }
        guard entry.name.local == "entry", let content = entry.first("content"), let description = content.children.first else {
            throw .unreadable("The body is not an ATOM entry with a description as its content.")
        }
        let values = ElementValues(element: description)
        switch description.name.local {
        case "QueueDescription": self = .queue(try EntityInput(values))
        case "TopicDescription": self = .topic(try EntityInput(values))
        case "SubscriptionDescription":
            let rule = try values.child("DefaultRuleDescription").map { (element) throws(AdministrationFault) in
                try RuleInput(ElementValues(element: element))
            }
            self = .subscription(try EntityInput(values), defaultRule: rule)
        case "RuleDescription": self = .rule(try RuleInput(values))
        default: throw .unreadable("'\(description.name.local.prefix(100))' is no description that is known here.")
        }
    }
}

/// A duration in which "for ever" is possible.
enum Lifetime: Hashable, Sendable {
    case forever
    case milliseconds(Int64)

    /// Milliseconds, nil for ever.
    var limit: Int64? { if case .milliseconds(let value) = self { value } else { nil } }
}

/// The elements inside a description by name. An empty one, and one with `i:nil`, is as good as none.
struct ElementValues {
    let element: XMLElement

    func child(_ name: String) -> XMLElement? {
        element.children.first { $0.name.local == name && $0.attribute("nil") != "true" }
    }

    /// The text of an element, nil when there is none.
    func text(_ name: String) -> String? {
        guard let text = child(name)?.text, !text.isEmpty else { return nil }
        return text
    }

    func flag(_ name: String) throws(AdministrationFault) -> Bool? {
        guard let text = text(name) else { return nil }
        switch text.lowercased() {
        case "true", "1": return true
        case "false", "0": return false
        default: throw .invalid(name, text)
        }
    }

    func number(_ name: String) throws(AdministrationFault) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text) else { throw .invalid(name, text) }
        return number
    }

    func lifetime(_ name: String) throws(AdministrationFault) -> Lifetime? {
        guard let text = text(name) else { return nil }
        switch XMLDuration.parse(text) {
        case .forever: return .forever
        case .lasting(let duration):
            guard let milliseconds = AtomValues.milliseconds(duration) else { throw .invalid(name, text) }
            return .milliseconds(milliseconds)
        case nil: throw .invalid(name, text)
        }
    }
}
