#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The folder a namespace is kept in. Messages and keys are nobody else's business: what is made here only this user can read.
enum StoreFolder {
    /// The database's name; SQLite puts a second file beside it while it is open, with the same permissions.
    static let fileName = "namespace.sqlite"

    /// Makes the folder, and an empty file for the database, where they are missing.
    /// - Returns: the file's path.
    /// - Throws: ``StoreError``.
    static func prepare(_ folder: String) throws(StoreError) -> String {
        let files = FileManager.default
        var isFolder = false
        if files.fileExists(atPath: folder, isDirectory: &isFolder) {
            guard isFolder else { throw StoreError(.noFolder, folder, "it is a file.") }
        } else {
            do {
                try files.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw StoreError(.noFolder, folder, reason(error))
            }
        }
        let file = folder.hasSuffix("/") ? folder + fileName : "\(folder)/\(fileName)"
        if files.fileExists(atPath: file, isDirectory: &isFolder) {
            if isFolder { throw StoreError(.unusable, file, "it is a folder.") }
            // One that was copied here may be open to others.
            try? files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        } else if !files.createFile(atPath: file, contents: Data(), attributes: [.posixPermissions: 0o600]) {
            throw StoreError(.noFolder, folder, "no file can be made in it.")
        }
        return file
    }

    private static func reason(_ error: any Error) -> String {
        switch (error as? CocoaError)?.code {
        case .fileWriteNoPermission?: "making it is not permitted."
        case .fileWriteOutOfSpace?: "the disk is full."
        case .fileWriteVolumeReadOnly?: "the disk is read-only."
        default: "it cannot be made."
        }
    }
}
