package import AzureResources
package import ServiceBus

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// A line of the journal of a rule's keys.
struct KeyLine: Codable, Hashable, Sendable {
    enum Kind: String, Codable, Sendable {
        /// A round begins: the key that nobody has is about to be made anew.
        case begin
        /// It was.
        case made
        /// It is where consumers get it from.
        case delivered
        /// The grace period is over: the key that consumers had is about to be made anew.
        case retiring
        /// It was; both keys are new.
        case done
        /// Somebody said that the keys are to be taken as they are.
        case adopted
    }

    var kind: Kind
    /// Milliseconds since 1970.
    var at: Int64
    /// The key that consumers have: before a round is done the old one.
    var active: String
    /// The fingerprints of both keys as they were last seen.
    var primary: String
    var secondary: String
    /// Where the new key goes.
    var sink: String?
    /// The fingerprint of what was handed over.
    var content: String?
    /// Seconds between handing over and ending.
    var grace: Int64?
    /// The rule, so that the file can be read by itself.
    var rule: String?
    var name: String?
    var entity: String?
    var rights: [String]?
    var host: String?
}

/// How far the rotation of a rule's keys is, by its journal.
package struct KeyStanding: Hashable, Sendable {
    /// Where a round stands.
    package enum Phase: Hashable, Sendable {
        /// No round is under way; both keys were new at this moment, or nil where they were only adopted.
        case resting(since: Timestamp?)
        /// The key that nobody has is being made anew, or it is not known whether it was.
        case begun
        /// It is made, and not yet where consumers get it from.
        case made
        /// It was handed over at this moment; both keys work.
        case delivered(at: Timestamp)
        /// The key that consumers had is being ended, or it is not known whether it was.
        case retiring
    }

    package var rule: KeyRule
    /// The namespace's host.
    package var host: String
    package var phase: Phase
    /// The key that consumers have: the one that works whatever happens to the round.
    package var active: AccessKeyKind
    package var fingerprints: KeyFingerprints
    package var sink: SecretDestination?
    /// The fingerprint of what was handed over last.
    package var content: SecretFingerprint?
    package var grace: Duration
    /// When both keys were new last.
    package var rotatedAt: Timestamp?
    /// When it was last known which key consumers have: at the end of a round, or when somebody said so.
    package var knownAt: Timestamp?
    /// When the new key of the round that is under way was handed over, also while the old one is being ended; nil until it is.
    package var deliveredAt: Timestamp?

    /// Whether a round is.
    var isUnderWay: Bool { if case .resting = phase { false } else { true } }

    /// Whether no key was made anew in the round, as far as is known, or none is under way.
    var hasMadeNone: Bool {
        switch phase {
        case .resting, .begun: true
        case .made, .delivered, .retiring: false
        }
    }

    /// When the old key may be ended; nil while there is none to be.
    package var graceEnds: Timestamp? {
        guard case .delivered(let time) = phase else { return nil }
        let (end, overflow) = time.milliseconds.addingReportingOverflow(grace.components.seconds * 1000)
        return Timestamp(milliseconds: overflow ? .max : end)
    }

    /// The standing after a line; nil for one that does not fit.
    init?(_ line: KeyLine, after before: KeyStanding?) {
        guard let active = AccessKeyKind(word: line.active), let primary = SecretFingerprint(line.primary),
            let secondary = SecretFingerprint(line.secondary)
        else { return nil }
        if let id = line.rule, let name = line.name, let host = line.host {
            var entity: EntityPath?
            if let text = line.entity {
                guard let path = try? EntityPath(parsing: text) else { return nil }
                entity = path
            }
            rule = KeyRule(
                id: ResourceID(id), name: name, entity: entity,
                rights: Set((line.rights ?? []).map { AuthorizationRuleResource.KeyRight(rawValue: $0) }))
            self.host = host
        } else if let before {
            (rule, host) = (before.rule, before.host)
        } else {
            return nil
        }
        self.active = active
        fingerprints = KeyFingerprints(primary: primary, secondary: secondary)
        if let text = line.sink {
            // A path that depends on the folder could be another file now.
            guard let place = SecretDestination(text), place.isAbsolute else { return nil }
            sink = place
        } else {
            sink = before?.sink
        }
        content = line.content.flatMap { SecretFingerprint($0) } ?? before?.content
        grace = line.grace.map { .seconds(min(max($0, 0), Self.longestGrace)) } ?? before?.grace ?? .zero
        rotatedAt = before?.rotatedAt
        knownAt = before?.knownAt
        switch line.kind {
        case .begin: phase = .begun
        case .made: phase = .made
        case .delivered:
            deliveredAt = Timestamp(milliseconds: line.at)
            phase = .delivered(at: Timestamp(milliseconds: line.at))
        case .retiring:
            deliveredAt = before?.deliveredAt
            phase = .retiring
        case .done:
            rotatedAt = Timestamp(milliseconds: line.at)
            knownAt = rotatedAt
            phase = .resting(since: rotatedAt)
        case .adopted:
            knownAt = Timestamp(milliseconds: line.at)
            phase = .resting(since: rotatedAt)
        }
    }

    /// The longest grace period, in seconds: a year.
    static let longestGrace: Int64 = 366 * 86_400
}

/// The journal of a rule's keys on disk: what it takes to go on with a rotation, whatever happens to this process. No key is in it.
///
/// Before a key is made anew, it says so on the disk. While a process works on the rule, it has the file for itself.
final class KeyJournal {
    let path: String
    private let file: LedgerFile
    private let system: LedgerSystem
    private(set) var standing: KeyStanding?

