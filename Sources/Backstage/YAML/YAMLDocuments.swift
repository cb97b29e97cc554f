internal import Yams

/// Reads the documents of a YAML file one by one, so that a broken one does not take the others with it.
///
/// The file is first cut at its `---` and `...` lines. That is exact: such a line at the left margin always separates documents, even
/// inside block scalars and quotes (YAML 1.2.2, section 9.1.2).
package struct YAMLDocuments: Sequence, IteratorProtocol {
    /// A document or the reason there is none.
    package typealias Element = Result<YAMLNode, YAMLFault>

    private let limits: YAMLLimits
    private var pieces: [DocumentPiece]
    private var next_ = 0
    private var pending: [YAMLFault] = []

    /// Prepares to read a file's bytes.
    package init(_ bytes: [UInt8], limits: YAMLLimits = .standard) {
        self.limits = limits
        pieces = []
        guard bytes.count <= limits.fileBytes else {
            pending = [YAMLFault(line: 1, message: "the file has \(bytes.count) bytes; at most \(limits.fileBytes) are read")]
            return
        }
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
            pending = [YAMLFault(line: 1, message: "the file is UTF-16; save it as UTF-8")]
            return
        }
        let text = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
        if let line = Self.lineOfInvalidUTF8(text) {
            pending = [YAMLFault(line: line, message: "the file is not valid UTF-8")]
            return
        }
        pieces = DocumentPiece.cut(text)
        if pieces.count > limits.documents {
            let line = pieces[limits.documents].line
            pending = [YAMLFault(line: line, message: "the file has \(pieces.count) documents; at most \(limits.documents) are read")]
            pieces.removeLast(pieces.count - limits.documents)
        }
    }

    /// The next document; nil at the end of the file.
    package mutating func next() -> Element? {
        if next_ < pieces.count {
            defer { next_ += 1 }
            return read(pieces[next_])
        }
        return pending.isEmpty ? nil : .failure(pending.removeFirst())
    }

    private func read(_ piece: DocumentPiece) -> Element {
        guard piece.bytes.count <= limits.documentBytes else {
            return .failure(
                YAMLFault(
                    line: piece.line,
                    message: "the document has \(piece.bytes.count) bytes; at most \(limits.documentBytes) are read"))
        }
        if let line = NestingGuard.lineOfExcess(piece.bytes) {
            return .failure(YAMLFault(line: piece.firstLine + line, message: "values are nested too deeply; the document is refused"))
        }
        if let line = AliasGuard.lineOfUnsafeAlias(piece.bytes) {
            return .failure(
                YAMLFault(
                    line: piece.firstLine + line,
                    message: "an alias (*name) may only be a whole value, `key: *name` or `- *name`: elsewhere it is refused"))
        }
        do {
            // The basic resolver leaves scalars alone: the standard one runs regular expressions over every key.
            let parser = try Parser(
                yaml: String(decoding: piece.bytes, as: UTF8.self), resolver: .basic, constructor: Constructor([:], [:], [:]),
                encoding: .utf8)
            guard let root = try parser.singleRoot() else {
                return .failure(YAMLFault(line: piece.line, message: "the document is empty"))
            }
            var converter = NodeConverter(limits: limits, firstLine: piece.firstLine)
            return .success(try converter.convert(root, depth: 0))
        } catch let fault as YAMLFault {
            return .failure(fault)
        } catch let error as YamlError {
            return .failure(Self.fault(error, piece))
        } catch {
            return .failure(YAMLFault(line: piece.line, message: "the document cannot be read"))
        }
    }

    private static func fault(_ error: YamlError, _ piece: DocumentPiece) -> YAMLFault {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let about = context.map { "\($0.text): " } ?? ""
            return YAMLFault(line: piece.firstLine + Swift.max(0, mark.line - 1), message: "not valid YAML: \(about)\(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.map { "'\($0)'" }.joined(separator: ", ")
            return YAMLFault(line: piece.firstLine + Swift.max(0, context.mark.line - 1), message: "the key \(names) occurs twice")
        case .reader(let problem, _, _, _):
            return YAMLFault(line: piece.line, message: "not valid YAML: \(problem)")
        case .memory:
            return YAMLFault(line: piece.line, message: "the document is nested too deeply to be read")
        default:
            return YAMLFault(line: piece.line, message: "the document cannot be read")
        }
    }

    private static func lineOfInvalidUTF8(_ bytes: ArraySlice<UInt8>) -> Int? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        guard String(validating: bytes, as: UTF8.self) == nil else { return nil }
        var line = 1
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue("\n"): line += 1
            case .scalarValue: continue
            case .emptyInput: return line
            case .error: return line
            }
        }
    }
}
