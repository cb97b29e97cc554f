internal import ServiceBus

/// Records as events of class API Activity (6003) of the Open Cybersecurity Schema Framework 1.3.0, <https://schema.ocsf.io/1.3.0/classes/api_activity>.
///
/// | OCSF | from |
/// |---|---|
/// | `activity_id` | 1 create, 2 read, 3 update, 4 delete, 99 other: what the action does to what it is about |
/// | `api.operation`, `api.request.uid` | `type`; the job, else the number |
/// | `actor.user`, `src_endpoint.hostname` | who, on which machine |
/// | `status_id`, `status_detail` | 1 done, 2 failed, refused; 99 partly, cancelled; 0 for an intent |
/// | `severity_id` | 1; 3 for what cannot be had back, 3 where something was not done, 4 for a repaired ledger |
/// | `resources` | the entity, and where messages went |
/// | `metadata.uid`, `.correlation_uid`, `.sequence` | the record's hash, the job, the number |
/// | `unmapped` | everything else: rule, reason, counts, digests, ids, the chain |
enum AuditOCSF {
    static let version = "1.3.0"
    private static let activities = [1: "Create", 2: "Read", 3: "Update", 4: "Delete", 99: "Other"]

    static func line(_ record: AuditRecord) -> [UInt8] {
        var json = JSONWriter()
        let activity = activity(record)
        json.object { json in
            json.member("activity_id", Int64(activity))
            json.member("activity_name", activities[activity])
            json.member("category_uid", Int64(6))
            json.member("category_name", "Application Activity")
            json.member("class_uid", Int64(6003))
            json.member("class_name", "API Activity")
            json.member("type_uid", Int64(600_300 + activity))
            json.member("type_name", "API Activity: \(activities[activity] ?? "Other")")
            json.member("time", record.time?.milliseconds ?? 0)
            json.member("severity_id", severity(record))
            let status = status(record)
            json.member("status_id", status.id)
            json.member("status", status.name)
            json.member("status_detail", record.actionAndStage?.stage.rawValue ?? record.type)
            json.member("message", record.text("reason") ?? record.type)
            writeMetadata(record, to: &json)
            writeParties(record, to: &json)
            writeResources(record, to: &json)
            json.key("unmapped")
            json.object { json in
                for member in members(record) where !mapped.contains(member.name) {
                    json.key(member.name)
                    member.value.write(to: &json)
                }
            }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private static let mapped: Set<String> = ["seq", "time", "type", "actor", "entity", "target", "hash"]

    private static func members(_ record: AuditRecord) -> [JSONValue.Member] {
        if case .object(let members) = record.value { members } else { [] }
    }

    private static func writeMetadata(_ record: AuditRecord, to json: inout JSONWriter) {
        json.key("metadata")
        json.object { json in
            json.member("version", version)
            json.key("product")
            json.object { json in
                json.member("name", "Callboard")
                json.member("vendor_name", "Callboard")
            }
            json.member("uid", record.hash)
            json.member("sequence", Int64(record.sequence))
            json.member("original_time", record.text("time") ?? "")
            json.member("event_code", record.type)
            if let job = record.text("job") { json.member("correlation_uid", job) }
        }
    }

    private static func writeParties(_ record: AuditRecord, to json: inout JSONWriter) {
        json.key("actor")
        json.object { json in
            json.key("user")
            json.object { json in
                json.member("name", record.actorName ?? "unknown")
                json.member("uid", record.actorID ?? record.actorName ?? "unknown")
                // 1 user, 3 system, 99 other (an agent), 0 not said.
                let types: [String: Int64] = ["person": 1, "local": 1, "system": 3, "agent": 99]
                json.member("type_id", types[record.actorKind ?? ""] ?? 0)
            }
            json.member("app_name", "callboard")
        }
        json.key("api")
        json.object { json in
            json.member("operation", record.type)
            json.key("service")
            json.object { json in json.member("name", "Azure Service Bus") }
            json.key("request")
            json.object { json in json.member("uid", record.text("job") ?? String(record.sequence)) }
        }
        json.key("src_endpoint")
        json.object { json in json.member("hostname", record.actorHost ?? "unknown") }
        if let namespace = record.text("namespace") {
            json.key("dst_endpoint")
            json.object { json in json.member("hostname", namespace) }
        }
    }

    private static func writeResources(_ record: AuditRecord, to json: inout JSONWriter) {
        let entities = [record.entity, record.text("target")].compactMap { $0 }
        guard !entities.isEmpty else { return }
        json.key("resources")
        json.array { json in
            for entity in entities {
                json.object { json in
                    json.member("name", entity)
                    json.member("type", "Service Bus entity")
                    if let namespace = record.text("namespace") { json.member("uid", "\(namespace)/\(entity)") }
                }
            }
        }
    }

    private static func activity(_ record: AuditRecord) -> Int {
        switch record.actionAndStage?.action {
        case .createEntity, .sendMessage, .importMessage, .grantAccess, .issueToken, .signToken, .requestAccess, .reviewAccess: 1
        case .readCatalogue, .readEntity, .peekMessage, .revealMessage, .exportMessage, .verifyAudit: 2
        case .updateEntity, .changeRule, .redriveMessage, .moveMessage, .deferMessage, .deadLetterMessage, .editMessage, .setSessionState,
            .approveAccess, .rotateSecret, .refuseSecrets:
            3
        case .deleteEntity, .deleteMessage, .purgeMessage, .receiveDeferredMessage, .cancelScheduledMessage, .clearSession, .revokeAccess: 4
        case nil: 99
        }
    }

    private static func status(_ record: AuditRecord) -> (id: Int64, name: String) {
        switch record.actionAndStage?.stage {
        case .done: (1, "Success")
        case .failed, .refused: (2, "Failure")
        case .partly, .cancelled: (99, "Other")
        case .intended, nil: (0, "Unknown")
        }
    }

    private static func severity(_ record: AuditRecord) -> Int64 {
        if record.type == "ledger.repaired" { return 4 }
        guard let (action, stage) = record.actionAndStage else { return 1 }
        return action.isDangerous || ![.intended, .done].contains(stage) ? 3 : 1
    }
}
