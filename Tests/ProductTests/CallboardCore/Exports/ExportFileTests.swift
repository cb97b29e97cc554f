import AMQP
import NIOCore
import ServiceBus
import Synchronization
import SystemPackage
import Testing

@testable import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite("Exact export, the file")
struct ExportFileTests {
    private let fixture: ExportFixture

    init() throws { fixture = try ExportFixture() }

    private func begin(isOverwriting: Bool = false, calls: WholeFile.Calls = WholeFile.Calls()) throws(OperatorError) -> ExportWriter {
        try ExportWriter(to: fixture.file, header: fixture.header, isOverwriting: isOverwriting, calls: calls)
    }

    private func mode(_ path: String) throws -> mode_t { try Stat(path, followTargetSymlink: false).permissions.rawValue }

    @Test("it has its name only when it is whole, and only its owner may read it, before and after")
    func name() throws {
        let writer = try begin()
        try writer.append(try Messages.make(1))
        #expect(try fixture.files == ["messages.cbx.partial"])
        #expect(try mode(fixture.file + ".partial") == 0o600)
        _ = try writer.finish()
        #expect(try fixture.files == ["messages.cbx"])
        #expect(try mode(fixture.file) == 0o600)
    }

    @Test("given up, let go of or finished: nothing half written stays")
    func abandoned() throws {
        let given = try begin()
        try given.append(try Messages.make(1))
        given.abandon()
        #expect(try fixture.files.isEmpty)
        #expect(throws: OperatorError.self) { try given.append(try Messages.make(2)) }
        #expect(throws: OperatorError.self) { try given.finish() }
        do { _ = try begin() }
        #expect(try fixture.files.isEmpty)
        let finished = try begin()
        _ = try finished.finish()
        finished.abandon()
        #expect(try fixture.files == ["messages.cbx"])
        #expect(throws: OperatorError.self) { try finished.append(try Messages.make(2)) }
    }

    @Test("a file that is there is left alone unless told otherwise")
    func overwriting() throws {
        try fixture.folder.write("messages.cbx", "mine")
        #expect { try begin() } throws: { ($0 as? OperatorError)?.code == .conflict }
        #expect(try fixture.bytes == Array("mine".utf8))
        let replacing = try begin(isOverwriting: true)
        #expect(try fixture.bytes == Array("mine".utf8), "replaced before the new one is whole")
        _ = try replacing.finish()
        #expect(try ExportReader(fixture.file).header == fixture.header)
        #expect(try fixture.files == ["messages.cbx"])
    }

    @Test("a file that somebody made meanwhile is left alone")
    func meanwhile() throws {
        let writer = try begin()
        try fixture.folder.write("messages.cbx", "mine")
        #expect { try writer.finish() } throws: { ($0 as? OperatorError)?.code == .conflict }
        #expect(try fixture.bytes == Array("mine".utf8))
        #expect(try fixture.files == ["messages.cbx"])
    }

