extension StringProtocol where SubSequence == Substring {
    /// Where `needle` first occurs. (The standard library's own search would bring the regular expression engine along.)
    func firstRange(of needle: String) -> Range<Index>? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(needle) { return index..<self.index(index, offsetBy: needle.count) }
            formIndex(after: &index)
        }
        return nil
    }
}
