internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The settings of an entity in groups, each with what it means where the service's form is not for people.
enum SettingGroups {
    /// A setting with a word on what it means.
    struct Line: Hashable {
        var name: String
        var value: String
        var note = ""
        /// Whether the note is a warning.
        var isWarning = false
    }

    private static let groups: [(title: String, names: [String])] = [
        (
            "delivery",
            [
                "Status", "LockDuration", "MaxDeliveryCount", "RequiresSession", "DefaultMessageTimeToLive",
                "DeadLetteringOnMessageExpiration", "DeadLetteringOnFilterEvaluationExceptions", "ForwardTo",
                "ForwardDeadLetteredMessagesTo", "RequiresDuplicateDetection", "DuplicateDetectionHistoryTimeWindow",
            ]
        ),
        (
            "room",
            ["SizeInBytes", "MaxSizeInMegabytes", "MaxMessageSizeInKilobytes", "MessageCount", "SubscriptionCount", "AutoDeleteOnIdle"]
        ),
        ("history", ["CreatedAt", "UpdatedAt", "AccessedAt", "UserMetadata"]),
    ]

    /// The groups in their order, the one for everything else last.
    static func of(_ description: EntityDescription, now: Timestamp) -> [(title: String, lines: [Line])] {
        let settings = description.settingsWithoutKeys
        let grouped = Set(groups.flatMap(\.names))
        var result = groups.map { group in
            (
                group.title,
                group.names.flatMap { name in settings.filter { $0.name == name }.map { line($0, description, now: now) } }
            )
        }
        result.append(("other settings", settings.filter { !grouped.contains($0.name) }.map { line($0, description, now: now) }))
        return result.filter { !$0.1.isEmpty }.map { (title: $0.0, lines: $0.1) }
    }

    private static func line(_ setting: EntityDescription.Setting, _ description: EntityDescription, now: Timestamp) -> Line {
        var line = Line(name: setting.name, value: setting.value.isEmpty ? "–" : setting.value)
        switch setting.name {
        case "Status": line.isWarning = description.status != .active
        case "MaxDeliveryCount": line.note = "deliveries before a message is dead-lettered"
        case "DeadLetteringOnMessageExpiration":
            line.note = setting.value == "true" ? "expired messages become dead letters" : "expired messages vanish"
        case "DeadLetteringOnFilterEvaluationExceptions":
            line.note = setting.value == "true" ? "messages whose rules fail become dead letters" : "messages whose rules fail vanish"
        case "AutoDeleteOnIdle", "DefaultMessageTimeToLive", "LockDuration", "DuplicateDetectionHistoryTimeWindow":
            line.note = duration(setting)
        case "SizeInBytes": (line.note, line.isWarning) = size(description)
        case "ForwardTo", "ForwardDeadLetteredMessagesTo":
            let name = EntityNotes.name(of: setting.value)
            line.note = name == setting.value ? "" : name
        case "CreatedAt", "UpdatedAt", "AccessedAt": line.note = age(setting, now: now)
        default: line.note = duration(setting)
        }
        return line
    }

    private static func duration(_ setting: EntityDescription.Setting) -> String {
        switch XMLDuration.parse(setting.value) {
        case .lasting(let duration): Figures.duration(duration)
        case .forever: setting.name == "AutoDeleteOnIdle" ? "never" : "for ever"
        case nil: ""
        }
    }

    private static func size(_ description: EntityDescription) -> (String, Bool) {
        guard let size = description.sizeInBytes else { return ("", false) }
        let text = Figures.size(Int(clamping: size))
        let quota = description.settings.first { $0.name == "MaxSizeInMegabytes" }.flatMap { Int64($0.value) }
        guard let quota, quota > 0, quota < 1 << 40 else { return (text, false) }
        let share = Double(size) / (Double(quota) * 1_048_576) * 100
        guard share >= 0, share < 1e6 else { return (text, false) }
        return ("\(text), \(Int(share.rounded())) % of the quota", share >= 80)
    }

    private static func age(_ setting: EntityDescription.Setting, now: Timestamp) -> String {
        guard let moment = Timestamp(rfc3339: setting.value) else { return "" }
        return moment.utc.year <= 1 ? "never" : "\(Age.label(of: moment, now: now)) ago"
    }
}
