/// Refuses documents that are nested so deeply that the YAML parser, which goes down by recursion, could run out of stack.
///
/// It measures without parsing and therefore too much rather than too little: brackets in quotes and block scalars count as well. Both
/// bounds lie far above ``YAMLLimits/depth``, so that only what would be refused anyway is refused here, text of hundreds of unmatched
/// brackets excepted.
enum NestingGuard {
    /// The most brackets and braces open at one time.
    static let openBrackets = 400
    /// The most levels of indentation, dashes of compact lists included.
    static let indentations = 220

    /// The line (counted from 0) where a document is nested too deeply; nil when it is not.
    static func lineOfExcess(_ bytes: ArraySlice<UInt8>) -> Int? {
        var open = 0
        var number = 0
        // The columns of the lines that enclose the present one.
        var enclosing: [Int] = []
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let (column, indicators) = indentation(of: line)
            if let column {
                while let last = enclosing.last, last >= column { enclosing.removeLast() }
                enclosing.append(column)
            }
            guard enclosing.count + indicators <= indentations else { return number }
            for byte in line {
                switch byte {
                case UInt8(ascii: "["), UInt8(ascii: "{"): open += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"): open = max(0, open - 1)
                default: continue
                }
                guard open <= openBrackets else { return number }
            }
            number += 1
        }
        return nil
    }

    /// The column where a line's content begins, its list and key indicators not counted; nil for a blank line.
    private static func indentation(of line: ArraySlice<UInt8>) -> (column: Int?, indicators: Int) {
        var indicators = 0
        var index = line.startIndex
        func isBlank(_ index: Int) -> Bool { index >= line.endIndex || " \t\r".utf8.contains(line[index]) }
        while index < line.endIndex {
            if "-?:".utf8.contains(line[index]), isBlank(index + 1) {
                indicators += 1
            } else if !isBlank(index) {
                return (index - line.startIndex - indicators, indicators)
            }
            index += 1
        }
        return (indicators > 0 ? line.count - indicators : nil, indicators)
    }
}