    @Test("what is no regular file is never replaced")
    func irregular() throws {
        try fixture.folder.write("target", "mine")
        try fixture.folder.link("messages.cbx", to: fixture.folder.path + "/target")
        #expect(throws: OperatorError.self) { try begin(isOverwriting: true) }
        #expect { try ExportWriter(to: fixture.folder.path, header: fixture.header, isOverwriting: true) } throws: {
            "\($0)".contains("no regular file")
        }
        #expect(throws: OperatorError.self) { try ExportWriter(to: "/dev/full", header: fixture.header, isOverwriting: true) }
        #expect(throws: OperatorError.self) { try ExportWriter(to: fixture.folder.path + "/", header: fixture.header) }
        #expect(throws: OperatorError.self) { try ExportWriter(to: "", header: fixture.header) }
        #expect { try ExportWriter(to: fixture.folder.path + "/none/x.cbx", header: fixture.header) } throws: {
            "\($0)".contains("/none/x.cbx")
        }
        #expect(try fixture.files == ["messages.cbx", "target"])
    }

    @Test("two cannot write the same file at once")
    func twoWriters() throws {
        let first = try begin()
        #expect { try begin() } throws: { ($0 as? OperatorError)?.code == .conflict }
        try first.append(try Messages.make(1))
        #expect(try first.finish().count == 1)
    }

    @Test("what a killed process left is replaced", arguments: ["callboard-export 1\n{\"context\":", "callbo", ""])
    func leftover(content: String) throws {
        try fixture.folder.write("messages.cbx.partial", content)
        _ = try begin().finish()
        #expect(try ExportReader(fixture.file).header == fixture.header)
        #expect(try fixture.files == ["messages.cbx"])
    }

    @Test("a file that only has the partial one's name is left alone")
    func inTheWay() throws {
        try fixture.folder.write("messages.cbx.partial", "somebody's download")
        #expect { try begin() } throws: { "\($0)".contains("in the way") }
        try FileManager.default.removeItem(atPath: fixture.file + ".partial")
        try fixture.folder.link("messages.cbx.partial", to: "/dev/full")
        #expect { try begin() } throws: { "\($0)".contains("in the way") }
        #expect(try fixture.files == ["messages.cbx.partial"])
    }

    /// A disk on which only so many bytes fit.
    private func disk(of size: Int) -> WholeFile.Calls {
        let room = Room(size)
        return WholeFile.Calls(write: { descriptor, bytes, count in
            let part = room.take(count)
            guard part > 0 else {
                errno = ENOSPC
                return -1
            }
            return write(descriptor, bytes, part)
        })
    }

    private final class Room: Sendable {
        private let left: Mutex<Int>
        init(_ size: Int) { left = Mutex(size) }
        func take(_ count: Int) -> Int {
            left.withLock { left in
                let part = min(left, count)
                left -= part
                return part
            }
        }
    }

    @Test("a full disk is told with the file's name, wherever it happens, and nothing half written stays")
    func fullDisk() throws {
        let message = try Messages.make(1) { $0.body = .data([ByteBuffer(repeating: 1, count: 300_000)]) }
        let whole = try fixture.export([message, message]).bytes
        try FileManager.default.removeItem(atPath: fixture.file)
        for size in [0, 10, 250, 299_999, 300_500, Int(whole) - 33, Int(whole) - 1] {
            #expect {
                let writer = try begin(calls: disk(of: size))
                try writer.append(message)
                try writer.append(message)
                _ = try writer.finish()
            } throws: { error in
                guard let error = error as? OperatorError else { return false }
                return error.code == .internal && error.message.contains(fixture.file) && error.message.contains("space")
            }
            #expect(try fixture.files.isEmpty, "with \(size) bytes of room")
        }
        let writer = try begin(calls: disk(of: Int(whole)))
        try writer.append(message)
        try writer.append(message)
        #expect(try writer.finish().bytes == whole)
    }

    @Test("an export that failed says why whenever it is asked for more")
    func failedForGood() throws {
        let message = try Messages.make(1) { $0.body = .data([ByteBuffer(repeating: 1, count: 300_000)]) }
        let writer = try begin(calls: disk(of: 1000))
        #expect { try writer.append(message) } throws: { "\($0)".contains("space") }
        #expect { try writer.append(message) } throws: { "\($0)".contains("space") }
        #expect { try writer.finish() } throws: { "\($0)".contains("space") }
    }

    @Test("the disk's no when it is to keep the bytes counts as much")
    func syncFails() throws {
        let calls = WholeFile.Calls(sync: { _ in
            errno = EIO
            return -1
        })
        #expect { try begin(calls: calls).finish() } throws: { ($0 as? OperatorError)?.code == .internal }
        #expect(try fixture.files.isEmpty)
    }

    private final class Seen: Sendable {
        private let lists = Mutex<[[String]]>([])
        var all: [[String]] { lists.withLock { $0 } }
        func add(_ list: [String]) { lists.withLock { $0.append(list) } }
    }

    @Test("the file is on the disk before it has its name, and the folder after that")
    func order() throws {
        let seen = Seen()
        let path = fixture.folder.path
        let calls = WholeFile.Calls(sync: { descriptor in
            seen.add((try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [])
            return fsync(descriptor)
        })
        _ = try begin(calls: calls).finish()
        #expect(seen.all == [["messages.cbx.partial"], ["messages.cbx"]])
    }
}
