#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif
#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Reads files that somebody else's catalogue may have named: only regular ones, and never more than a limit.
package enum LocalFile {
    /// Why a file could not be read.
    package struct Fault: Error, Hashable, Sendable {
        /// What is wrong, without the file's name.
        package var message: String
        /// Whether there is no such file.
        package var isMissing = false
    }

    /// What a path leads to.
    package enum Kind: Hashable, Sendable {
        /// A regular file.
        case file
        /// A folder.
        case folder
        /// A device, a pipe, a socket.
        case other
    }

    /// What a path leads to, through symbolic links unless told otherwise.
    package static func kind(of path: String, followingLinks: Bool = true) throws(Fault) -> Kind {
        var status = stat()
        guard (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { throw fault() }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .other
        }
    }

    /// The whole content of a regular file of at most `limit` bytes.
    package static func read(_ path: String, limit: Int) throws(Fault) -> [UInt8] {
        // Without O_NONBLOCK, opening a pipe would wait for somebody to write to it.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw fault() }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw fault() }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Fault(message: "not a regular file") }
        guard status.st_size <= limit else {
            throw Fault(message: "the file has \(status.st_size) bytes; at most \(limit) are read")
        }
        var bytes: [UInt8] = []
        let expected = max(0, Int(status.st_size))
        while bytes.count <= limit {
            // One byte more than expected, so that the end is seen in one go; a file that grows is read up to the limit.
            let wanted = max(expected + 1 - bytes.count, 4096)
            var count = 0
            let piece = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialized in
                count = systemRead(descriptor, buffer.baseAddress, wanted)
                initialized = max(0, count)
            }
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw fault()
            }
            if count == 0 { return bytes }
            if bytes.isEmpty { bytes = piece } else { bytes.append(contentsOf: piece) }
        }
        throw Fault(message: "the file has more than \(limit) bytes")
    }

    /// The names in a folder, sorted; hidden ones left out.
    package static func names(in folder: String) throws(Fault) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }.sorted()
        } catch {
            throw Fault(message: "the folder cannot be read")
        }
    }

    /// The path without links, `.` and `..`; nil when it leads nowhere.
    package static func canonical(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(validatingCString: resolved)
    }

    private static func fault() -> Fault {
        switch errno {
        case ENOENT, ENOTDIR: Fault(message: "there is no such file", isMissing: true)
        case EACCES, EPERM: Fault(message: "reading it is not permitted")
        case ELOOP: Fault(message: "its symbolic links lead in a circle")
        default: Fault(message: "it cannot be read: \(String(cString: strerror(errno)))")
        }
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
