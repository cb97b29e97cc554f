/// A word of the language with its place.
struct FilterToken: Hashable {
    enum Kind: Hashable {
        /// A name that is no keyword.
        case name(String)
        /// A name in brackets or double quotation marks.
        case delimitedName(String)
        /// A word with a meaning of its own.
        case keyword(Keyword)
        /// A string in single quotation marks.
        case text(String)
        /// Digits; what does not fit a signed number may still follow a minus.
        case integer(UInt64)
        /// A number with a point or an exponent.
        case double(Double)
        /// `@name`.
        case parameter(String)
        /// An operator or a punctuation mark.
        case symbol(Symbol)
        /// Where the text ends.
        case end
    }

    /// The reserved words.
    enum Keyword: String, Hashable, CaseIterable {
        case and = "AND"
        case or = "OR"
        case not = "NOT"
        case `in` = "IN"
        case like = "LIKE"
        case escape = "ESCAPE"
        case `is` = "IS"
        case null = "NULL"
        case exists = "EXISTS"
        case `true` = "TRUE"
        case `false` = "FALSE"
        case set = "SET"
        case remove = "REMOVE"

        /// The word of a spelling in any case.
        init?(spelling: String) {
            // Longer names cannot be keywords and need not be folded.
            guard spelling.utf8.count <= 6, let keyword = Self(rawValue: spelling.uppercased()) else { return nil }
            self = keyword
        }
    }

    enum Symbol: String, Hashable {
        case equal = "="
        case notEqual = "<>"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case plus = "+"
        case minus = "-"
        case times = "*"
        case divided = "/"
        case remainder = "%"
        case dot = "."
        case comma = ","
        case semicolon = ";"
        case open = "("
        case close = ")"
    }

    let kind: Kind
    let range: SourceRange
}
