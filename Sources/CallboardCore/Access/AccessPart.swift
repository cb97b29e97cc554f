/// A part of what is read to know who has access, in the order in which people think of them.
public enum AccessPart: String, Hashable, Sendable, CaseIterable {
    /// The catalogue, which says who should have it.
    case catalogue = "the catalogue"
    /// The namespace.
    case namespace = "the namespace"
    /// Its queues, topics and subscriptions.
    case entities
    /// The shared access rules of the namespace and its entities.
    case rules = "shared access rules"
    /// Role assignments.
    case assignments = "role assignments"
    /// The roles that are assigned.
    case roles
    /// Deny assignments.
    case denials = "deny assignments"
    /// Until when roles are in force.
    case schedules = "role schedules"
    /// Names of identities and members of groups.
    case directory = "names and members of groups"
}

/// Reads who has access to a context's namespace.
package protocol AccessSource: Sendable {
    /// Reads it.
    /// - Parameter progress: called with each part that has been read, or cannot be.
    /// - Throws: ``OperatorError`` when nobody is signed in, Azure cannot be reached, or the task was cancelled.
    func accessSurvey(progress: @escaping @Sendable (AccessPart) -> Void) async throws(OperatorError) -> AccessSurvey
}

extension ContextSignIn: AccessSource {}
