internal import GRDB

/// The tables a namespace is kept in, version by version. A version that was released is never edited: a change is a new one.
enum StoreSchema {
    /// What says that a database is a sandbox's: "CBns".
    static let applicationID = 0x4342_6e73

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        // Texts that clients choose freely are blobs of UTF-8: SQLite's texts end at a zero byte. Times are in milliseconds since 1970.
        // Row numbers are given by the sandbox in order of arrival. No table but `entity` and `remembered` has an index: rows are read once,
        // all of them, and written by number.
        migrator.registerMigration("1") { db in
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(
                sql: """
                    CREATE TABLE namespace (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        name TEXT NOT NULL,
                        createdAt INTEGER NOT NULL
                    ) STRICT;

                    CREATE TABLE entity (
                        id INTEGER PRIMARY KEY,
                        kind INTEGER NOT NULL,          -- 0 queue, 1 topic, 2 subscription
                        path TEXT NOT NULL,             -- of a subscription its name
                        topic INTEGER,                  -- of a subscription its topic
                        key TEXT NOT NULL UNIQUE,       -- the whole path in lower case
                        availability TEXT NOT NULL,
                        settings TEXT NOT NULL,         -- JSON
                        createdAt INTEGER NOT NULL,
                        updatedAt INTEGER NOT NULL
                    ) STRICT;

                    CREATE TABLE counters (
                        entity INTEGER PRIMARY KEY,
                        accessedAt INTEGER NOT NULL,
                        lastNumber INTEGER NOT NULL,
                        partitions TEXT NOT NULL,       -- JSON: the last number of each
                        nextPartition INTEGER NOT NULL
                    ) STRICT;

                    CREATE TABLE rule (
                        id INTEGER PRIMARY KEY,
                        entity INTEGER NOT NULL,
                        createdAt INTEGER NOT NULL,
                        definition TEXT NOT NULL        -- JSON
                    ) STRICT;

                    CREATE TABLE session (
                        id INTEGER PRIMARY KEY,
                        entity INTEGER NOT NULL,
                        name BLOB NOT NULL,
                        ordinal INTEGER NOT NULL,       -- its place in the list of sessions
                        state BLOB,
                        stateUpdatedAt INTEGER NOT NULL
                    ) STRICT;

                    CREATE TABLE remembered (           -- message ids, for duplicate detection
                        entity INTEGER NOT NULL,
                        time INTEGER NOT NULL,
                        id BLOB NOT NULL,
                        PRIMARY KEY (entity, time, id)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE message (
                        id INTEGER PRIMARY KEY,
                        entity INTEGER NOT NULL,
                        part INTEGER NOT NULL,          -- 0 active, 1 dead letters, 2 dead letters of transfers
                        number INTEGER NOT NULL,
                        enqueuedNumber INTEGER NOT NULL,
                        enqueuedAt INTEGER NOT NULL,
                        expiresAt INTEGER NOT NULL,
                        state INTEGER NOT NULL,         -- 0 active, 1 deferred, 2 scheduled
                        deliveryCount INTEGER NOT NULL,
                        hops INTEGER NOT NULL,
                        session BLOB,
                        durable INTEGER,
                        priority INTEGER,
                        timeToLive INTEGER,
                        scheduledAt INTEGER,
                        annotations BLOB NOT NULL,      -- AMQP
                        annotationCount INTEGER NOT NULL,
                        deadLetterSource TEXT,
                        bodyStart INTEGER NOT NULL,
                        bodyEnd INTEGER NOT NULL,
                        content BLOB NOT NULL           -- AMQP, as it arrived
                    ) STRICT;
                    """)
        }
        return migrator
    }
}
