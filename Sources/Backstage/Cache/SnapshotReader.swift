/// Reads a snapshot in ``SnapshotFormat``. Whatever the bytes are, it answers with a snapshot or says why there is none.
struct SnapshotReader {
    /// Why bytes are no snapshot.
    enum Fault: Error, Hashable {
        /// They are something else.
        case foreign
        /// They were written by a version of ours that this one does not know.
        case version(UInt32)
        /// They are not as they were written.
        case damaged
    }

    /// How deep values of a spec may be nested: as deep as what they were read from.
    private static let depth = 128

    private let bytes: UnsafeRawBufferPointer
    /// Where the next number is, and where the numbers end.
    private var place: Int
    private let end: Int
    private var texts: [String] = []

    /// The snapshot that bytes hold.
    static func snapshot(of bytes: [UInt8]) throws(Fault) -> CatalogueSnapshot {
        let result: Result<CatalogueSnapshot, Fault> = bytes.withUnsafeBytes { bytes in
            do throws(Fault) {
                var reader = try SnapshotReader(bytes)
                return .success(try reader.read())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private init(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        guard bytes.count >= SnapshotFormat.magic.count, bytes.prefix(SnapshotFormat.magic.count).elementsEqual(SnapshotFormat.magic) else {
            throw .foreign
        }
        guard bytes.count >= SnapshotFormat.headerBytes else { throw .damaged }
        let version = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        guard version == SnapshotFormat.version else { throw .version(version) }
        let numbers = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
        let textBytes = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        let sum = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
        let body = UnsafeRawBufferPointer(rebasing: bytes[SnapshotFormat.headerBytes...])
        guard UInt64(body.count) >= UInt64(numbers) * 4, UInt64(body.count) - UInt64(numbers) * 4 == textBytes,
            SnapshotFormat.checksum(version: version, numbers: numbers, textBytes: textBytes, body) == sum
        else { throw .damaged }
        self.bytes = body
        place = 0
        end = Int(numbers) * 4
    }

    private mutating func read() throws(Fault) -> CatalogueSnapshot {
        try readTexts()
        let specs = try readSpecs()
        let source = try text()
        let origin = try text()
        var snapshot = CatalogueSnapshot(source: source, origin: origin, listed: try wide(), fetchedWhole: try wide(), records: [])
        for _ in 0..<(try count(each: 2)) {
            let severity: LoadProblem.Severity
            switch try number() {
            case 0: severity = .note
            case 1: severity = .warning
            case 2: severity = .error
            default: throw .damaged
            }
            snapshot.problems.append(LoadProblem(severity, file: origin, message: try text()))
        }
        let records = try count(each: 12)
        snapshot.records.reserveCapacity(records)
        for _ in 0..<records { snapshot.records.append(try record(origin, specs)) }
        guard place == end else { throw .damaged }
        return snapshot
    }

    // MARK: Numbers

    private mutating func number() throws(Fault) -> UInt32 {
        guard end - place >= 4 else { throw .damaged }
        defer { place += 4 }
        return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
    }

    private mutating func wide() throws(Fault) -> Int64 {
        guard end - place >= 8 else { throw .damaged }
        defer { place += 8 }
        return Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Int64.self))
    }

    /// How many things follow that take so many numbers each, or more.
    private mutating func count(each numbers: Int) throws(Fault) -> Int {
        let count = Int(try number())
        guard count <= (end - place) / (4 * numbers) else { throw .damaged }
        return count
    }

    private mutating func text() throws(Fault) -> String {
        let number = Int(try number())
        guard number < texts.count else { throw .damaged }
        return texts[number]
    }

    private mutating func optionalText() throws(Fault) -> String? {
        let number = try number()
        if number == SnapshotFormat.none { return nil }
        guard number < texts.count else { throw .damaged }
        return texts[Int(number)]
    }

    private mutating func readTexts() throws(Fault) {
        let count = try count(each: 1)
        texts.reserveCapacity(count)
        var start = end
        for _ in 0..<count {
            let length = Int(try number())
            guard length <= bytes.count - start else { throw .damaged }
            texts.append(String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]), as: UTF8.self))
            start += length
        }
        guard start == bytes.count else { throw .damaged }
    }

    // MARK: Entities

    private mutating func record(_ origin: String, _ specs: [EntityValue]) throws(Fault) -> CatalogueRecord {
        let kind = try text()
        let namespace = try text()
        let name = try text()
        var entity = Entity(
            ref: EntityRef(kind: kind, namespace: namespace, name: name), apiVersion: try text(), origin: Entity.Origin(file: origin))
        entity.title = try optionalText()
        entity.summary = try optionalText()
        let etag = try optionalText()
        entity.annotations = try dictionary()
        entity.labels = try dictionary()
        let tags = try count(each: 1)
        if tags > 0 {
            entity.tags.reserveCapacity(tags)
            for _ in 0..<tags { entity.tags.append(try text()) }
        }
        for _ in 0..<(try count(each: 3)) {
            entity.links.append(Entity.Link(url: try text(), title: try optionalText(), type: try optionalText()))
        }
        let spec = Int(try number())
        guard spec < specs.count else { throw .damaged }
        entity.spec = specs[spec]
        return CatalogueRecord(entity: entity, etag: etag)
    }

    private mutating func dictionary() throws(Fault) -> [String: String] {
        let count = try count(each: 2)
        guard count > 0 else { return [:] }
        var dictionary = [String: String](minimumCapacity: count)
        for _ in 0..<count {
            let key = try text()
            dictionary[key] = try text()
        }
        return dictionary
    }

    // MARK: Specs

    private mutating func readSpecs() throws(Fault) -> [EntityValue] {
        let count = try count(each: 1)
        var specs: [EntityValue] = []
        specs.reserveCapacity(count)
        for _ in 0..<count { specs.append(try value(depth: 0)) }
        return specs
    }

    private mutating func value(depth: Int) throws(Fault) -> EntityValue {
        guard depth < Self.depth, let tag = SnapshotFormat.Tag(rawValue: try number()) else { throw .damaged }
        switch tag {
        case .null: return .null
        case .no: return .bool(false)
        case .yes: return .bool(true)
        case .integer: return .integer(try wide())
        case .number: return .number(Double(bitPattern: UInt64(bitPattern: try wide())))
        case .text: return .text(try text())
        case .list:
            let count = try count(each: 1)
            var values: [EntityValue] = []
            values.reserveCapacity(count)
            for _ in 0..<count { values.append(try value(depth: depth + 1)) }
            return .list(values)
        case .map:
            let count = try count(each: 2)
            var entries: [EntityValue.Entry] = []
            entries.reserveCapacity(count)
            for _ in 0..<count {
                let key = try text()
                entries.append(EntityValue.Entry(key: key, value: try value(depth: depth + 1)))
            }
            return .map(entries)
        }
    }
}
