#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The checks on a place in the file system that is to hold a secret.
enum SecretFolder {
    /// What is at a path.
    enum Occupant: Hashable {
        /// Nothing.
        case nothing
        /// A regular file that only its owner, us, may look into.
        case ownFile
        /// Something that must not be touched, and why: the end of a sentence.
        case foreign(String)
    }

    /// What is at a path. A link is not followed.
    static func occupant(of path: String) -> Occupant {
        var status = stat()
        guard lstat(path, &status) == 0 else { return errno == ENOENT ? .nothing : .foreign(String(cString: strerror(errno))) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        // A terminal is one, and so is what stands for the one this process has.
        case S_IFCHR: return .foreign("it is a terminal or another device, where a secret would be seen")
        case S_IFLNK: return .foreign("it is a symbolic link, which could lead anywhere")
        case S_IFDIR: return .foreign("it is a folder")
        default: return .foreign("it is not a regular file")
        }
        guard status.st_uid == geteuid() else { return .foreign("it belongs to another user") }
        guard status.st_mode & 0o077 == 0 else {
            return .foreign("others can read it (mode \(String(status.st_mode & 0o7777, radix: 8)))")
        }
        guard status.st_nlink == 1 else { return .foreign("it has other names besides this one") }
        return .ownFile
    }

    /// The folder of a path.
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Refuses a path whose folder others can put things into, or take them away from.
    ///
    /// A folder that everybody may write to is taken when it is sticky, as `/tmp` is: there only the owner of a file may replace it.
    /// - Throws: ``OperatorError`` of kind usage.
    static func check(_ path: String, _ title: String) throws(OperatorError) {
        func refused(_ why: String) -> OperatorError {
            OperatorError(.usage, "No secret is written to \(title): \(why).", hint: "Name another place, in a folder of your own.")
        }
        guard !path.isEmpty, path != "-", !path.utf8.contains(0), path.utf8.count <= 1024, path.last != "/" else {
            throw refused("it is not the name of a file")
        }
        let folder = parent(of: path)
        var status = stat()
        guard stat(folder, &status) == 0 else { throw refused("its folder cannot be used: \(String(cString: strerror(errno)))") }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw refused("\(folder) is not a folder") }
        guard status.st_uid == geteuid() || status.st_uid == 0 else { throw refused("its folder belongs to another user") }
        guard status.st_mode & 0o022 == 0 || status.st_mode & S_ISVTX != 0 else {
            throw refused("others can write to its folder (mode \(String(status.st_mode & 0o7777, radix: 8)))")
        }
    }
}
