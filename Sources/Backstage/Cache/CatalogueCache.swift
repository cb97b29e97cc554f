#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Keeps the last snapshot of a backend's catalogue in a file, so that a board is there before the backend has answered.
///
/// The file is its owner's alone, and is replaced as a whole: processes that read and write at once get one state or the other. What cannot be used is no error: it is no
/// cache, with a reason, and the next refresh writes a new one. What a person may see of a catalogue is theirs: keep a file for each identity.
public struct CatalogueCache: Sendable {
    /// What a file gave.
    public enum Opened: Sendable {
        /// What was kept.
        case snapshot(CatalogueSnapshot)
        /// Nothing, and why.
        case nothing(Absence)
    }

    /// Why there is no cache.
    public enum Absence: Hashable, Sendable, CustomStringConvertible {
        /// Nothing was kept yet.
        case missing
        /// It is of another backend, another filter or other fields.
        case otherSource
        /// It was written by another version.
        case otherVersion(UInt32)
        /// It is no kept catalogue.
        case foreign
        /// It is not as it was written.
        case damaged
        /// It cannot be read, or must not be trusted.
        case unusable(String)

        /// One line.
        public var description: String {
            switch self {
            case .missing: "nothing was kept yet"
            case .otherSource: "what was kept is of another catalogue"
            case .otherVersion(let version): "what was kept is in form \(version), which this version does not read"
            case .foreign: "the file is no kept catalogue"
            case .damaged: "the file is damaged"
            case .unusable(let reason): reason
            }
        }
    }

    /// Why a snapshot could not be kept.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// The file.
        public var file: String
        /// What is wrong.
        public var reason: String

        /// One line.
        public var description: String { "The catalogue cannot be kept in '\(file)': \(reason)." }
    }

    /// The largest file that is read, in bytes.
    static let largest = 512 << 20

    /// The file.
    public let file: String

    /// A cache in a file. Its folder is made when something is kept.
    public init(file: String) { self.file = file }

    /// What was kept of a scope.
    public func open(_ scope: CatalogueScope) -> Opened {
        let bytes: [UInt8]
        do {
            bytes = try LocalFile.read(file, limit: Self.largest, onlyOurs: true)
        } catch {
            return .nothing(error.isMissing ? .missing : .unusable(error.message))
        }
        do {
            let snapshot = try SnapshotReader.snapshot(of: bytes)
            return snapshot.source == scope.identity ? .snapshot(snapshot) : .nothing(.otherSource)
        } catch {
            switch error {
            case .foreign: return .nothing(.foreign)
            case .damaged: return .nothing(.damaged)
            case .version(let version): return .nothing(.otherVersion(version))
            }
        }
    }

    /// Keeps a snapshot instead of what was kept before.
    public func keep(_ snapshot: CatalogueSnapshot) throws(Failure) {
        guard let bytes = SnapshotWriter.bytes(of: snapshot), bytes.count <= Self.largest else {
            throw Failure(file: file, reason: "it is too large")
        }
        if let slash = file.lastIndex(of: "/"), slash > file.startIndex {
            // Fails when it cannot be made; then writing says so.
            try? FileManager.default.createDirectory(
                atPath: String(file[..<slash]), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        do {
            try LocalFile.replace(file, with: bytes)
        } catch {
            throw Failure(file: file, reason: error.message)
        }
        LocalFile.removeLeftovers(of: file)
    }
}
