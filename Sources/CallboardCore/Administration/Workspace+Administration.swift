internal import ServiceBus

/// Settings and their changes.
extension Workspace {
    /// Every entity with its counts, page by page as it is read.
    public nonisolated func entityPages() -> EntityScan { EntityScan(source: gateway.entityPages()) }

    /// The settings of an entity or rule as they are now.
    /// - Throws: ``OperatorError``: not found, usage when the name is that of something else, not permitted without Manage.
    public func settings(of target: EntityTarget) async throws(OperatorError) -> EntitySettings {
        let settings = try await gateway.settings(of: target)
        if let found = settings.entity, EntityTarget.Kind(found.kind) != target.kind {
            throw OperatorError(
                .usage, "\(target.name) is a \(found.kind.rawValue), not a \(target.kind.rawValue).",
                hint: "Name its kind, as in '\(found.kind.rawValue) \(target.name)'.", entity: target.path)
        }
        return settings
    }

    /// Carries a change out.
    ///
    /// An update reads the entity again first. When somebody changed its settings since the difference was worked out, nothing is sent: what
    /// the operator agreed to would not be what happens. The service itself is asked with `If-Match: *`, the only form it documents.
    /// - Returns: the settings as the service has them now; nil for what was removed.
    /// - Throws: ``OperatorError``: ``OperatorError/Code/conflict`` when it is not as it was any more, or exists already; not found; the
    ///   service's words when it refuses.
    @discardableResult
    public func carryOut(_ change: EntityChange, with permission: ChangePermission) async throws(OperatorError) -> EntitySettings? {
        try check(permission, change.policyAction, on: change.target.path)
        switch change.operation {
        case .create:
            guard let after = change.after else { return nil }
            return try await gateway.put(after, isUpdate: false)
        case .update:
            guard let before = change.before, !change.isEmpty else { return change.before }
            let now = try await settings(of: change.target)
            guard now.isUnchanged(since: before) else { throw Self.conflict(before, now) }
            // What was read last is what goes back, with its times and whatever is not known here.
            guard let after = try EntityChange.reworking(now, change.given).after else { return nil }
            return try await gateway.put(after, isUpdate: true)
        case .remove:
            if let before = change.before {
                let now = try await settings(of: change.target)
                guard now.createdAt == before.createdAt else {
                    throw OperatorError(
                        .conflict, "\(change.target) was removed and created anew since it was looked at: nothing was removed.",
                        hint: "Look at it again.", entity: change.target.path)
                }
            }
            try await gateway.remove(change.target)
            return nil
        }
    }

    private static func conflict(_ before: EntitySettings, _ now: EntitySettings) -> OperatorError {
        let changed = EntitySetting.all(of: now.target.kind).compactMap { setting -> String? in
            let (old, new) = (before[setting], now[setting])
            return old == new ? nil : "\(setting.name) was \(old ?? "not set") and is \(new ?? "not set")"
        }
        let facts = changed.isEmpty ? "a setting that is not shown here is different" : changed.joined(separator: "; ")
        return OperatorError(
            .conflict, "Somebody else changed \(now.target) since it was looked at: \(facts). Nothing was sent.",
            hint: "Look at it as it is now and repeat the change.", entity: now.target.path)
    }
}
