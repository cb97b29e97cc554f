import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Exact export, damaged")
struct ExportDamageTests {
    private let fixture: ExportFixture
    private let whole: [UInt8]
    /// Where the first record begins.
    private let firstRecord: Int

    init() throws {
        fixture = try ExportFixture()
        try fixture.export([try Messages.make(1, id: "a", body: "first"), try Messages.make(2, id: "b", body: "second")])
        whole = try fixture.bytes
        firstRecord = ExportFormat.magic.count + fixture.header.line.count + 1
    }

    @Test("cut at whatever byte, it is told, and nothing traps")
    func truncation() throws {
        #expect(try fixture.fault(whole) == nil)
        for length in whole.indices {
            let error = try #require(
                try fixture.fault(Array(whole[..<length])), "\(length) of \(whole.count) bytes pass for a whole export")
            #expect(error.code == .usage)
            if length >= firstRecord { #expect(error.message.contains("ends early"), "at \(length): \(error.message)") }
        }
    }

    @Test("whatever byte is altered, it is told, and nothing traps", arguments: [0x01, 0x80, 0xff] as [UInt8])
    func alteration(mask: UInt8) throws {
        for place in whole.indices {
            var altered = whole
            altered[place] ^= mask
            #expect(try fixture.fault(altered) != nil, "byte \(place) may be altered")
        }
    }

    @Test("whatever follows the end, it is told with its place", arguments: [[0], [10], Array("callboard-export 1\n".utf8)] as [[UInt8]])
    func garbage(rest: [UInt8]) throws {
        let error = try #require(try fixture.fault(whole + rest))
        #expect(error.message.contains("goes on after its end, from byte \(whole.count)"))
    }

    @Test("a record that goes beyond the end names itself, its place and what is there")
    func cutRecord() throws {
        let error = try #require(try fixture.fault(Array(whole[..<(firstRecord + 10)])))
        #expect(error.message.contains("record 1, which begins at byte \(firstRecord), 6 of "))
        #expect(error.message.contains(fixture.folder.path))
    }

    @Test("a length beyond every message is refused without reading")
    func length() throws {
        let error = try #require(
            try fixture.fault(Array(whole[..<firstRecord]) + [0x7f, 255, 255, 255] + [UInt8](repeating: 0, count: 50)))
        #expect(error.message.contains("record 1, which begins at byte \(firstRecord), claims to have 2147483647 bytes"))
        #expect(try fixture.fault(Array(whole[..<firstRecord]) + [0, 0, 0, 0]) != nil)
    }

    @Test("a record that is no message names itself and what is wrong")
    func noMessage() throws {
        let error = try #require(try fixture.fault(Array(whole[..<firstRecord]) + [0, 0, 0, 2, 0, 0x53]))
        #expect(error.message.contains("record 1, which begins at byte \(firstRecord), is no message"))
        // An AMQP message, but none that an entity numbered.
        let bare = try #require(try fixture.fault(Array(whole[..<firstRecord]) + [0, 0, 0, 4, 0, 0x53, 0x77, 0x40]))
        #expect(bare.message.contains("no sequence number"))
    }

    @Test("a file found damaged stays so, and verifying says the same")
    func again() throws {
        let path = try fixture.folder.write("cut.cbx", bytes: Array(whole.dropLast(40)))
        let reader = try ExportReader(path)
        #expect(try reader.next()?.messageID == "a")
        #expect(try reader.next()?.messageID == "b")
        #expect(throws: OperatorError.self) { try reader.next() }
        #expect(throws: OperatorError.self) { try reader.next() }
        #expect(throws: OperatorError.self) { try reader.verify() }
    }

    @Test("verifying looks at the whole file and leaves reading at its beginning")
    func verifying() throws {
        let reader = try ExportReader(fixture.file)
        #expect(try reader.next()?.messageID == "a")
        #expect(try reader.verify().count == 2)
        #expect(try reader.next()?.messageID == "a")
    }

    @Test(
        "other files are no exports",
        arguments: [
            "", "{\"a\": 1}\n", "callboard-export\n", "callboard-export x\n", "callboard-export 0\n", "callboard-export 01\n", "\u{7f}ELF",
        ])
    func foreign(text: String) throws {
        let error = try #require(try fixture.fault(Array(text.utf8)))
        #expect(error.code == .usage)
        #expect(error.message.contains("is no export"))
    }

    @Test("a newer form asks for a newer program")
    func newer() throws {
        let error = try #require(try fixture.fault(Array("callboard-export 2\nwhatever".utf8)))
        #expect(error.message.contains("has form 2"))
        #expect(error.hint.contains("newer Callboard"))
    }

    @Test(
        "a header that says too little is told",
        arguments: [
            "", "{", "[]", "{}", #"{"entity":"q","subQueue":"active","exportedAt":"2026-11-18T10:26:40Z","namespace":"n"}"#,
            #"{"entity":"q","subQueue":"other","exportedAt":"2026-11-18T10:26:40Z","namespace":"n","reason":"export"}"#,
            #"{"entity":"q","subQueue":"active","exportedAt":"yesterday","namespace":"n","reason":"export"}"#,
            #"{"entity":"q","subQueue":"active","exportedAt":"2026-11-18T10:26:40Z","namespace":7,"reason":"export"}"#,
            #"{"entity":"q/$deadletterqueue","subQueue":"active","exportedAt":"2026-11-18T10:26:40Z","namespace":"n","reason":"export"}"#,
        ])
    func header(line: String) throws {
        let error = try #require(try fixture.fault(ExportFormat.magic + Array(line.utf8) + [10]))
        #expect(error.message.contains("header"))
    }

    @Test("a header without an end is not read for ever")
    func endlessHeader() throws {
        let error = try #require(try fixture.fault(ExportFormat.magic + [UInt8](repeating: 32, count: 200_000)))
        #expect(error.message.contains("header"))
    }

    @Test("a folder, and what is not there, are told by name")
    func noFile() throws {
        #expect { try ExportReader(fixture.folder.path) } throws: { "\($0)".contains("no regular file") }
        #expect { try ExportReader(fixture.folder.path + "/none.cbx") } throws: { "\($0)".contains("none.cbx") }
    }
}
