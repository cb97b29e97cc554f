internal import Crypto
public import ServiceBus

/// A line of the ledger.
///
/// Its `hash` is SHA-256 over the canonical form (RFC 8785) of everything else in it, `prev` included, which is the hash of the line before; the first
/// has 64 zeros there. `seq` counts from 0.
public struct AuditRecord: Hashable, Sendable {
    /// The hash before the first line.
    public static let noHash = String(repeating: "0", count: 64)

    /// Its number, from 0.
    public let sequence: Int
    /// What happened: `message.redrive.intended`.
    public let type: String
    /// The hash of the line before.
    public let previous: String
    /// Its own hash, as it is written.
    public let hash: String
    /// The whole line as it is in the file, without its end.
    public let line: [UInt8]
    let value: JSONValue

    /// Why a line is no record.
    struct Fault: Error, Hashable {
        var message: String
    }

    /// Reads a line.
    init(line: [UInt8]) throws(Fault) {
        do throws(JSONValueReader.Fault) { value = try JSONValueReader.value(of: line) } catch {
            throw Fault(message: "it is not JSON: \(error.message), at byte \(error.offset + 1)")
        }
        guard case .object = value else { throw Fault(message: "it is not an object") }
        guard let sequence = value["seq"]?.integer, (0...JSONWriter.largestExactInteger).contains(sequence), let type = value["type"]?.text,
            let previous = value["prev"]?.text,
            let hash = value["hash"]?.text
        else { throw Fault(message: "it has not the fields of a record ('seq', 'type', 'prev', 'hash')") }
        self.sequence = Int(sequence)
        self.type = type
        self.previous = previous
        self.hash = hash
        self.line = line
    }

    /// Makes the next record of a chain.
    init(sequence: Int, time: Timestamp, type: String, _ members: [JSONValue.Member], after previous: String) {
        var all: [JSONValue.Member] = [
            .init("seq", .integer(Int64(sequence))), .init("time", .text(time.rfc3339)), .init("type", .text(type)),
        ]
        all += members
        all.append(.init("prev", .text(previous)))
        let hash = Self.hash(of: .object(all))
        all.append(.init("hash", .text(hash)))
        let value = JSONValue.object(all)
        var json = JSONWriter()
        value.write(to: &json)
        self.sequence = sequence
        self.type = type
        self.previous = previous
        self.hash = hash
        self.line = json.bytes
        self.value = value
    }

    /// The hash that its content has.
    var trueHash: String {
        guard case .object(let members) = value else { return "" }
        return Self.hash(of: .object(members.filter { $0.name != "hash" }))
    }

    private static func hash(of value: JSONValue) -> String { SHA256.hash(data: value.canonical).hexadecimal }

    // MARK: Fields

    /// When, as it is written.
    public var time: Timestamp? { value["time"]?.text.flatMap { Timestamp(rfc3339: $0) } }
    /// Who: the name.
    public var actorName: String? { value["actor"]?["name"]?.text }
    /// Who: the object id.
    public var actorID: String? { value["actor"]?["oid"]?.text }
    /// What vouches for the name.
    public var actorKind: String? { value["actor"]?["kind"]?.text }
    /// On which machine.
    public var actorHost: String? { value["actor"]?["host"]?.text }
    /// The entity, or what else it was done to.
    public var entity: String? { value["entity"]?.text ?? value["subject"]?.text }
    /// One of the other texts: `context`, `environment`, `namespace`, `target`, `rule`, `reason`, `ticket`, `job`, `messagesSHA256`.
    func text(_ name: String) -> String? { value[name]?.text }
    /// One of the counts: `planned`, `done`, `failed`, `unknown`, `skipped`.
    func count(_ name: String) -> Int64? { value["counts"]?[name]?.integer }
    /// The ids of a kind: `trackingIds`, `correlationRequestIds`.
    func ids(_ name: String) -> [String] { (value[name]?.elements ?? []).compactMap(\.text) }

    /// What was done, and how far it had come; nil for what no operator did.
    public var actionAndStage: (action: PolicyAction, stage: AuditEvent.Stage)? {
        guard let dot = type.lastIndex(of: "."), let action = PolicyAction(rawValue: String(type[..<dot])),
            let stage = AuditEvent.Stage(rawValue: String(type[type.index(after: dot)...]))
        else { return nil }
        return (action, stage)
    }
}
