internal import GRDB

/// A namespace on disk: an SQLite database that always holds what the broker held when ``keep(_:)`` last returned.
///
/// It belongs to the broker's event loop and writes there, while the loop waits: whatever changed in one turn of the loop becomes one
/// transaction, and only then do the answers of that turn leave. SQLite writes ahead (WAL) with `synchronous = NORMAL`: nothing that was
/// kept is lost when this process is killed, at whatever moment; when the machine itself loses power the file is whole but the last moments
/// may be missing, which for a sandbox is not worth a wait for the disk with every message.
final class NamespaceStore: NamespaceKeeper {
    /// What the namespace is called, and when it was made, in milliseconds since 1970.
    struct Header: Sendable, Hashable {
        var name: String
        var createdAt: Int64
    }

    /// The database's file.
    let file: String
    /// The namespace that is kept; nil until one is.
    private(set) var header: Header?
    let database: DatabaseQueue
    /// The row numbers given last.
    var lastRow = LastRow()

    struct LastRow {
        var entity: Int64 = 0
        var rule: Int64 = 0
        var session: Int64 = 0
        var message: Int64 = 0
    }

    /// Opens what is kept in a folder, or makes the folder and an empty database.
    ///
    /// - Parameter maximumPages: how large the file may become, in pages of 4 KiB; nil for as large as the disk takes.
    /// - Throws: ``StoreError``; then nothing has been changed.
    init(folder: String, maximumPages: Int? = nil) throws(StoreError) {
        let file = try StoreFolder.prepare(folder)
        self.file = file
        do {
            database = try Self.open(file, maximumPages)
            header = try database.read { db in
                let row = try Row.fetchOne(db, sql: "SELECT name, createdAt FROM namespace")
                return try row.map { Header(name: try $0.decode(atIndex: 0), createdAt: try $0.decode(atIndex: 1)) }
            }
        } catch {
            throw StoreError(opening: file, error)
        }
    }

    private static func open(_ file: String, _ maximumPages: Int?) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "sandbox"
        // One process at a time. The lock is the system's: it ends with the process, however that ends.
        configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
        let database = try DatabaseQueue(path: file, configuration: configuration)
        let migrator = StoreSchema.migrator
        try database.writeWithoutTransaction { db in
            let id = try Int.fetchOne(db, sql: "PRAGMA application_id")
            let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
            guard isEmpty || id == StoreSchema.applicationID else { throw StoreError(.foreign, file) }
            if !isEmpty, try migrator.hasBeenSuperseded(db) {
                let known = Set(migrator.migrations)
                let newer = try migrator.appliedIdentifiers(db).subtracting(known).sorted().joined(separator: ", ")
                throw StoreError(.newer, file, "it has version \(newer) of the tables.")
            }
            try db.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = \(checkpointPages)")
            // What one large transaction made of the log is given back.
            try db.execute(sql: "PRAGMA journal_size_limit = \(checkpointPages * 4096 * 2)")
            if let maximumPages { try db.execute(sql: "PRAGMA max_page_count = \(maximumPages)") }
            // What journal_mode answers is not looked at: a database that is not in WAL mode is safe as well, only slower.
            try db.execute(sql: "BEGIN EXCLUSIVE; COMMIT")
        }
        try migrator.migrate(database)
        return database
    }

    /// After how many pages of 4 KiB the log is carried over to the database, which takes a moment: not every 4 MB, as SQLite has it.
    private static var checkpointPages: Int { 4000 }

    /// Begins to keep a namespace, with everything that is noted so far: all of it or nothing.
    /// - Throws: ``StoreError``.
    func begin(_ header: Header, _ journal: BrokerJournal) throws(StoreError) {
        try write(journal) { db in
            try db.execute(sql: "INSERT INTO namespace (id, name, createdAt) VALUES (1, ?, ?)", arguments: [header.name, header.createdAt])
        }
        self.header = header
    }

    /// Keeps what has changed, all of it or nothing, and clears the journal. When it returns, a process that is killed loses none of it.
    /// - Throws: ``StoreError``: there is no way to go on, since what the broker holds is not what is kept.
    func keep(_ journal: BrokerJournal) throws(StoreError) {
        if journal.hasChanges { try write(journal) { _ in } }
    }

    private func write(_ journal: BrokerJournal, _ first: (Database) throws -> Void) throws(StoreError) {
        do {
            try database.writeWithoutTransaction { db in
                try db.inTransaction(.immediate) {
                    try first(db)
                    try write(journal, to: db)
                    return .commit
                }
            }
        } catch {
            throw StoreError(writing: file, error)
        }
        journal.clear()
    }

    /// Closes the database, after which another may open it.
    func close() { try? database.close() }
}

extension StoreError {
    init(opening file: String, _ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError:
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED: self.init(.inUse, file)
            case .SQLITE_NOTADB: self.init(.damaged, file, "it is no SQLite database.")
            case .SQLITE_CORRUPT, .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_MISMATCH: self.init(.damaged, file, Self.reason(error))
            default: self.init(.unusable, file, Self.reason(error))
            }
        case let error as RowDecodingError: self.init(.damaged, file, "\(error)")
        default: self.init(.damaged, file, "\(error)")
        }
    }

    init(writing file: String, _ error: any Error) {
        switch error {
        case let error as DatabaseError where error.resultCode != .SQLITE_CORRUPT && error.resultCode != .SQLITE_NOTADB:
            self.init(.unusable, file, Self.reason(error))
        default: self.init(opening: file, error)
        }
    }

    private static func reason(_ error: DatabaseError) -> String { "\(error.message ?? error.resultCode.description)." }
}
