/// Why a kept namespace cannot be opened, or can be kept no longer.
public struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Code: Sendable, Hashable {
        /// The folder cannot be made, or is none.
        case noFolder
        /// Another sandbox has it open.
        case inUse
        /// A newer version of Callboard wrote it.
        case newer
        /// The file is a database of something else.
        case foreign
        /// What is in the file cannot be right.
        case damaged
        /// The file cannot be read or written: rights, a full disk, a broken one.
        case unusable
    }

    /// The kind of failure.
    public let code: Code
    /// The file, or the folder, that is meant.
    public let file: String
    /// What exactly is the matter; empty when the kind says it all.
    public let detail: String

    init(_ code: Code, _ file: String, _ detail: String = "") {
        self.code = code
        self.file = file
        self.detail = detail
    }

    /// One line: what failed.
    public var description: String {
        let reason = detail.isEmpty ? "." : ": \(detail)"
        return switch code {
        case .noFolder: "The folder \(file) cannot be used\(reason)"
        case .inUse: "\(file) is in use by another sandbox."
        case .newer: "\(file) was written by a newer version of Callboard\(reason)"
        case .foreign: "\(file) is a database, but not one of a sandbox."
        case .damaged: "\(file) is damaged\(reason)"
        case .unusable: "\(file) cannot be read or written\(reason)"
        }
    }

    /// What to try.
    public var hint: String {
        switch code {
        case .noFolder: "Name a folder that you may write to, or one that is still to be made."
        case .inUse: "Stop that one, or name another folder with --data."
        case .newer: "Open it with that version, or name another folder with --data."
        case .foreign: "Name another folder with --data."
        case .damaged:
            "Nothing was changed. Move the file and the one beside it that ends in -wal away to begin with an empty namespace; "
                + "'sqlite3 \(file) .recover' may save what is left."
        case .unusable: "Look at its permissions and at the room on its disk. Nothing that was acknowledged is lost."
        }
    }
}
