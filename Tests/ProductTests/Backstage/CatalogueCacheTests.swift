import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@testable import Backstage

@Suite("The kept catalogue")
struct CatalogueCacheTests {
    private static func scope(_ filter: CatalogueFilter = .estate) throws -> CatalogueScope {
        CatalogueScope(address: try BackstageAddress("https://backstage.example"), filter: filter)
    }

    /// Everything an entity can hold, and one that holds nothing.
    private static func snapshot(_ names: [String] = []) throws -> CatalogueSnapshot {
        var full = Entity(
            ref: EntityRef(kind: "Component", namespace: "Shop", name: "checkout"), apiVersion: "v1",
            origin: .init(file: "https://backstage.example"))
        full.title = "Kasse ☕"
        full.summary = ""
        full.annotations = ["a/b": "1", "c": "2"]
        full.labels = ["tier": "1"]
        full.tags = ["java", "web"]
        full.links = [.init(url: "https://x", title: "X", type: nil), .init(url: "https://y", title: nil, type: "t")]
        full.spec = .map([
            .init(key: "type", value: .text("service")), .init(key: "n", value: .integer(-5)), .init(key: "x", value: .number(0.5)),
            .init(key: "l", value: .list([.null, .bool(true), .bool(false), .map([])])),
        ])
        let bare = Entity(ref: EntityRef(kind: "User", name: "u"), apiVersion: "", origin: .init(file: "https://backstage.example"))
        let others = names.map {
            CatalogueRecord(entity: Entity(ref: EntityRef(kind: "User", name: $0), origin: .init(file: "https://backstage.example")))
        }
        return CatalogueSnapshot(
            source: try scope().identity, origin: "https://backstage.example", listed: 1_700_000_000, fetchedWhole: -1,
            records: [CatalogueRecord(entity: full, etag: "e1"), CatalogueRecord(entity: bare)] + others,
            problems: [LoadProblem(.warning, file: "https://backstage.example", message: "component:shop/checkout: something")])
    }

    private func absence(_ cache: CatalogueCache) throws -> CatalogueCache.Absence? {
        if case .nothing(let absence) = cache.open(try Self.scope()) { absence } else { nil }
    }

