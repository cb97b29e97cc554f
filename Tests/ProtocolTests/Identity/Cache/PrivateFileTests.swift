import Testing

@testable import Identity

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Files for their owner alone")
struct PrivateFileTests {
    private func folder() throws -> String {
        let folder = FileManager.default.temporaryDirectory.path + "/cb-private-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return folder
    }

    private func names(_ folder: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }

    private func left(_ path: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: path))
        chmod(path, 0o600)
    }

    @Test("a new file is whole, for its owner, and never in the place of another")
    func create() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/key"
        #expect(try PrivateFile.create([1, 2, 3], at: path, random: .system))
        #expect(try !PrivateFile.create([4], at: path, random: .system))
        #expect(try PrivateFile.read(path, limit: 10) == [1, 2, 3])
        #expect(try names(folder) == ["key"])
    }

    @Test("what a process that was killed left beside it is gone with the next one that writes or removes")
    func leftovers() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/key"
        try left(path + ".partial", Array(repeating: 7, count: 100))
        try PrivateFile.write([1, 2, 3], to: path, random: .system)
        #expect(try PrivateFile.read(path, limit: 1000) == [1, 2, 3])
        #expect(try names(folder) == ["key"])
        try left(path + ".partial", [9])
        try PrivateFile.remove(path)
        #expect(try names(folder).isEmpty)
    }

    @Test("what another process writes is left to it, and a file that has another name is not emptied")
    func others() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (path, partial) = (folder + "/key", folder + "/key.partial")
        try left(partial, [9])
        let descriptor = open(partial, O_RDWR)
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        try PrivateFile.write([1], to: path, random: .system)
        try PrivateFile.remove(path)
        #expect(try PrivateFile.read(partial, limit: 10) == [9])
        close(descriptor)
        link(partial, folder + "/dear")
        try PrivateFile.write([2], to: path, random: .system)
        #expect(try PrivateFile.read(folder + "/dear", limit: 10) == [9])
        #expect(try PrivateFile.read(path, limit: 10) == [2])
        #expect(try names(folder) == ["dear", "key"])
    }

    @Test("a link in the place of what is written is not followed")
    func links() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try left(folder + "/dear", [9])
        symlink(folder + "/dear", folder + "/key.partial")
        try PrivateFile.write([1], to: folder + "/key", random: .system)
        #expect(try PrivateFile.read(folder + "/dear", limit: 10) == [9])
        #expect(try PrivateFile.read(folder + "/key", limit: 10) == [1])
    }

    @Test("a lock that is let go of is free, though a child has its descriptor still")
    func letGo() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/lock"
        var lock = try FileLock(path)
        #expect(lock != nil)
        #expect(try FileLock(path) == nil)
        // What a child has between fork and exec: the same open file.
        let inChild = dup(try #require(lock?.descriptor))
        defer { close(inChild) }
        lock = nil
        #expect(try FileLock(path) != nil)
    }
}
