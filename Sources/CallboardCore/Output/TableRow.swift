internal import ServiceBus

/// One line of a table as its record writes it: the texts of its cells, made safe for a terminal.
public struct TableRow: Sendable {
    private struct Cell {
        /// One past its last byte.
        var end: Int
        /// The columns it takes.
        var width: Int
    }

    private var text = ByteSink()
    private var cells: [Cell] = []

    /// The columns that each cell takes.
    var widths: some Sequence<Int> { cells.lazy.map(\.width) }

    /// Writes the next cell. The text may be hostile.
    public mutating func cell(_ text: String) {
        let visible = VisibleText.of(text)
        self.text.append(visible)
        end(width: VisibleText.width(visible))
    }

    /// Writes the next cell: a whole number.
    mutating func cell(_ value: Int64) {
        let start = text.count
        text.append(decimal: value)
        end(width: text.count - start)
    }

    /// Writes the next cell: a moment, or a dash.
    mutating func cell(_ time: Timestamp?) {
        guard let time else { return cell("–") }
        let start = text.count
        text.append(time)
        end(width: text.count - start)
    }

    /// Writes the next cell: a field of a message as text, or a dash.
    mutating func cell(_ field: borrowing FieldValue) {
        guard let utf8 = field.utf8 else { return cell(field.text ?? "–") }
        utf8.withUnsafeBytes { raw in
            let bytes = raw.bindMemory(to: UInt8.self)
            guard bytes.allSatisfy({ (0x20...0x7e).contains($0) }) else { return cell(String(decoding: bytes, as: UTF8.self)) }
            text.append(bytes)
            end(width: bytes.count)
        }
    }

    private mutating func end(width: Int) { cells.append(Cell(end: text.count, width: width)) }

    mutating func removeAll() {
        text.removeAll()
        cells.removeAll(keepingCapacity: true)
    }

    /// Writes the row as a line: cells padded to the widths of their columns, the last one not.
    func write(to output: inout ByteSink, _ columns: [OutputColumn], widths: [Int]) {
        text.withBytes { bytes in
            var start = 0
            // Spaces are written when something follows them: no line ends in any.
            var spaces = 0
            for (index, cell) in cells.enumerated() where index < widths.count && index < columns.count {
                if index > 0 { spaces += 2 }
                let padding = max(0, widths[index] - cell.width)
                if columns[index].isNumeric { spaces += padding }
                if cell.end > start {
                    output.append(UInt8(ascii: " "), count: spaces)
                    output.append(UnsafeBufferPointer(rebasing: bytes[start..<cell.end]))
                    spaces = 0
                }
                if !columns[index].isNumeric { spaces += padding }
                start = cell.end
            }
        }
        output.append(UInt8(ascii: "\n"))
    }
}
