import Testing

@testable import Terminal

@Suite("A surface")
struct SurfaceTests {
    let title = Role(rawValue: 2)
    let row = Role(rawValue: 3)

    @Test("text and roles are read back as grids") func textRolesReadBackGrids() {
        var surface = Surface(rows: 4, columns: 12)
        surface.border(surface.bounds, role: title)
        surface.put(row: 1, column: 2, "你好 e\u{301}", role: row)
        surface.put(row: 2, column: 1, "a\u{1B}b")
        #expect(
            surface.textGrid() == """
                ┌──────────┐
                │ 你好 e\u{301}   │
                │a^[b      │
                └──────────┘
                """)
        #expect(
            surface.roleGrid() == """
                aaaaaaaaaaaa
                a.bbbbbb...a
                a.!!.......a
                aaaaaaaaaaaa
                """)
    }

    @Test("text is clipped at the edge and at its width") func textClippedEdgeWidth() {
        var surface = Surface(rows: 1, columns: 8)
        #expect(surface.put(row: 0, column: 5, "abcdef") == 3)
        #expect(surface.put(row: 0, column: 0, "uvwxyz", maxWidth: 4) == 4)
        #expect(surface.line(0) == "uvwx abc")
    }

    @Test("a longer text may end in an ellipsis, one that fits does not") func longerTextMayEndEllipsis() {
        var surface = Surface(rows: 3, columns: 10)
        surface.put(row: 0, column: 0, "abcdef", maxWidth: 4, truncation: .ellipsis)
        surface.put(row: 1, column: 0, "abcd", maxWidth: 4, truncation: .ellipsis)
        surface.put(row: 2, column: 0, "a你好", maxWidth: 4, truncation: .ellipsis)
        #expect(surface.textGrid() == "abc…\nabcd\na你…")
    }

    @Test("text scrolls sideways by columns", arguments: 0...6) func textScrollsSidewaysByColumns(_ skip: Int) {
        var surface = Surface(rows: 1, columns: 10)
        surface.put(row: 0, column: 1, "a你b\u{7}c", skip: skip)
        let expected = [" a你b^Gc", " 你b^Gc", "  b^Gc", " b^Gc", " ^Gc", " Gc", " c"]
        #expect(surface.line(0) == expected[skip])
    }

    @Test("a wide character that does not fit leaves a blank") func wideCharacterDoesNotFit() {
        var surface = Surface(rows: 1, columns: 4)
        surface.put(row: 0, column: 0, "....")
        #expect(surface.put(row: 0, column: 0, "a你", role: row, maxWidth: 2) == 2)
        #expect(surface.line(0) == "a ..")
        #expect(surface.put(row: 0, column: 3, "你") == 1)
        #expect(surface.line(0) == "a .")
    }

    @Test("overwriting half of a wide character blanks the other half", arguments: [(0, "x 好"), (1, " x好"), (2, "你x"), (3, "你 x")])
    func overwritingHalfWideCharacterBlanks(_ column: Int, _ expected: String) {
        var surface = Surface(rows: 1, columns: 4)
        surface.put(row: 0, column: 0, "你好")
        surface.put(row: 0, column: column, "x")
        #expect(surface.line(0) == expected)
        #expect(isWhole(surface))
    }

    @Test("a wide character over two halves blanks both others") func wideCharacterOverTwoHalves() {
        var surface = Surface(rows: 1, columns: 4)
        surface.put(row: 0, column: 0, "你好")
        surface.put(row: 0, column: 1, "大")
        #expect(surface.line(0) == " 大")
        #expect(isWhole(surface))
    }

    @Test("painting changes roles and leaves text, and controls stay marked") func paintingChangesRolesLeavesText() {
        var surface = Surface(rows: 1, columns: 6)
        surface.put(row: 0, column: 0, "a\u{7}你")
        surface.paint(surface.bounds, role: row)
        #expect(surface.line(0) == "a^G你")
        #expect(surface.roleGrid() == "b!!bbb")
    }

    @Test("filling takes any rectangle") func fillingTakesAnyRectangle() {
        var surface = Surface(rows: 3, columns: 5)
        surface.fill(Rect(row: -5, column: 3, rows: 7, columns: .max), with: "#", role: title)
        surface.fill(Rect(row: 2, column: 0, rows: 1, columns: 2), with: "你")
        #expect(surface.textGrid() == "   ##\n   ##\n")
        surface.fill(surface.bounds)
        #expect(surface == Surface(rows: 3, columns: 5))
    }

    @Test("a border fits any size", arguments: [(1, 1, "─"), (1, 3, "───"), (3, 1, "│\n│\n│"), (2, 2, "┌┐\n└┘"), (3, 3, "┌─┐\n│ │\n└─┘")])
    func borderFitsAnySize(_ rows: Int, _ columns: Int, _ expected: String) {
        var surface = Surface(rows: rows, columns: columns)
        surface.border(surface.bounds)
        #expect(surface.textGrid() == expected)
    }

    @Test("drawing outside does nothing") func drawingOutsideDoesNothing() {
        var surface = Surface(rows: 2, columns: 2)
        for (row, column) in [(-1, 0), (2, 0), (0, -1), (0, 2), (.max, .max), (.min, .min)] {
            #expect(surface.put(row: row, column: column, "x") == 0)
            #expect(surface[row, column] == .blank())
        }
        #expect(surface.put(row: 0, column: 0, "x", maxWidth: -1) == 0)
        #expect(surface.put(row: 0, column: 0, "x", maxWidth: .min, skip: .min) == 0)
        #expect(surface.put(row: 0, column: 0, "x", skip: .max) == 0)
        #expect(surface == Surface(rows: 2, columns: 2))
    }

    @Test("sizes are bounded") func sizesBounded() {
        let small = Surface(rows: -3, columns: 0)
        #expect(small.rows == 1 && small.columns == 1)
        let large = Surface(rows: .max, columns: .max)
        #expect(large.rows == Surface.maximumRows && large.columns == Surface.maximumColumns)
    }

    @Test("random drawing at random sizes never splits a wide character") func randomDrawingRandomSizesNever() {
        var random = SystemRandomNumberGenerator()
        let texts = ["", "a", "你好", "x你y好z", "e\u{301}\u{302}", "\u{1B}[2J", "👨‍👩‍👧🇳🇱", "plain text that is rather long"]
        for round in 0..<500 {
            let rows = round == 0 ? 1 : Int.random(in: 1...12, using: &random)
            let columns = round == 0 ? 1 : Int.random(in: 1...30, using: &random)
            var surface = Surface(rows: rows, columns: columns)
            for _ in 0..<20 {
                let place = { (limit: Int) in Int.random(in: -2...(limit + 2), using: &random) }
                let rect = Rect(row: place(rows), column: place(columns), rows: place(rows), columns: place(columns))
                switch Int.random(in: 0..<6, using: &random) {
                case 0: surface.fill(rect, role: title)
                case 1: surface.border(rect)
                case 2: surface.paint(rect, role: row)
                default:
                    let width = place(columns)
                    let used = surface.put(
                        row: rect.row, column: rect.column, texts[Int.random(in: 0..<texts.count, using: &random)], maxWidth: width,
                        skip: place(4), truncation: Bool.random(using: &random) ? .clip : .ellipsis)
                    #expect(used <= max(width, 0))
                }
                #expect(isWhole(surface))
            }
        }
    }

    /// Whether each wide character is followed by its right half, and each right half follows one.
    private func isWhole(_ surface: Surface) -> Bool {
        (0..<surface.rows).allSatisfy { row in
            var expectsHalf = false
            for column in 0..<surface.columns {
                if (surface[row, column].width == 0) != expectsHalf { return false }
                expectsHalf = surface[row, column].width == 2
            }
            return !expectsHalf
        }
    }
}

