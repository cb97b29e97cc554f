package import AzureResources

/// The role, the place and the time of a request or a grant.
///
/// What an approver gives is made from what was asked, and every way from one to the other leads to less: the role is one of the two narrow ones and stays
/// what it was, the place can only become a subscription of its topic, the time only shorter.
package struct CooperativeTerms: Hashable, Sendable {
    /// The roles that can be asked for here. There is none for Data Owner.
    package enum Role: String, Hashable, Sendable, CaseIterable {
        /// Azure Service Bus Data Sender.
        case sender
        /// Azure Service Bus Data Receiver.
        case receiver

        /// The role's GUID.
        package var definition: GUID {
            switch self {
            case .sender: RoleDefinition.BuiltIn.serviceBusDataSender
            case .receiver: RoleDefinition.BuiltIn.serviceBusDataReceiver
            }
        }

        /// The role in the words of policies.
        package var policyRole: PolicyRole {
            switch self {
            case .sender: .sender
            case .receiver: .receiver
            }
        }

        /// As people call it.
        package var title: String {
            switch self {
            case .sender: "Data Sender"
            case .receiver: "Data Receiver"
            }
        }
    }

    /// The shortest time, in seconds: a role takes minutes to count.
    static let shortest = 300
    /// The longest time that is read, in seconds; policies set shorter ones.
    static let longest = 7 * 86_400

    /// The role.
    package let role: Role
    /// Where.
    package private(set) var scope: CooperativeScope
    /// For how long from the grant, in seconds.
    package private(set) var seconds: Int

    /// Terms of a request; nil when the time is none that can be asked for.
    package init?(role: Role, scope: CooperativeScope, seconds: Int) {
        guard (Self.shortest...Self.longest).contains(seconds) else { return nil }
        self.role = role
        self.scope = scope
        self.seconds = seconds
    }

    /// For how long.
    package var duration: Duration { .seconds(seconds) }

    /// The role's full id at its place.
    package var roleDefinitionID: ResourceID {
        ResourceID(
            "/subscriptions/\(scope.subscription.canonical)/providers/microsoft.authorization/roledefinitions/\(role.definition.canonical)")
    }

    /// The same for at most so long; the shortest time there is, where that is less.
    package func lasting(atMost duration: Duration) -> CooperativeTerms {
        var terms = self
        terms.seconds = max(Self.shortest, min(seconds, Int(clamping: max(0, duration.components.seconds))))
        return terms
    }

    /// The same within a place; nil when that is not within the one there is.
    package func within(_ scope: CooperativeScope) -> CooperativeTerms? {
        guard scope.isWithin(self.scope) else { return nil }
        var terms = self
        terms.scope = scope
        return terms
    }

    /// Whether this gives nothing that `other` does not give, and no longer.
    package func isWithin(_ other: CooperativeTerms) -> Bool {
        role == other.role && scope.isWithin(other.scope) && seconds <= other.seconds
    }

    /// What both allow: the narrower place, the shorter time; nil when neither place lies within the other, or the roles differ.
    package func common(with other: CooperativeTerms) -> CooperativeTerms? {
        guard role == other.role else { return nil }
        return (within(other.scope) ?? (scope.isWithin(other.scope) ? self : nil))?.lasting(atMost: other.duration)
    }

    /// In words: `Data Receiver on … for 30m`.
    package var title: String { "\(role.title) on \(scope) for \(DurationText.text(duration))" }
}
