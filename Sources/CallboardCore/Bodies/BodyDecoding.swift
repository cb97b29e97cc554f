/// One body on its way through its layers. Every step looks for one format and either takes the bytes or leaves them to the next.
struct BodyDecoding {
    let limits: BodyLimits
    let clock: BodyClock
    let schema: ProtobufSchema?
    let declared: DeclaredFormats
    var inflation: Inflation
    /// Formats around those of the body that is being decoded: those of the archive a file is in.
    var around = 0

    init(_ decoder: BodyDecoder, _ declaration: DecodedBody.Declaration, sourceBytes: Int) {
        limits = decoder.limits
        clock = BodyClock(decoder.limits.time)
        schema = decoder.schema
        declared = DeclaredFormats(declaration)
        inflation = Inflation(sourceBytes: sourceBytes, limits: decoder.limits, clock: clock)
    }

    /// Finds the format of bytes and decodes them, and what is within them.
    mutating func decode(_ bytes: [UInt8], into decoded: inout DecodedBody) {
        guard !bytes.isEmpty else { return decoded.formats.append("empty") }
        guard decoded.formats.count + around < limits.layers else {
            decoded.formats.append("binary")
            return decoded.notes.append("more than \(limits.layers) formats within each other (limit): the innermost is not decoded")
        }
        if compressed(bytes, into: &decoded) { return }
        if marked(bytes, into: &decoded) { return }
        if text(bytes, into: &decoded) { return }
        if binary(bytes, into: &decoded) { return }
        if westernText(bytes, into: &decoded) { return }
        decoded.formats.append("binary")
        if declared.isText {
            decoded.notes.append("the sender calls it \(decoded.declaration.contentType ?? "text"), but it is not valid UTF-8")
        }
    }

    func builder(_ style: BodyTree.Style) -> BodyTreeBuilder { BodyTreeBuilder(style, limits: limits, clock: clock) }

    /// What came of trying to read a format.
    enum Outcome {
        /// It was read, perhaps not to its end; what was cut is noted.
        case read
        /// It is of that format, but a limit refuses it or something is missing; that is noted.
        case refused
        /// It is not of that format, and why.
        case malformed(String)

        var isMalformed: Bool { if case .malformed = self { true } else { false } }
    }

    /// Tries to read something into a builder.
    func attempt(_ decoded: inout DecodedBody, _ read: () throws(BodyFault) -> Void) -> Outcome {
        do throws(BodyFault) {
            try read()
        } catch {
            switch error {
            case .malformed(let what, let offset): return .malformed("\(what) (byte \(offset))")
            case .refused(let note), .missing(let note):
                decoded.isReliable = false
                decoded.notes.append(note)
                return .refused
            case .full(let cut): note(cut, &decoded)
            }
        }
        return .read
    }

    func note(_ cut: BodyFault.Cut, _ decoded: inout DecodedBody) {
        decoded.isCut = limits.canWiden
        decoded.isReliable = false
        let text =
            switch cut {
            case .window: "only the first \(ByteSize.text(limits.windowBytes)) are laid out; hex shows everything"
            case .values: "only the first \(limits.values) values are laid out; hex shows everything"
            case .time: "laid out only as far as \(limits.time.components.seconds) s went (limit); hex shows everything"
            }
        if !decoded.notes.contains(text) { decoded.notes.append(text) }
    }

    // MARK: Text

    /// A piece of the start that is laid out, and whether that is all.
    private func window(_ bytes: [UInt8]) -> (bytes: ArraySlice<UInt8>, isWhole: Bool) {
        // A multiple of four: no character of UTF-16 or UTF-32 is cut in its middle.
        let window = bytes.prefix(max(limits.windowBytes & ~3, 4))
        return (window, window.count == bytes.count)
    }

    /// Decodes the window; where it is cut, the cut may go through a character.
    private func decoded<Text>(_ window: (bytes: ArraySlice<UInt8>, isWhole: Bool), _ decode: (ArraySlice<UInt8>) -> Text?) -> Text? {
        for cut in 0..<(window.isWhole ? 1 : 4) {
            if let text = decode(window.bytes.dropLast(cut)) { return text }
        }
        return nil
    }

    private mutating func text(_ bytes: [UInt8], into body: inout DecodedBody) -> Bool {
        let window = window(bytes)
        // Its escapes are ASCII, so it would pass for that.
        if let charset = declared.charset, charset.hasPrefix("iso-2022"),
            let text = decoded(window, { TextEncoding.decode($0, declared: charset) })
        {
            show(text, named: charset.uppercased(), isWhole: window.isWhole, into: &body)
            return true
        }
        if let text = decoded(window, { TextEncoding.marked($0) }) {
            show(text.text, named: text.name, isWhole: window.isWhole, into: &body)
            return true
        }
        if let text = decoded(window, { TextEncoding.plain($0) }) {
            show(text, named: nil, isWhole: window.isWhole, into: &body)
            return true
        }
        if let text = decoded(window, { TextEncoding.unmarked($0) }) {
            show(text.text, named: text.name, isWhole: window.isWhole, into: &body)
            return true
        }
        for charset in [XMLBody.declaredEncoding(bytes), declared.charset].compactMap(\.self) {
            if let text = decoded(window, { TextEncoding.decode($0, declared: charset) }) {
                show(text, named: charset.uppercased(), isWhole: window.isWhole, into: &body)
                return true
            }
        }
        return false
    }

