/// The part of a file between two document markers.
struct DocumentPiece {
    /// The bytes, markers and leading directives included.
    var bytes: ArraySlice<UInt8>
    /// The line its bytes start on, counted from 1.
    var firstLine: Int
    /// The line of its first content, counted from 1.
    var line: Int

    /// Cuts a file into its documents; parts that hold only blanks, comments and markers are left out.
    static func cut(_ bytes: ArraySlice<UInt8>) -> [DocumentPiece] {
        var pieces: [DocumentPiece] = []
        var start = bytes.startIndex
        var startLine = 1
        var contentLine: Int?
        var number = 0
        var index = bytes.startIndex

        func close(at end: Int) {
            guard let contentLine else { return }
            pieces.append(DocumentPiece(bytes: bytes[start..<end], firstLine: startLine, line: contentLine))
        }

        while index < bytes.endIndex {
            number += 1
            let lineStart = index
            var end = index
            while end < bytes.endIndex, bytes[end] != UInt8(ascii: "\n"), bytes[end] != UInt8(ascii: "\r") { end += 1 }
            let line = bytes[lineStart..<end]
            index = end
            if index < bytes.endIndex {
                let isPair = bytes[index] == UInt8(ascii: "\r") && index + 1 < bytes.endIndex && bytes[index + 1] == UInt8(ascii: "\n")
                index += isPair ? 2 : 1
            }
            switch Marker(line) {
            case .start(let hasContent):
                if contentLine != nil {
                    close(at: lineStart)
                    (start, startLine) = (lineStart, number)
                }
                contentLine = hasContent ? number : nil
            case .end:
                close(at: index)
                (start, startLine, contentLine) = (index, number + 1, nil)
            case .directive where contentLine == nil: continue
            case .blank: continue
            case .directive, .content: contentLine = contentLine ?? number
            }
        }
        close(at: bytes.endIndex)
        return pieces
    }

    private enum Marker {
        case start(hasContent: Bool)
        case end
        case directive
        case blank
        case content

        init(_ line: ArraySlice<UInt8>) {
            func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
            if line.count >= 3, line.dropFirst(3).first.map(isBlank) ?? true {
                if line.starts(with: "---".utf8) {
                    let rest = line.dropFirst(3).drop(while: isBlank)
                    self = .start(hasContent: !rest.isEmpty && rest.first != UInt8(ascii: "#"))
                    return
                }
                if line.starts(with: "...".utf8) {
                    self = .end
                    return
                }
            }
            let rest = line.drop(while: isBlank)
            if rest.isEmpty || rest.first == UInt8(ascii: "#") {
                self = .blank
            } else {
                self = line.first == UInt8(ascii: "%") ? .directive : .content
            }
        }
    }
}
