import Identity
import SystemPackage
import Testing

@testable import CallboardCore

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

@Suite("Places that take a secret")
struct SecretSinkTests {
    private let note = SecretNote(contentType: "text/plain")
    private let secret = Secret("the-secret")

    private func folder() throws -> String {
        let folder = FileManager.default.temporaryDirectory.path + "/cb-sink-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return folder
    }

    private func failure(_ body: () async throws(OperatorError) -> Void) async -> OperatorError? {
        do throws(OperatorError) {
            try await body()
            return nil
        } catch { return error }
    }

    private func content(_ path: String) -> String? {
        (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Files

    @Test("a new file has mode 0600 and the secret, and nothing else is left beside it")
    func newFile() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let sink = SecretFileSink(folder + "/token")
        try await sink.deliver(secret, note, replacing: [])
        #expect(content(folder + "/token") == "the-secret")
        #expect(try Stat(folder + "/token", followTargetSymlink: false).permissions == .ownerReadWrite)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["token"])
        #expect(await sink.holds(SecretFingerprint(secret)) == true)
    }

    @Test("a file that is there is replaced only when it is our own, by its content")
    func existingFile() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/token"
        try Data("something dear".utf8).write(to: URL(filePath: path))
        chmod(path, 0o600)
        let sink = SecretFileSink(path)
        let foreign = await failure { () throws(OperatorError) in
            try await sink.deliver(secret, note, replacing: [SecretFingerprint(secret)])
        }
        #expect(foreign?.code == .refused && content(path) == "something dear")
        try await sink.deliver(secret, note, replacing: [SecretFingerprint(Secret("something dear"))])
        #expect(content(path) == "the-secret")
        await sink.withdraw(SecretFingerprint(Secret("another")))
        #expect(content(path) == "the-secret", "what is not what was handed over was removed")
        await sink.withdraw(SecretFingerprint(secret))
        #expect(content(path) == nil)
    }

