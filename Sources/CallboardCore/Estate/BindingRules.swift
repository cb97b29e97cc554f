/// How a catalogue is read: which annotations bind a Resource or Component to Service Bus entities, which name who is on call, and which say who is to
/// send and receive there; how entities are named that none of them binds; where links lead.
///
/// Keys are tried in order, and of each form the first that is present on a catalogue entity decides: an organisation's own key for
/// queues may come before a common one. What different forms say adds up, so that subscriptions can be named beside queues. A key with
/// `.ENVIRONMENT` behind it says what is so in that environment only, and adds to the key without.
public struct BindingRules: Hashable, Sendable {
    /// How the value of an annotation names entities.
    public enum Form: String, Hashable, Sendable, CaseIterable {
        /// Paths separated by commas: `orders, order-events/billing`.
        case entities
        /// Queue names separated by commas.
        case queues
        /// Topic names separated by commas.
        case topics
        /// The ARM id of a Service Bus namespace, queue, topic or subscription, in any casing.
        case armID = "arm-id"
    }

    /// One annotation that binds.
    public struct Rule: Hashable, Sendable {
        /// The annotation's key.
        public var annotation: String
        /// How to read its value.
        public var form: Form

        /// Creates a rule.
        public init(annotation: String, form: Form) {
            self.annotation = annotation
            self.form = form
        }
    }

    /// The binding annotations; of each form the first hit wins.
    public var rules: [Rule]
    /// The annotations that say who is on call, first hit wins.
    public var onCallAnnotations: [String]
    /// The `spec.type` values that make a Component a service even when it has no entity.
    public var serviceTypes: [String]
    /// The annotations that say which Components send to the entities of a Resource or Component, first hit wins.
    public var senderAnnotations: [String]
    /// The annotations that say which Components receive from them, first hit wins.
    public var receiverAnnotations: [String]
    /// The annotations with the object ids that a Component acts as, first hit wins.
    public var principalAnnotations: [String]
    /// The annotations or labels with the environments that a Component or Resource is for, first hit wins.
    public var environmentAnnotations = ["callboard.dev/environment"]
    /// How entities are named whose service the catalogue does not say; an earlier pattern decides.
    public var naming: [NamingPattern] = []
    /// Where the value of an on-call annotation leads, by its key in lower case.
    public var onCallLinks: [String: LinkTemplate] = [:]
    /// The base URL of Backstage's pages, without a slash at its end.
    public var backstageApp: String?

    /// Creates rules.
    public init(
        rules: [Rule], onCallAnnotations: [String], serviceTypes: [String], senderAnnotations: [String] = ["callboard.dev/senders"],
        receiverAnnotations: [String] = ["callboard.dev/receivers"], principalAnnotations: [String] = ["callboard.dev/principal-id"]
    ) {
        self.rules = rules
        self.onCallAnnotations = onCallAnnotations
        self.serviceTypes = serviceTypes
        self.senderAnnotations = senderAnnotations
        self.receiverAnnotations = receiverAnnotations
        self.principalAnnotations = principalAnnotations
    }

    /// What is used unless a context says otherwise: our own key first, then the ones found in the field.
    public static let standard = BindingRules(
        rules: [
            Rule(annotation: "callboard.dev/entities", form: .entities),
            Rule(annotation: "azure-service-bus/queues", form: .queues),
            Rule(annotation: "azure-service-bus/topics", form: .topics),
            Rule(annotation: "management.azure.com/resourceId", form: .armID),
        ],
        onCallAnnotations: [
            "callboard.dev/on-call", "pagerduty.com/service-id", "opsgenie.com/team", "opsgenie.com/component-selector",
            "splunk.com/on-call-team",
        ],
        serviceTypes: ["service"])
}
