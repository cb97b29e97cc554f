extension BodyDecoding {
    // MARK: Compressed

    mutating func compressed(_ bytes: [UInt8], into body: inout DecodedBody) -> Bool {
        if bytes.starts(with: [0x1F, 0x8B, 0x08]) { return unpack(bytes, .gzip, isCertain: true, into: &body) }
        if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            body.formats.append("zstd")
            body.notes.append("compressed with zstd, which is not unpacked here: shown as bytes")
            return true
        }
        if ZipArchive.mayBe(bytes) { return archive(bytes, into: &body) }
        if bytes.count >= 2, bytes[0] & 0x8F == 0x08, (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0,
            unpack(bytes, .zlib, isCertain: declared.isDeflate, into: &body)
        {
            return true
        }
        // These have no mark of their own: only where the sender says so. Text is no brotli, whatever the sender says.
        if declared.isDeflate, unpack(bytes, .deflate, isCertain: false, into: &body) { return true }
        return declared.isBrotli && TextEncoding.plain(bytes[...]) == nil && unpack(bytes, .brotli, isCertain: true, into: &body)
    }

    /// Unpacks and goes on with what was in there.
    ///
    /// - Parameter isCertain: whether bytes that unpack in part only are taken for that format too.
    private mutating func unpack(_ bytes: [UInt8], _ format: Inflation.Format, isCertain: Bool, into body: inout DecodedBody) -> Bool {
        var result = Inflation.Result()
        do throws(BodyFault) {
            result = try inflation.unpack(bytes, format)
            // gzip files may stand one behind the other.
            while format == .gzip, result.isWhole, bytes[result.consumed...].starts(with: [0x1F, 0x8B, 0x08]) {
                try clock.check()
                let next = try inflation.unpack(bytes, in: result.consumed..<bytes.count, .gzip)
                result.bytes += next.bytes
                result.consumed += next.consumed
                result.isWhole = next.isWhole
                result.isCut = next.isCut
            }
        } catch {
            switch error {
            case .malformed(let what, _):
                guard isCertain else { return false }
                body.notes.append("looks like \(format.rawValue), but \(what): shown as bytes")
            case .refused(let note), .missing(let note): body.notes.append(note)
            case .full:
                body.notes.append(
                    "\(format.rawValue): unpacking took longer than \(limits.time.components.seconds) s (limit): shown as bytes")
            }
            body.formats.append(format.rawValue)
            return true
        }
        let isAll = result.isWhole && result.consumed == bytes.count
        guard isCertain || isAll || result.isCut else { return false }
        if result.isCut || !isAll { body.isReliable = false }
        body.formats.append(format.rawValue)
        if result.isCut {
            body.notes.append("only the first \(ByteSize.text(result.bytes.count)) were unpacked (limit)")
        } else if !result.isWhole {
            body.notes.append("the \(format.rawValue) stream ends too early or is damaged: what came before is shown")
        } else if !isAll {
            body.notes.append("\(bytes.count - result.consumed) bytes behind the \(format.rawValue) stream are not shown")
        }
        body.notes.append("unpacked from \(ByteSize.text(bytes.count)) to \(ByteSize.text(result.bytes.count))")
        decode(result.bytes, into: &body)
        return true
    }

    private mutating func archive(_ bytes: [UInt8], into body: inout DecodedBody) -> Bool {
        body.formats.append("ZIP")
        do throws(BodyFault) {
            let archive = try ZipArchive(bytes, limits: limits)
            if archive.entries.count == 1, let entry = archive.entries.first {
                body.notes.append("the archive holds one file, \(entry.name)")
                decode(try content(entry, bytes, &body), into: &body)
                return true
            }
            var builder = builder(.typed)
            try builder.open(.root, .object, type: "ZIP")
            for entry in archive.entries { try add(entry, bytes, &builder, &body) }
            builder.close()
            body.tree = builder.finished()
            if archive.count > archive.entries.count {
                body.isReliable = false
                body.notes.append("only the first \(archive.entries.count) of \(archive.count) files are shown (limit)")
            }
        } catch {
            if case .malformed(let problem) = attempt(&body, { () throws(BodyFault) in throw error }) {
                body.notes.append("a ZIP archive, but \(problem): shown as bytes")
            }
        }
        return true
    }

    /// A file's bytes; where they are cut, the body is told so.
    private mutating func content(
        _ entry: ZipArchive.Entry, _ bytes: [UInt8], _ body: inout DecodedBody
    ) throws(BodyFault) -> [UInt8] {
        if entry.isEncrypted { throw .missing("the file \(entry.name) is encrypted") }
        let result: Inflation.Result
        switch entry.method {
        case 0: result = try inflation.copy(bytes, in: entry.range)
        case 8:
            result = try inflation.unpack(bytes, in: entry.range, .deflate)
            guard result.isWhole || result.isCut else { throw .malformed("the file \(entry.name) is damaged", at: entry.range.lowerBound) }
        default: throw .missing("the file \(entry.name) is compressed by method \(entry.method), which is not read (0 and 8 are)")
        }
        if result.isCut {
            body.isReliable = false
            if body.notes.count < Self.mostNotes {
                body.notes.append("only the first \(ByteSize.text(result.bytes.count)) of the file \(entry.name) were unpacked (limit)")
            }
        }
        return result.bytes
    }

    /// Notes on the files of an archive.
    private static let mostNotes = 20

    private mutating func add(
        _ entry: ZipArchive.Entry, _ bytes: [UInt8], _ builder: inout BodyTreeBuilder, _ body: inout DecodedBody
    ) throws(BodyFault) {
        // Archives within archives, stored and not compressed, are bounded by nothing else.
        try clock.check()
        if entry.name.hasSuffix("/") { return }
        var inner = DecodedBody(declaration: .init(), bytes: [], sizeBytes: entry.size)
        do throws(BodyFault) {
            let content = try content(entry, bytes, &body)
            let outside = around
            around += body.formats.count
            decode(content, into: &inner)
            around = outside
            if let tree = inner.tree {
                try builder.graft(tree, as: .member(entry.name), type: inner.format)
            } else if let text = inner.text {
                try builder.leaf(.member(entry.name), .text(text), type: inner.format)
            } else {
                try builder.leaf(.member(entry.name), .bytes(content), type: inner.format)
            }
            if !inner.isReliable { body.isReliable = false }
            if body.notes.count < Self.mostNotes { body.notes += inner.notes.map { "\(entry.name): \($0)" }.prefix(3) }
        } catch {
            // What is too much for the whole ends it; what is wrong with one file does not.
            switch error {
            case .malformed(let what, _): try builder.leaf(.member(entry.name), .word("unreadable"), type: what)
            case .missing(let note): try builder.leaf(.member(entry.name), .word("unreadable"), type: note)
            case .refused, .full: throw error
            }
        }
    }

    // MARK: Formats with a mark

    mutating func marked(_ bytes: [UInt8], into body: inout DecodedBody) -> Bool {
        if bytes.starts(with: AvroBody.magic) { return avro(bytes, into: &body) }
        if bytes.starts(with: [0xC3, 0x01]), bytes.count >= 10 {
            body.formats.append("Avro")
            let fingerprint = bytes[2..<10].reversed().hexadecimal
            body.notes.append(
                "one Avro value (single-object encoding) of the schema with fingerprint \(fingerprint), which is not here: shown as bytes")
            return true
        }
        if bytes.starts(with: [0xD9, 0xD9, 0xF7]) {
            var builder = builder(.typed)
            let outcome = attempt(&body) { () throws(BodyFault) in try CBORBody.read(bytes, into: &builder) }
            if !outcome.isMalformed { return take(builder, outcome, "CBOR", into: &body) }
        }
        guard DotNetXMLBody.mayBe(bytes) else { return false }
        var builder = builder(.xml)
        var needsDictionary = false
        switch attempt(&body, { () throws(BodyFault) in needsDictionary = try DotNetXMLBody.read(bytes, into: &builder) }) {
        case .malformed: return false
        case .refused: return take(builder, .refused, ".NET XML", into: &body)
        case .read:
            if needsDictionary {
                body.isReliable = false
                body.notes.append("some names are numbers of a dictionary that is not in the body: shown as str and the number")
            }
            return dotNet(builder.finished(), into: &body)
        }
    }

    private func take(_ builder: BodyTreeBuilder, _ outcome: Outcome, _ format: String, into body: inout DecodedBody) -> Bool {
        var builder = builder
        body.formats.append(format)
        if case .refused = outcome { return true }
        if builder.count > 0 { body.tree = builder.finished() }
        return true
    }

    private mutating func avro(_ bytes: [UInt8], into body: inout DecodedBody) -> Bool {
        var builder = builder(.typed)
        var codec = "null"
        var inflation = inflation
        let clock = clock
        let outcome = attempt(&body) { () throws(BodyFault) in
            codec = try AvroBody.read(bytes, clock: clock, into: &builder) { (block) throws(BodyFault) in
                let result = try inflation.unpack(block, .deflate)
                guard result.isWhole else { throw .malformed("a block is damaged", at: result.consumed) }
                return result.bytes
            }
        }
        self.inflation = inflation
        if codec != "null" { body.notes.append("blocks compressed by \(codec)") }
        if case .malformed(let problem) = outcome {
            body.isReliable = false
            body.notes.append("an Avro file, but \(problem); what came before is shown")
        }
        return take(builder, outcome, "Avro", into: &body)
    }

    /// What .NET's serialiser wrapped: mostly one string or one array of bytes, which is what was meant.
    private mutating func dotNet(_ tree: BodyTree, into body: inout DecodedBody) -> Bool {
        let content = tree.children(of: 0).filter { if case .attribute = tree.nodes[$0].step { false } else { true } }
        let name = tree.nodes.first?.typeName
        let isAlone = content.count <= 1 && content.allSatisfy { tree.nodes[$0].step == .content }
        if isAlone, name == "string" || name == "base64Binary" {
            let value = content.first.map { tree.nodes[$0].value } ?? .text("")
            if case .bytes(let bytes) = value {
                body.formats.append(".NET bytes")
                decode(bytes, into: &body)
                return true
            }
            if name == "string", case .text(let text, _) = value {
                body.formats.append(".NET string")
                body.notes.append("a string in .NET's binary XML, as older SDKs send it; hex shows the envelope")
                show(text, named: nil, isWhole: true, into: &body)
                return true
            }
        }
        body.formats.append(".NET XML")
        body.notes.append("what .NET's DataContractSerializer made, in its binary XML")
        body.tree = tree
        return true
    }

    // MARK: Formats without a mark

    /// CBOR, MessagePack, Protobuf: what the sender says first; else what takes all bytes and makes the most sense.
    mutating func binary(_ bytes: [UInt8], into body: inout DecodedBody) -> Bool {
        if declared.isCBOR, cbor(bytes, isGuess: false, into: &body) != nil { return true }
        if declared.isMessagePack, messagePack(bytes, isGuess: false, into: &body) != nil { return true }
        if declared.isProtobuf, protobuf(bytes, isGuess: false, into: &body) { return true }
        if let id = declared.registryID {
            body.formats.append("Avro")
            body.notes.append("one Avro value of the schema with id \(id) in a schema registry, which is not asked: shown as bytes")
            return true
        }
        var (first, second) = (body, body)
        let scores = (cbor(bytes, isGuess: true, into: &first), messagePack(bytes, isGuess: true, into: &second))
        switch scores {
        case (let cbor?, let pack?): body = pack > cbor ? second : first
        case (.some, nil): body = first
        case (nil, .some): body = second
        case (nil, nil):
            guard protobuf(bytes, isGuess: true, into: &body) || deflateGuess(bytes, into: &body) else { return false }
            body.isReliable = false
            return true
        }
        body.isReliable = false
        body.notes.append("nothing says that it is \(body.formats.last ?? "that"), but every byte fits")
        return true
    }

    /// How much sense a tree makes: names and texts speak for it.
    private func score(_ tree: BodyTree) -> Int {
        tree.nodes.reduce(0) { sum, node in
            var worth = 0
            if case .member = node.step { worth += 2 }
            if case .key = node.step { worth -= 1 }
            if case .text(let text, _) = node.value, text.unicodeScalars.allSatisfy({ $0.value >= 0x20 }) { worth += 1 }
            if case .word(let word) = node.value, word.hasPrefix("simple") { worth -= 3 }
            return sum + worth
        }
    }

    private mutating func cbor(_ bytes: [UInt8], isGuess: Bool, into body: inout DecodedBody) -> Int? {
        // Only maps and arrays are worth a guess: any byte below 0x18 is a number.
        if isGuess, let first = bytes.first, !(0x80...0xBF).contains(first) { return nil }
        var builder = builder(.typed)
        let outcome = attempt(&body) { () throws(BodyFault) in try CBORBody.read(bytes, into: &builder) }
        return outcome.isMalformed ? nil : accept(builder, outcome, "CBOR", isGuess: isGuess, into: &body)
    }

    private mutating func messagePack(_ bytes: [UInt8], isGuess: Bool, into body: inout DecodedBody) -> Int? {
        if isGuess, let first = bytes.first, !(0x80...0x9F).contains(first), !(0xDC...0xDF).contains(first) { return nil }
        var builder = builder(.typed)
        let outcome = attempt(&body) { () throws(BodyFault) in try MessagePackBody.read(bytes, into: &builder) }
        return outcome.isMalformed ? nil : accept(builder, outcome, "MessagePack", isGuess: isGuess, into: &body)
    }

    private func accept(
        _ builder: BodyTreeBuilder, _ outcome: Outcome, _ format: String, isGuess: Bool, into body: inout DecodedBody
    ) -> Int? {
        var score = score(builder.tree)
        // So much nesting is no chance either.
        if case .refused = outcome { score = max(score, 1) }
        // An empty map is one byte, and numbers alone prove nothing.
        if isGuess, score <= 0 { return nil }
        _ = take(builder, outcome, format, into: &body)
        return score
    }

    private mutating func protobuf(_ bytes: [UInt8], isGuess: Bool, into body: inout DecodedBody) -> Bool {
        var name: String?
        var note: String?
        if let schema {
            if let declared = declared.messageType, schema.messages[declared] != nil {
                name = declared
            } else if let best = schema.bestType(for: bytes) {
                name = best
                note = "taken for \(best), which fits best of the \(schema.messages.count) messages in the descriptor set"
            }
        }
        guard ProtobufBody.isMessage(ByteReader(bytes), limits: limits) else { return false }
        var builder = builder(.typed)
        let schema = schema
        let outcome = attempt(&body) { () throws(BodyFault) in try ProtobufBody.read(bytes, as: name, schema: schema, into: &builder) }
        if outcome.isMalformed { return false }
        if isGuess, name == nil {
            // A few bytes of anything may pass for a message; text among its fields does not come about by chance.
            let texts = builder.tree.nodes.filter { if case .text(let text, _) = $0.value { text.utf8.count >= 3 } else { false } }
            guard !texts.isEmpty, bytes.count >= 6 else { return false }
            note = "nothing says that it is Protobuf, but every byte fits"
        }
        if name == nil { body.notes.append("Protobuf without a schema: field numbers and wire types, texts and messages by their looks") }
        if let note { body.notes.append(note) }
        return take(builder, outcome, "Protobuf", into: &body)
    }

    /// Raw deflate has no mark; a stream that ends with the last byte and holds text is one.
    private mutating func deflateGuess(_ bytes: [UInt8], into body: inout DecodedBody) -> Bool {
        guard bytes.count >= 8, let first = bytes.first, first & 0x06 != 0x06, first & 0x06 != 0 else { return false }
        var trial = inflation
        guard let result = try? trial.unpack(bytes, .deflate), result.isWhole, result.consumed == bytes.count, result.bytes.count >= 8,
            TextEncoding.plain(result.bytes.prefix(limits.windowBytes & ~3)) != nil
        else { return false }
        return unpack(bytes, .deflate, isCertain: true, into: &body)
    }
}
