/// What is asked of a policy: may they do that, there?
public struct PolicyQuestion: Hashable, Sendable {
    /// Who asks.
    public var caller: PolicyCaller
    /// What is to be done.
    public var action: PolicyAction
    /// Where.
    public var scope: PolicyScope
    /// The environment's name; nil when it is not known.
    public var environment: String?
    /// The role it is about.
    public var role: PolicyRole?
    /// For how long.
    public var ttl: Duration?
    /// How many messages.
    public var messages: Int?
    /// How many a second.
    public var rate: Int?
    /// Whether everything is meant that an entity holds, and not what was picked.
    public var coversAll = false
    /// Whether it is asked for as an emergency.
    public var isBreakGlass = false
    /// How long ago the same plan was carried out in a golden environment; nil when there is no proof of that.
    public var goldenProofAge: Duration?

    /// Creates a question.
    public init(_ action: PolicyAction, on scope: PolicyScope, by caller: PolicyCaller, environment: String? = nil) {
        self.action = action
        self.scope = scope
        self.caller = caller
        self.environment = environment
    }

    /// How much it takes of whoever is at the keyboard to go ahead.
    public enum Confirmation: Hashable, Sendable {
        /// Nothing.
        case none
        /// A yes.
        case asked
        /// The name of the entity and its sub-queue, typed.
        case typed
    }

    /// What it takes here. What cannot be had back, and everything at once, takes the name.
    public var confirmation: Confirmation {
        if action.isDangerous || (coversAll && action.changesWorld) { return .typed }
        return action.changesWorld || action.reveals ? .asked : .none
    }
}
