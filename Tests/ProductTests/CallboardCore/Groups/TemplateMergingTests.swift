import Testing

@testable import CallboardCore

@Suite("Merging templates")
struct TemplateMergingTests {
    private func merged(_ templates: [(String, Int)]) -> [String] {
        let merging = TemplateMerging(templates.map { .init(template: Array($0.0.utf8)[...], count: $0.1) })
        #expect(merging.places.count == templates.count)
        return merging.merged.map { String(decoding: $0, as: UTF8.self) }
    }

    private static let names = ["Osei", "Moreau", "Ferrari", "Haddad", "Lindqvist", "Nowak", "Tanaka", "Oduya", "Berg", "Costa"]

    @Test("a word that takes many values, each seldom, is variable")
    func names() {
        let found = merged(Self.names.map { ("customer \($0) has no address", 2) } + [("the database is down", 900)])
        #expect(found == ["customer {} has no address", "the database is down"])
    }

    @Test("two such words are found one after the other")
    func twoWords() {
        let found = merged(Self.names.flatMap { first in Self.names.map { ("\(first) may not see \($0) here", 1) } })
        #expect(found == ["{} may not see {} here"])
    }

    @Test("a few causes that differ in a word stay apart, and so do many that are each frequent")
    func causes() {
        #expect(merged([("cannot reach pay now", 40), ("cannot reach stock now", 9), ("cannot reach mail now", 1)]).count == 3)
        #expect(merged(Self.names.prefix(7).map { ("cannot reach \($0) now", 5000) }).count == 7)
    }

    @Test("very many values are variable however frequent they are")
    func many() {
        #expect(merged((0..<12).map { ("cannot reach host\(Self.letters($0)) now", 5000) }) == ["cannot reach {} now"])
    }

    @Test("in a long text three values are enough, in a short one they are causes")
    func longTexts() {
        let tables = ["OrderLines", "Reservations", "Payments"]
        #expect(
            merged(tables.map { ("SqlException: deadlock on \($0), victim {} at OrderStore.Save in OrderStore.cs:line {}", 468) })
                == ["SqlException: deadlock on {} victim {} at OrderStore.Save in OrderStore.cs:line {}"])
        #expect(merged(tables.map { ("deadlock on \($0)", 468) }).count == 3)
    }

    @Test("what was written with the placeholder, or becomes equal by it, is one with what was merged")
    func equalTexts() {
        #expect(
            merged([("customer {} has no address", 5)] + Self.names.map { ("customer \($0) has no address", 1) }) == [
                "customer {} has no address"
            ])
        let twice = Self.names.flatMap { name in [("\(name) may not see it", 1), ("nobody may see \(name) now", 1)] }
        #expect(merged(twice).sorted() == ["nobody may see {} now", "{} may not see it"])
    }

    @Test("thousands of texts that have nothing in common stay what they are")
    func unrelated() {
        let texts = (0..<3000).map { "\(Self.letters($0 * 7919)) \(Self.letters($0 * 104_729)) \(Self.letters($0 * 15_485_863))" }
        let distinct = Array(Set(texts))
        #expect(merged(distinct.map { ($0, 1) }).count == distinct.count)
    }

    @Test("texts of one or two words are not merged: nothing would be left of them")
    func short() { #expect(merged(Self.names.map { ("failed \($0)", 1) }).count == Self.names.count) }

    private static func letters(_ number: Int) -> String {
        String(number, radix: 26).unicodeScalars.reduce(into: "") {
            $0 += $1.value < 58 ? ["q", "r", "s", "t", "u", "v", "w", "x", "y", "z"][Int($1.value) - 48] : String($1)
        }
    }
}
