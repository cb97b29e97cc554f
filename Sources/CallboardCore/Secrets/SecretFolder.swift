internal import SystemPackage

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
        let status: Stat
        do throws(Errno) { status = try Stat(path, followTargetSymlink: false) } catch {
            return error == .noSuchFileOrDirectory ? .nothing : .foreign("\(error)")
        }
        switch status.type {
        case .regular: break
        // A terminal is one, and so is what stands for the one this process has.
        case .characterSpecial: return .foreign("it is a terminal or another device, where a secret would be seen")
        case .symbolicLink: return .foreign("it is a symbolic link, which could lead anywhere")
        case .directory: return .foreign("it is a folder")
        default: return .foreign("it is not a regular file")
        }
        guard status.userID.rawValue == geteuid() else { return .foreign("it belongs to another user") }
        guard status.permissions.rawValue & 0o077 == 0 else {
            return .foreign("others can read it (mode \(String(status.permissions.rawValue, radix: 8)))")
        }
        guard status.linkCount == 1 else { return .foreign("it has other names besides this one") }
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
        let status: Stat
        do throws(Errno) { status = try Stat(folder) } catch { throw refused("its folder cannot be used: \(error)") }
        guard status.type == .directory else { throw refused("\(folder) is not a folder") }
        guard [geteuid(), 0].contains(status.userID.rawValue) else { throw refused("its folder belongs to another user") }
        guard status.permissions.rawValue & 0o022 == 0 || status.permissions.contains(.saveText) else {
            throw refused("others can write to its folder (mode \(String(status.permissions.rawValue, radix: 8)))")
        }
    }
}
