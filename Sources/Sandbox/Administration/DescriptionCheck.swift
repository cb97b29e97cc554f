internal import ServiceBus

/// What the service accepts in descriptions, by tier, and how it says what it does not.
struct DescriptionCheck {
    static let maximumAuthorizationRules = 12

    /// The namespace's name, for texts.
    let namespace: String
    let tier: SandboxConfiguration.Tier
    /// A queue or topic is spoken of with a sub-code by the gateway, a subscription without one by the broker.
    let entity: AdministeredEntity

    /// Checks all settings of an entity that is to be made or changed.
    func check() throws(AdministrationFault) {
        try checkLock()
        try checkSize()
        try checkTimes()
        switch entity.kind {
        case .topic: break
        case .queue, .subscription:
            try check(entity.maxDeliveryCount, in: 1...2000, "MaxDeliveryCount")
            if entity.requiresSession, entity.forwardTo != nil {
                throw fault("RequiresSession and ForwardTo cannot both be set on an entity.")
            }
        }
        if let metadata = entity.userMetadata, metadata.utf16.count > 1024 {
            throw outOfRange(
                "The length of UserMetadata exceeds the allowed maximum of '1024' characters.", "UserMetadata", metadata.utf16.count)
        }
        if entity.isExpress, entity.requiresDuplicateDetection {
            throw fault("Both DelayedPersistence and RequiresDuplicateDetection property cannot be enabled together.")
        }
        guard tier == .premium else { return }
        // Partitioning is a matter of the whole namespace in this tier, and everything is kept on disk.
        for (name, isSet) in [("EnablePartitioning", entity.isPartitioned), ("EnableExpress", entity.isExpress)] where isSet {
            throw fault(
                "The property '\(name)' can't be set when creating a \(kindName) because the namespace '\(namespace)' is using the 'Premium' Tier."
            )
        }
    }

    /// Checks that an update leaves alone what is fixed for an entity's life.
    func check(changing existing: AdministeredEntity) throws(AdministrationFault) {
        if entity.requiresSession != existing.requiresSession { throw unchangeable("RequiresSession") }
        if entity.requiresDuplicateDetection != existing.requiresDuplicateDetection { throw unchangeable("RequiresDuplicateDetection") }
        if entity.isPartitioned != existing.isPartitioned {
            throw fault("Partitioning cannot be changed for \(kindName).")
        }
    }

    // MARK: Settings

    private func checkLock() throws(AdministrationFault) {
        if case .topic = entity.kind { return }
        let lock = AtomValues.milliseconds(entity.lockDuration) ?? .max
        guard lock <= 300_000 else {
            throw outOfRange(
                "The supplied lock time exceeds the allowed maximum of '5' minutes.", "LockDuration", AtomValues.clock(milliseconds: lock))
        }
        guard lock >= 1000 else {
            throw outOfRange(
                "The supplied lock time is below the allowed minimum of '1' second.", "LockDuration", AtomValues.clock(milliseconds: lock))
        }
    }

    private func checkSize() throws(AdministrationFault) {
        if case .subscription = entity.kind { return }
        let gigabytes = tier == .premium ? [1, 2, 3, 4, 5, 10, 20, 40, 80] : [1, 2, 3, 4, 5]
        // A partitioned entity has sixteen times the size that was asked for, and says so.
        let sizes = gigabytes.map { $0 * 1024 } + (entity.isPartitioned ? gigabytes.map { $0 * 16_384 } : [])
        guard sizes.contains(entity.maxSizeInMegabytes) else {
            let allowed = sizes.map(String.init).joined(separator: ";")
            throw fault(
                "The specified value \(entity.maxSizeInMegabytes) is invalid. The property MaxSizeInMegabytes, "
                    + "must be one of the following values: \(allowed).")
        }
        switch tier {
        case .premium: try check(entity.maxMessageSizeInKilobytes, in: 1024...102_400, "MaxMessageSizeInKilobytes")
        case .standard: try check(entity.maxMessageSizeInKilobytes, in: 256...256, "MaxMessageSizeInKilobytes")
        }
    }

    private func checkTimes() throws(AdministrationFault) {
        try check(entity.defaultTimeToLive, from: 1000, to: nil, "DefaultMessageTimeToLive")
        try check(entity.autoDeleteOnIdle, from: 300_000, to: nil, "AutoDeleteOnIdle")
        if case .subscription = entity.kind { return }
        try check(entity.duplicateDetectionWindow, from: 20_000, to: 7 * 86_400_000, "DuplicateDetectionHistoryTimeWindow")
    }

    private func check(_ value: Int, in range: ClosedRange<Int>, _ name: String) throws(AdministrationFault) {
        if !range.contains(value) { throw outOfRange("\(range.lowerBound)", "\(range.upperBound)", name, "\(value)") }
    }

    private func check(_ value: Duration?, from low: Int64, to high: Int64?, _ name: String) throws(AdministrationFault) {
        guard let value else { return }
        let milliseconds = AtomValues.milliseconds(value) ?? .max
        guard milliseconds < low || milliseconds > high ?? .max else { return }
        let upper = high.map { AtomValues.clock(milliseconds: $0) } ?? "10675199.02:48:05.4775807"
        throw outOfRange(AtomValues.clock(milliseconds: low), upper, name, AtomValues.clock(milliseconds: milliseconds))
    }

    // MARK: Words

    private var kindName: String {
        switch entity.kind {
        case .queue: "Queue"
        case .topic: "Topic"
        case .subscription: "Subscription"
        }
    }

    private func outOfRange(_ low: String, _ high: String, _ name: String, _ actual: String) -> AdministrationFault {
        fault(
            "The property value for '\(name)' must be between \(low) and \(high) when the namespace '\(namespace)' "
                + "is using '\(tier.rawValue)' tier." + parameter(name, actual), seeAlso: false)
    }

    private func outOfRange(_ text: String, _ name: String, _ actual: some CustomStringConvertible) -> AdministrationFault {
        fault("\(text) \(AdministrationFault.seeAlso)\(parameter(name, actual.description))", seeAlso: false)
    }

    private func parameter(_ name: String, _ actual: String) -> String { "\r\nParameter name: \(name)\r\nActual value was \(actual)." }

    private func unchangeable(_ name: String) -> AdministrationFault {
        fault("The value for the \(name) property of an existing \(kindName) cannot be changed.")
    }

    /// A refusal in the words of whoever keeps the entity.
    func fault(_ text: String, seeAlso: Bool = true) -> AdministrationFault {
        if case .subscription(let topic) = entity.kind {
            let text = seeAlso ? "\(text) \(AdministrationFault.seeAlso.dropLast())" : text
            return AdministrationFault(status: 400, text: text, speaker: .entity("Topic:\(topic)"))
        }
        let text = seeAlso ? "\(text) \(AdministrationFault.seeAlso)." : text
        return AdministrationFault(status: 400, text: "SubCode=40000. \(text)")
    }
}
