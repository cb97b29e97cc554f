/// Words as a POSIX shell reads them, for command lines that a person copies.
enum ShellWord {
    private static let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/:@,+=".unicodeScalars)

    /// A command line of these words. What others named is one word whatever is in it, and holds no control characters.
    static func line(_ words: [String]) -> String { words.map { quoted($0) }.joined(separator: " ") }

    /// A word by itself: as it is where a shell takes it so, else in single quotes.
    static func quoted(_ word: String) -> String {
        let text = VisibleText.of(word)
        guard text.isEmpty || !text.unicodeScalars.allSatisfy({ plain.contains($0) }) else { return text }
        return "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
