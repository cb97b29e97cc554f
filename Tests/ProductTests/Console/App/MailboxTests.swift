import Testing

@testable import Console

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite struct MailboxTests {
    private func isReadable(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    @Test("messages come out in the order they went in, and the descriptor sleeps again")
    func order() {
        let mailbox = Mailbox<Int>()
        #expect(!isReadable(mailbox.wakeDescriptor))
        for number in 0..<1000 { mailbox.post(number) }
        #expect(isReadable(mailbox.wakeDescriptor))
        #expect(mailbox.drain() == Array(0..<1000))
        #expect(!isReadable(mailbox.wakeDescriptor))
        #expect(mailbox.isEmpty)
    }

    @Test("a burst is one byte in the pipe")
    func burst() {
        let mailbox = Mailbox<Int>()
        for number in 0..<100_000 { mailbox.post(number) }
        var waiting: Int32 = 0
        #expect(ioctl(mailbox.wakeDescriptor, UInt(FIONREAD), &waiting) == 0)
        #expect(waiting == 1)
    }

    @Test("nothing is lost between many posters and one reader")
    func concurrent() async {
        let mailbox = Mailbox<Int>()
        await withTaskGroup(of: Void.self) { group in
            for poster in 0..<8 { group.addTask { for number in 0..<500 { mailbox.post(poster * 500 + number) } } }
        }
        #expect(Set(mailbox.drain()).count == 4000)
    }
}