    @Test("what is kept comes back as it was")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        let cache = CatalogueCache(file: folder.path + "/a/b/catalogue")
        #expect(try absence(cache) == .missing)
        let kept = try Self.snapshot()
        try cache.keep(kept)
        guard case .snapshot(let read) = cache.open(try Self.scope()) else { return #expect(Bool(false), "nothing was kept") }
        #expect(
            read.listed == kept.listed && read.fetchedWhole == kept.fetchedWhole && read.source == kept.source && read.origin == kept.origin
        )
        #expect(read.problems == kept.problems)
        #expect(read.records.count == 2)
        for (one, other) in zip(read.records, kept.records) {
            #expect(one.etag == other.etag)
            let (a, b) = (one.entity, other.entity)
            #expect(a.ref == b.ref && a.ref.kind == b.ref.kind && a.ref.namespace == b.ref.namespace && a.ref.name == b.ref.name)
            #expect(a.apiVersion == b.apiVersion && a.title == b.title && a.summary == b.summary && a.tags == b.tags && a.links == b.links)
            #expect(a.annotations == b.annotations && a.labels == b.labels && a.spec == b.spec && a.origin == b.origin && a.kind == b.kind)
        }
    }

    @Test("texts come back byte for byte, however their characters are put together")
    func exactTexts() throws {
        var kept = try Self.snapshot()
        kept.records[0].entity.tags = ["caf\u{e9}", "cafe\u{301}"]
        let read = try SnapshotReader.snapshot(of: try #require(SnapshotWriter.bytes(of: kept)))
        #expect(read.records[0].entity.tags.map { Array($0.utf8) } == kept.records[0].entity.tags.map { Array($0.utf8) })
    }

    @Test("the file is its owner's alone, and nothing is left beside it")
    func permissions() throws {
        let folder = try TemporaryFolder()
        let cache = CatalogueCache(file: folder.path + "/catalogue")
        try cache.keep(try Self.snapshot())
        try cache.keep(try Self.snapshot(["v"]))
        let attributes = try FileManager.default.attributesOfItem(atPath: cache.file)
        #expect(attributes[.posixPermissions].map { "\($0)" } == "\(0o600)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["catalogue"])
    }

    @Test("what is of another backend, filter or set of fields is not taken")
    func otherSource() throws {
        let folder = try TemporaryFolder()
        let cache = CatalogueCache(file: folder.path + "/catalogue")
        try cache.keep(try Self.snapshot())
        guard case .nothing(.otherSource) = cache.open(try Self.scope(.all)) else { return #expect(Bool(false)) }
        var fields = try Self.scope()
        fields.fields.append("spec.definition")
        guard case .nothing(.otherSource) = cache.open(fields) else { return #expect(Bool(false)) }
    }

    @Test("cut off at any length it is no cache, with a reason")
    func truncated() throws {
        let bytes = try #require(SnapshotWriter.bytes(of: try Self.snapshot()))
        for length in 0..<bytes.count {
            let fault = #expect(throws: SnapshotReader.Fault.self) { try SnapshotReader.snapshot(of: Array(bytes[..<length])) }
            #expect(fault == (length < 8 ? .foreign : .damaged))
        }
        #expect(throws: SnapshotReader.Fault.damaged) { try SnapshotReader.snapshot(of: bytes + [0]) }
        #expect(throws: Never.self) { try SnapshotReader.snapshot(of: bytes) }
    }

    @Test("with any bit flipped it is no cache")
    func flipped() throws {
        let bytes = try #require(SnapshotWriter.bytes(of: try Self.snapshot()))
        var survived: [Int] = []
        for index in bytes.indices {
            var changed = bytes
            for bit in 0..<8 {
                changed[index] = bytes[index] ^ 1 << bit
                if (try? SnapshotReader.snapshot(of: changed)) != nil { survived.append(index) }
            }
        }
        #expect(survived == [])
    }

    @Test("what is inside is checked even where the sum is right: nothing traps")
    func forged() throws {
        let bytes = try #require(SnapshotWriter.bytes(of: try Self.snapshot()))
        let count = bytes[12..<16].reversed().reduce(0) { $0 << 8 | Int($1) }
        let words = (0..<count).map { index in
            bytes[(32 + index * 4)..<(36 + index * 4)].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        let text = String(decoding: bytes[(32 + count * 4)...], as: UTF8.self)
        var refused = 0
        for index in words.indices {
            for value in [0, 1, 2, 7, 0x7fff_ffff, 0xffff_fffe, .max] as [UInt32] where value != words[index] {
                var changed = words
                changed[index] = value
                let forged = SnapshotWriter.file(changed, [text], textBytes: text.utf8.count)
                do { _ = try SnapshotReader.snapshot(of: forged) } catch { refused += 1 }
            }
        }
        #expect(refused > words.count * 3)
    }

    @Test("other files are told from damaged ones, newer ones from both")
    func foreign() throws {
        let folder = try TemporaryFolder()
        for (bytes, wanted) in [
            ([], CatalogueCache.Absence.foreign), (Array("kind: Component\n".utf8), .foreign), (Array("SQLite format 3\0".utf8), .foreign),
            (SnapshotFormat.magic + [9, 0, 0, 0] + [UInt8](repeating: 0, count: 40), .otherVersion(9)),
        ] {
            let cache = CatalogueCache(file: try folder.write("catalogue", bytes: bytes))
            #expect(try absence(cache) == wanted)
        }
        try FileManager.default.removeItem(atPath: folder.path + "/catalogue")
        try FileManager.default.createDirectory(atPath: folder.path + "/catalogue", withIntermediateDirectories: false)
        #expect(try absence(CatalogueCache(file: folder.path + "/catalogue")) == .unusable("not a regular file"))
    }

    @Test("what others may write, or a link, is not trusted; keeping anew puts it right")
    func notOurs() throws {
        let folder = try TemporaryFolder()
        let cache = CatalogueCache(file: folder.path + "/catalogue")
        try cache.keep(try Self.snapshot())
        for mode in [0o620, 0o602, 0o666] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: cache.file)
            #expect(try absence(cache) == .unusable("others may write it"))
        }
        try folder.link("link", to: cache.file)
        let linked = CatalogueCache(file: folder.path + "/link")
        #expect(try absence(linked) == .unusable("it is a symbolic link"))
        try cache.keep(try Self.snapshot())
        #expect(try absence(cache) == nil)
    }

    @Test("a folder that cannot be written is a failure that names the file")
    func unwritable() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("plain", "x")
        let failure = #expect(throws: CatalogueCache.Failure.self) { try CatalogueCache(file: file + "/catalogue").keep(Self.snapshot()) }
        #expect(failure?.file == file + "/catalogue")
    }

    @Test("what a killed process left is removed, what another one writes just now is not")
    func leftovers() throws {
        let folder = try TemporaryFolder()
        let cache = CatalogueCache(file: folder.path + "/catalogue")
        let old = try folder.write("catalogue.1.2.partial", "x")
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: old)
        try folder.write("catalogue.3.4.partial", "x")
        let other = try folder.write("other.1.2.partial", "x")
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: other)
        try cache.keep(try Self.snapshot())
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names == ["catalogue", "catalogue.3.4.partial", "other.1.2.partial"])
    }

    @Test("several that keep and open at once get one state or another, whole")
    func together() async throws {
        let folder = try TemporaryFolder()
        let cache = CatalogueCache(file: folder.path + "/catalogue")
        try cache.keep(try Self.snapshot())
        let scope = try Self.scope()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    for round in 0..<20 { try cache.keep(try Self.snapshot((0..<round).map { "u\(writer)-\($0)" })) }
                    return true
                }
                group.addTask {
                    for _ in 0..<40 {
                        guard case .snapshot(let snapshot) = cache.open(scope) else { return false }
                        let writers = Set(snapshot.records.dropFirst(2).map { $0.entity.ref.name.prefix(2) })
                        guard writers.count <= 1 else { return false }
                    }
                    return true
                }
            }
            for try await isWhole in group { #expect(isWhole) }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["catalogue"])
    }
}