    @Test("a terminal, a link, a folder, a file of others' eyes and one with two names are no places")
    func refusedPlaces() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("x".utf8).write(to: URL(filePath: folder + "/open"))
        chmod(folder + "/open", 0o644)
        try Data("x".utf8).write(to: URL(filePath: folder + "/private"))
        chmod(folder + "/private", 0o600)
        link(folder + "/private", folder + "/twice")
        symlink(folder + "/nothing", folder + "/link")
        let known: Set = [SecretFingerprint(Secret("x"))]
        for path in [
            "/dev/tty", "/dev/null", folder + "/link", folder, folder + "/open", folder + "/twice", folder + "/missing/token", "-", "",
        ] {
            let error = await failure { () throws(OperatorError) in try await SecretFileSink(path).deliver(secret, note, replacing: known) }
            #expect(error != nil, "\(path) took a secret")
        }
        #expect(content(folder + "/nothing") == nil, "the link was followed")
    }

    @Test("a folder that others can write to is no place, unless only owners can replace what is theirs")
    func folders() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        chmod(folder, 0o777)
        let error = await failure { () throws(OperatorError) in try await SecretFileSink(folder + "/a").deliver(secret, note, replacing: [])
        }
        #expect(error?.code == .usage && content(folder + "/a") == nil)
        chmod(folder, 0o1777)
        try await SecretFileSink(folder + "/a").deliver(secret, note, replacing: [])
        #expect(content(folder + "/a") == "the-secret")
    }

    // MARK: Sockets

    private func read(_ path: String) -> String? {
        let descriptor = socket(AF_UNIX, stream, 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard status == 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    #if canImport(Glibc)
        private let stream = Int32(SOCK_STREAM.rawValue)
    #else
        private let stream = SOCK_STREAM
    #endif

    @Test("a socket of mode 0600 gives the secret to one reader, and is gone then")
    func socketOnce() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/s"
        let sink = SecretSocketSink(path)
        try await sink.deliver(secret, note, replacing: [])
        let status = try Stat(path, followTargetSymlink: false)
        #expect(status.type == .socket && status.permissions == .ownerReadWrite)
        #expect(read(path) == "the-secret")
        await sink.settle()
        #expect(throws: Errno.noSuchFileOrDirectory) { try Stat(path, followTargetSymlink: false) }
        #expect(read(path) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        // Served anew, with the next secret.
        try await sink.deliver(Secret("next"), note, replacing: [])
        #expect(read(path) == "next")
    }

    @Test("a socket is not put where something is, and taken away when nobody came")
    func socketPlaces() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("x".utf8).write(to: URL(filePath: folder + "/file"))
        let error = await failure { () throws(OperatorError) in
            try await SecretSocketSink(folder + "/file").deliver(secret, note, replacing: [])
        }
        #expect(error?.code == .refused && content(folder + "/file") == "x")
        let sink = SecretSocketSink(folder + "/s")
        try await sink.deliver(secret, note, replacing: [])
        await sink.withdraw(SecretFingerprint(secret))
        #expect(read(folder + "/s") == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
    }

    // MARK: Programs

    @Test("a program has the secret in the variable, with the others as they were, and its status is passed on")
    func variable() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let script = "printf %s \"$TOKEN:$OTHER:$#\" > \(folder)/seen; tr '\\0' ' ' < /proc/$$/cmdline > \(folder)/words; exit 7"
        let child = try SecretChild.start(
            ["/bin/sh", "-c", script], giving: .variable("TOKEN", secret),
            environment: ["OTHER": "kept", "TOKEN": "old", "PATH": "/usr/bin:/bin"])
        #expect(await child.wait() == 7)
        #expect(content(folder + "/seen") == "the-secret:kept:0")
        #if os(Linux)
            #expect(content(folder + "/words")?.contains("the-secret") == false)
        #endif
        #expect(getenv("TOKEN") == nil, "this process has the secret in its own environment")
    }

    @Test("a program has the secret on its standard input, and the end behind it")
    func standardInput() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let child = try SecretChild.start(
            ["sh", "-c", "cat > \(folder)/seen"], giving: .standardInput(secret), environment: ["PATH": "/usr/bin:/bin"])
        #expect(await child.wait() == 0)
        #expect(content(folder + "/seen") == "the-secret")
    }

    @Test("a signal reaches the program, and how it ended is told")
    func signals() async throws {
        let child = try SecretChild.start(["sleep", "60"], giving: .nothing, environment: ["PATH": "/usr/bin:/bin"])
        child.signal(SIGTERM)
        #expect(await child.wait() == 128 + SIGTERM)
    }

    @Test("a program that has ended is sent no signal: its number may be another's")
    func signalAfterEnd() async throws {
        let child = try SecretChild.start(["sleep", "60"], giving: .nothing, environment: ["PATH": "/usr/bin:/bin"])
        #expect(child.signal(0))
        child.signal(SIGKILL)
        #expect(await child.wait() == 128 + SIGKILL)
        #expect(!child.signal(SIGTERM) && !child.signal(0))
    }

    @Test("what this process was told to ignore, the program ignores as well, as with nohup")
    func ignoredSignals() async throws {
        let before = signal(SIGHUP, SIG_IGN)
        defer { signal(SIGHUP, before) }
        let child = try SecretChild.start(
            ["sh", "-c", "kill -HUP $$; exit 5"], giving: .nothing, environment: ["PATH": "/usr/bin:/bin"])
        #expect(await child.wait() == 5)
    }

    @Test("what cannot be started, or is no variable's name, is refused")
    func notStarted() {
        for (command, name) in [(["/nothing/there"], "TOKEN"), (["sh"], "1A"), (["sh"], "A=B"), (["sh"], ""), ([], "TOKEN")] {
            #expect(throws: OperatorError.self) {
                _ = try SecretChild.start(command, giving: .variable(name, secret), environment: ["PATH": "/usr/bin:/bin"])
            }
        }
    }

    @Test("a fingerprint is eight bytes of SHA-256, and reads back")
    func fingerprints() {
        #expect(SecretFingerprint(Secret("abc")).description == "ba7816bf8f01cfea")
        #expect(SecretFingerprint("ba7816bf8f01cfea") == SecretFingerprint(Secret("abc")))
        for text in ["", "ba7816bf8f01cfe", "BA7816BF8F01CFEA", "ba7816bf8f01cfeg"] { #expect(SecretFingerprint(text) == nil) }
    }

    @Test("a destination reads back as it was written", arguments: [SecretDestination.file("/a:b"), .socket("/s"), .vault("kv/n")])
    func destinations(destination: SecretDestination) { #expect(SecretDestination(destination.description) == destination) }
}