    /// Opens the journal, and makes it where it is missing.
    /// - Throws: ``OperatorError``: another process has it, it cannot be read or written, or is not as it was written.
    init(_ path: String, system: LedgerSystem) throws(OperatorError) {
        do {
            let file = try LedgerFile.appending(path)
            guard try file.lock() else {
                throw OperatorError(
                    .conflict, "Another process works on the keys of this rule at the moment.", hint: "Wait for it, or stop it there.")
            }
            let (standing, end) = try KeyJournalReader.read(file, path)
            // A line that was not written to the end was never acted on.
            if end < (try file.size()) { try file.truncate(to: end, system) }
            if end == 0 { try LedgerFile.syncFolder(of: path) }
            self.standing = standing
            self.file = file
        } catch {
            throw KeyJournalReader.fault(path, error)
        }
        self.path = path
        self.system = system
    }

    /// Writes a line; it is on the disk when this returns.
    func write(_ line: KeyLine) throws(OperatorError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            try file.append([UInt8](try encoder.encode(line)) + [UInt8(ascii: "\n")], system)
        } catch {
            throw KeyJournalReader.fault(path, error)
        }
        guard let next = KeyStanding(line, after: standing) else {
            throw OperatorError(.internal, "A line of the journal \(path) does not say what it is about.")
        }
        standing = next
    }
}

/// Reads journals of keys.
enum KeyJournalReader {
    /// The longest journal that is read: a round has five lines.
    private static let largest = 8 << 20

    /// How far the rule of a journal is; nil where there is none.
    static func standing(_ path: String) throws(OperatorError) -> KeyStanding? {
        do { return try read(try LedgerFile.reading(path), path).standing } catch let error as LedgerFile.Fault where error.isMissing {
            return nil
        } catch {
            throw fault(path, error)
        }
    }

    static func read(_ file: borrowing LedgerFile, _ path: String) throws -> (standing: KeyStanding?, end: Int) {
        let size = try file.size()
        guard size <= largest else { throw LedgerFile.Fault("it is too long") }
        var bytes: [UInt8] = []
        try file.read(from: 0, to: size) { piece in
            bytes += piece
            return true
        }
        var standing: KeyStanding?
        var end = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            guard let decoded = try? JSONDecoder().decode(KeyLine.self, from: Data(line)), let next = KeyStanding(decoded, after: standing)
            else {
                throw OperatorError(
                    .conflict, "The journal \(path) is not as it was written: nothing is done with these keys.",
                    hint: "Look into it; when you know which key consumers have, move it away and name the key with --active.")
            }
            standing = next
            end += line.count + 1
        }
        return (standing, end)
    }

    static func fault(_ path: String, _ error: any Error) -> OperatorError {
        if let error = error as? OperatorError { return error }
        let words = (error as? LedgerFile.Fault)?.message ?? "\(error)"
        return OperatorError(
            .refused, "The journal \(path) cannot be used: \(words). Nothing is done without it.",
            hint: "Make room or correct the permissions, then try again.")
    }
}

/// The journals of keys, a file for each rule, in the folder for state.
package struct KeyJournalStore: Sendable {
    /// The most journals that are looked at.
    private static let most = 10_000

    let folder: String
    let system: LedgerSystem

    package init(folder: String, system: LedgerSystem = .real) {
        self.folder = folder
        self.system = system
    }

    /// Where the journals of whoever runs this are: beside the audit ledger.
    /// - Throws: ``OperatorError`` when not even a home is known.
    static func standard(environment: [String: String]) throws(OperatorError) -> KeyJournalStore {
        guard let state = StateFolder.path(environment: environment) else {
            throw OperatorError(.refused, "There is no place for journals of keys.", hint: "Set HOME or XDG_STATE_HOME.")
        }
        return KeyJournalStore(folder: state + "/keys")
    }

    /// Where the journal of a rule is: by what identifies it, since its name may hold anything.
    func path(of rule: KeyRule) -> String {
        "\(folder)/\(SecretFingerprint(Array(rule.id.text.lowercased().utf8))).keys"
    }

    func open(_ rule: KeyRule) throws(OperatorError) -> KeyJournal { try KeyJournal(path(of: rule), system: system) }

    /// How far a rule is; nil for one that was never rotated here.
    package func standing(of rule: KeyRule) throws(OperatorError) -> KeyStanding? { try KeyJournalReader.standing(path(of: rule)) }

    /// All rules that were rotated here in a namespace. One whose journal cannot be read is told of by its error, and so is the folder where that cannot be
    /// looked into: what is under way is not known then.
    package func standings(host: String) -> [Result<KeyStanding, OperatorError>] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".keys") }.sorted() } catch {
            let code = (error as? CocoaError)?.code
            guard code != .fileReadNoSuchFile else { return [] }
            let reason = code == .fileReadNoPermission ? "it is not permitted" : "it is no folder, or the disk does not give it"
            return [
                .failure(
                    OperatorError(
                        .refused, "The journals in \(folder) cannot be looked at: \(reason). What is due is not known.",
                        hint: "Correct its permissions, or move away what lies there, then try again."))
            ]
        }
        return names.prefix(Self.most).compactMap { name in
            do throws(OperatorError) {
                guard let standing = try KeyJournalReader.standing("\(folder)/\(name)"), standing.host.lowercased() == host.lowercased()
                else { return nil }
                return .success(standing)
            } catch { return .failure(error) }
        }
    }
}
