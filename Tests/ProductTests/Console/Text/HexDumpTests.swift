import Testing

@testable import Console

@Suite struct HexDumpTests {
    @Test("rows get shorter on narrow screens", arguments: [(80, 16), (77, 16), (76, 8), (44, 8), (43, 4), (1, 4)])
    func widths(_ width: Int, _ bytes: Int) { #expect(HexDump.bytesPerRow(width: width) == bytes) }

    @Test("a row fits the width it was made for", arguments: [77, 44, 30])
    func fits(_ width: Int) { #expect(HexDump.row(0, of: Array(0...255), width: width).columns <= width) }

    @Test("the last row is as short as it is, and its characters stay in their column")
    func lastRow() {
        #expect(HexDump.rows(bytes: 17, width: 80) == 2)
        #expect(HexDump.rows(bytes: 16, width: 80) == 1)
        #expect(HexDump.rows(bytes: 0, width: 80) == 0)
        let first = HexDump.row(0, of: Array("0123456789abcdefg".utf8), width: 80).text
        let last = HexDump.row(1, of: Array("0123456789abcdefg".utf8), width: 80).text
        #expect(last.hasPrefix("00000010  67"))
        #expect(first.utf8.count - 16 == last.utf8.count - 1)
    }

    @Test("a row that is not there is empty of bytes")
    func outside() { #expect(HexDump.row(99, of: [1, 2], width: 80).last?.text == "") }
}
