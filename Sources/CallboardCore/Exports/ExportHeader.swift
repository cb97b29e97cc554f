public import ServiceBus

/// Why messages were exported.
public struct ExportReason: Hashable, Sendable, CustomStringConvertible {
    /// The word in the header.
    public let description: String

    /// A reason by its word; a later version may have others.
    init(_ description: String) { self.description = description }

    /// Somebody asked for it.
    public static let export = ExportReason("export")
    /// They were to be purged, and can be put back from it.
    public static let purge = ExportReason("purge")
    /// They were to be deleted, and can be put back from it.
    public static let delete = ExportReason("delete")
}

/// What an export says of itself: where its messages are from, when they were seen, by whom, and why.
public struct ExportHeader: Hashable, Sendable {
    /// The host of the namespace, with the port where it is unusual.
    public var namespace: String
    /// The entity, and which of its queues.
    public var entity: EntityPath
    /// When the export began.
    public var exportedAt: Timestamp
    /// The name of the context.
    public var context: String
    /// Who that was to the service; empty when it is not known.
    public var identity: String
    /// What for.
    public var reason: ExportReason
    /// The job it belongs to, if any.
    public var jobID: String?

    /// Creates a header.
    public init(
        namespace: String, entity: EntityPath, exportedAt: Timestamp, context: String, identity: String = "",
        reason: ExportReason = .export, jobID: String? = nil
    ) {
        self.namespace = namespace
        self.entity = entity
        self.exportedAt = exportedAt
        self.context = context
        self.identity = identity
        self.reason = reason
        self.jobID = jobID
    }

    /// The header as one line of JSON without its end: members in alphabetical order, all of them, no spaces.
    var line: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("context", context)
            json.member("entity", entity.entity.address)
            json.member("exportedAt", exportedAt.rfc3339)
            json.member("identity", identity)
            json.member("jobId", jobID)
            json.member("namespace", namespace)
            json.member("reason", reason.description)
            json.member("subQueue", entity.subQueue.rawValue)
        }
        return json.bytes
    }

    /// Why a line is no header.
    struct Problem: Error {
        var sentence: String
    }

    /// Reads the line. Members that are not known are passed over: what must not be missed changes the version.
    init(parsing line: [UInt8]) throws(Problem) {
        let json: PositionedJSON
        do throws(PositionedJSON.SyntaxError) { json = try PositionedJSON(parsing: line) } catch {
            throw Problem(sentence: "its header is not JSON: \(error.message)")
        }
        guard case .object(let members) = json.value else { throw Problem(sentence: "its header is \(json.value.kind)") }
        func text(_ key: String) throws(Problem) -> String? {
            switch members.first(where: { $0.key == key })?.value.value {
            case .string(let text): return text
            case nil, .null: return nil
            case .some(let other): throw Problem(sentence: "'\(key)' in its header is \(other.kind)")
            }
        }
        func needed(_ key: String) throws(Problem) -> String {
            guard let text = try text(key) else { throw Problem(sentence: "its header has no '\(key)'") }
            return text
        }
        let (name, queue) = (try needed("entity"), try needed("subQueue"))
        guard let path = try? EntityPath(parsing: name), path.subQueue == .active else {
            throw Problem(sentence: "its header names no entity but '\(name)'")
        }
        guard let subQueue = EntityPath.SubQueue(rawValue: queue) else {
            throw Problem(sentence: "its header names no sub-queue but '\(queue)'")
        }
        guard let exportedAt = Timestamp(rfc3339: try needed("exportedAt")) else {
            throw Problem(sentence: "'exportedAt' in its header is no time")
        }
        self.init(
            namespace: try needed("namespace"), entity: path.subQueue(subQueue), exportedAt: exportedAt,
            context: try text("context") ?? "", identity: try text("identity") ?? "",
            reason: ExportReason(try needed("reason")), jobID: try text("jobId"))
    }
}