    private mutating func westernText(_ bytes: [UInt8], into body: inout DecodedBody) -> Bool {
        let window = window(bytes)
        guard let text = TextEncoding.western(window.bytes) else { return false }
        body.isReliable = false
        show(text.text, named: text.name, isWhole: window.isWhole, into: &body)
        return true
    }

    /// Shows text, and its structure where it has one.
    mutating func show(_ text: String, named encoding: String?, isWhole: Bool, into body: inout DecodedBody) {
        if let encoding { body.formats.append(encoding) }
        var (text, isWhole) = (text, isWhole)
        var utf8 = Array(text.utf8.prefix(limits.windowBytes))
        if utf8.count < text.utf8.count {
            // Not through a character.
            while let last = utf8.last, last & 0xC0 == 0x80 { utf8.removeLast() }
            if let last = utf8.last, last >= 0xC0 { utf8.removeLast() }
            text = String(decoding: utf8, as: UTF8.self)
            isWhole = false
        }
        body.text = text
        if !isWhole { note(.window, &body) }
        let first = utf8.first { $0 > 0x20 }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            var builder = builder(.json)
            switch attempt(&body, { () throws(BodyFault) in try JSONBody.read(utf8, isWhole: isWhole, into: &builder) }) {
            case .read:
                body.tree = builder.finished()
                return body.formats.append(body.tree?.nodes.first?.typeName == "JSON lines" ? "JSON lines" : "JSON")
            case .refused: break
            case .malformed(let problem): body.notes.append("not JSON: \(problem)")
            }
        } else if first == UInt8(ascii: "<") {
            var builder = builder(.xml)
            switch attempt(&body, { () throws(BodyFault) in try XMLBody.read(utf8, isWhole: isWhole, into: &builder) }) {
            case .read where builder.count > 0:
                body.tree = builder.finished()
                return body.formats.append("XML")
            case .malformed(let problem) where declared.isXML: body.notes.append("not XML: \(problem)")
            default: break
            }
        }
        body.formats.append("text")
    }
}

/// What the sender's words say about the format.
struct DeclaredFormats {
    /// The content type and encoding in lower case.
    private let type: String
    private let encoding: String
    /// The charset of the content type.
    let charset: String?
    /// The message type that the content type names, as senders of Protobuf write it.
    let messageType: String?

    init(_ declaration: DecodedBody.Declaration) {
        let parts = (declaration.contentType ?? "").split(separator: ";")
        type = parts.first.map { DeclaredFormats.trimmed($0).lowercased() } ?? ""
        encoding = (declaration.contentEncoding ?? "").lowercased()
        var parameters: [String: String] = [:]
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else { continue }
            let value = DeclaredFormats.trimmed(part[part.index(after: equals)...])
            parameters[DeclaredFormats.trimmed(part[..<equals]).lowercased()] = value
        }
        charset = parameters["charset"]?.lowercased()
        messageType = (parameters["messagetype"] ?? parameters["proto"] ?? parameters["type"]).map { String($0.drop { $0 == "." }) }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first.isWhitespace || first == "\"" { text.removeFirst() }
        while let last = text.last, last.isWhitespace || last == "\"" { text.removeLast() }
        return String(text)
    }

    private func says(_ word: String) -> Bool { type.contains(word) || encoding.contains(word) }

    var isJSON: Bool { type.hasSuffix("json") }
    var isXML: Bool { type.hasSuffix("xml") }
    var isText: Bool { isJSON || isXML || type.hasPrefix("text/") }
    var isCBOR: Bool { says("cbor") }
    var isMessagePack: Bool { says("msgpack") || says("messagepack") }
    var isProtobuf: Bool { says("protobuf") || type.hasSuffix("/proto") || type.hasSuffix("+proto") }
    var isAvro: Bool { says("avro") }
    var isDeflate: Bool { says("deflate") || says("zlib") }
    var isBrotli: Bool { says("brotli") || encoding == "br" }

    /// The id of a schema in a registry, as the Azure SDKs put it behind `avro/binary+`.
    var registryID: String? {
        guard isAvro, let plus = type.firstIndex(of: "+") else { return nil }
        let id = type[type.index(after: plus)...]
        return id.isEmpty ? nil : String(id)
    }
}
