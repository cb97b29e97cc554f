/// A place of requests that could not be asked, or not about everything: what it keeps is not known, which is not the same as nothing.
public struct RequestGap: Hashable, Sendable {
    /// The place.
    public var backend: AccessRequest.Backend
    /// Why.
    public var error: OperatorError
    /// Whether it was asked, and what it keeps is not as it should be: somebody has to look.
    public var isLeftOver: Bool

    /// A gap.
    public init(backend: AccessRequest.Backend, error: OperatorError, isLeftOver: Bool = false) {
        self.backend = backend
        self.error = error
        self.isLeftOver = isLeftOver
    }

    /// In words, for standard error or a line below a list. It may hold words of others: sanitise.
    public var sentence: String {
        let text = isLeftOver ? "\(backend.label): \(error.message)" : "\(backend.label) is not listed, or not all of it: \(error.message)"
        // Words of a service end as they like.
        return error.hint.isEmpty ? text : "\(text)\(text.hasSuffix(".") ? "" : ".") \(error.hint)"
    }
}

/// What several places of requests say together, with those that could not be asked. An alarm takes a gap for no all-clear.
public struct AccessListing<Element: Sendable>: Sendable {
    /// What there is, as far as it is known.
    public var elements: [Element]
    /// What is not known.
    public var gaps: [RequestGap]

    /// That none of it is what somebody named: that there is no such role, where all could be listed, and else that it is not known.
    public func nothing(named name: String) -> OperatorError where Element == ActiveGrant {
        guard let gap = gaps.first else {
            return OperatorError(
                .notFound, "There is no role with an end that '\(name.prefix(80))' names.",
                hint: "'callboard access active' lists those that are in force.")
        }
        return OperatorError(
            .partlyDone, "Nothing was ended: whether there is a role that '\(name.prefix(80))' names is not known. \(gap.sentence)")
    }

    /// A listing.
    public init(_ elements: [Element] = [], gaps: [RequestGap] = []) {
        self.elements = elements
        self.gaps = gaps
    }
}
