internal import SystemPackage

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
        let status: Stat
        do throws(Errno) { status = try Stat(path, followTargetSymlink: followingLinks) } catch { throw fault(error) }
        switch status.type {
        case .regular: return .file
        case .directory: return .folder
        default: return .other
        }
    }

    /// The whole content of a regular file of at most `limit` bytes.
    /// - Parameter onlyOurs: whether a file that somebody else owns or may write, or a link, is refused.
    package static func read(_ path: String, limit: Int, onlyOurs: Bool = false) throws(Fault) -> [UInt8] {
        // Without O_NONBLOCK, opening a pipe would wait for somebody to write to it.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | (onlyOurs ? O_NOFOLLOW : 0))
        guard descriptor >= 0 else { throw onlyOurs && errno == ELOOP ? Fault(message: "it is a symbolic link") : fault() }
        defer { close(descriptor) }
        let status: Stat
        do throws(Errno) { status = try Stat(FileDescriptor(rawValue: descriptor)) } catch { throw fault(error) }
        guard status.type == .regular else { throw Fault(message: "not a regular file") }
        if onlyOurs {
            guard status.userID.rawValue == geteuid() else { throw Fault(message: "somebody else owns it") }
            guard status.permissions.rawValue & 0o022 == 0 else { throw Fault(message: "others may write it") }
        }
        guard status.size <= limit else {
            throw Fault(message: "the file has \(status.size) bytes; at most \(limit) are read")
        }
        var bytes: [UInt8] = []
        let expected = max(0, Int(status.size))
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

    /// Replaces a file, for its owner alone. Whoever reads it meanwhile gets the one before or this one, whole.
    ///
    /// It is not forced to the disk: what a power failure leaves behind is found out by whoever reads it.
    package static func replace(_ path: String, with bytes: [UInt8]) throws(Fault) {
        let partial = "\(path).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).partial"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw fault("written") }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written) }
            guard count >= 0 || errno == EINTR else { break }
            written += max(0, count)
        }
        var failure = written < bytes.count ? fault("written") : nil
        if close(descriptor) != 0, failure == nil { failure = fault("written") }
        if failure == nil, rename(partial, path) != 0 { failure = fault("written") }
        guard let failure else { return }
        unlink(partial)
        throw failure
    }

    /// Removes what processes that were killed left of ``replace(_:with:)``, an hour or more ago.
    package static func removeLeftovers(of path: String) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let (folder, name) = (String(path[..<slash]), path[path.index(after: slash)...])
        for leftover in (try? names(in: folder)) ?? [] where leftover.hasPrefix(name + ".") && leftover.hasSuffix(".partial") {
            guard let status = try? Stat(folder + "/" + leftover, followTargetSymlink: false), status.type == .regular,
                status.userID.rawValue == geteuid(), time(nil) - status.st_mtim.tv_sec > 3600
            else { continue }
            unlink(folder + "/" + leftover)
        }
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

    private static func fault(_ done: String = "read") -> Fault { fault(Errno(rawValue: errno), done) }

    private static func fault(_ reason: Errno, _ done: String = "read") -> Fault {
        switch reason {
        case .noSuchFileOrDirectory, .notDirectory:
            Fault(message: done == "read" ? "there is no such file" : "there is no such folder", isMissing: true)
        case .permissionDenied, .notPermitted:
            Fault(message: done == "read" ? "reading it is not permitted" : "writing it is not permitted")
        case .tooManySymbolicLinkLevels: Fault(message: "its symbolic links lead in a circle")
        default: Fault(message: "it cannot be \(done): \(reason)")
        }
    }
}

private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, buffer, count)
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