@Suite("A cell")
struct CellTests {
    @Test("a cell keeps a base and four marks, a width and a role") func cellKeepsBaseFourMarks() {
        var cell = Cell(base: 0x10FFFD, width: 2, role: Role(rawValue: 255))
        for mark in [0x301, 0x1E8D6, 0x20D0, 0x10A0F] as [UInt32] {
            let hadRoom = cell.append(mark: mark)
            #expect(hadRoom)
        }
        let hadRoom = cell.append(mark: 0x302)
        #expect(!hadRoom)
        #expect(cell.scalars.map(\.value) == [0x10FFFD, 0x301, 0x1E8D6, 0x20D0, 0x10A0F])
        #expect(cell.width == 2 && cell.role.rawValue == 255)
        cell.role = .control
        #expect(cell.scalars.count == 5 && cell.width == 2 && cell.role == .control)
        #expect(MemoryLayout<Cell>.stride == 16)
    }
}

@Suite("Rectangles")
struct RectTests {
    @Test("splitting keeps every cell") func splittingKeepsEveryCell() {
        let rect = Rect(row: 2, column: 3, rows: 10, columns: 20)
        for count in [-1, 0, 4, 10, 20, 99] {
            let (top, below) = rect.splitTop(count)
            #expect(top.rows + below.rows == 10 && below.row == top.endRow && below.endRow == rect.endRow)
            let (above, bottom) = rect.splitBottom(count)
            #expect(above.rows + bottom.rows == 10 && bottom.rows == min(max(count, 0), 10))
            let (left, right) = rect.splitLeft(count)
            #expect(left.columns + right.columns == 20 && right.endColumn == rect.endColumn)
            let (rest, last) = rect.splitRight(count)
            #expect(rest.columns + last.columns == 20 && last.columns == min(max(count, 0), 20))
        }
    }

    @Test("rectangles that do not meet have an empty intersection") func rectanglesDoNotMeetHave() {
        let rect = Rect(row: 0, column: 0, rows: 2, columns: 2)
        #expect(rect.intersection(Rect(row: 1, column: 1, rows: 5, columns: 5)) == Rect(row: 1, column: 1, rows: 1, columns: 1))
        #expect(rect.intersection(Rect(row: 2, column: 0, rows: 5, columns: 5)).isEmpty)
        #expect(rect.inset().isEmpty && rect.inset(rows: .max, columns: .min).isEmpty)
    }

    @Test("no number overflows") func noNumberOverflows() {
        let rect = Rect(row: .max, column: .min, rows: .max, columns: .max)
        #expect(rect.endRow > rect.row && rect.endColumn > rect.column)
        #expect(!rect.contains(row: .min, column: .max))
    }
}
