import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Both ends of a terminal that nobody looks at.
final class PseudoTerminal {
    /// Where a program is attached.
    let slave: Int32
    private let screen: Screen

    /// Makes one, or nil if the system has none left.
    init?(rows: Int, columns: Int) {
        #if canImport(Glibc)
            // posix_openpt and its relatives are hidden from Swift behind a feature macro.
            let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
            var unlock: Int32 = 0
            var number: UInt32 = 0
            guard master >= 0, ioctl(master, 0x4004_5431, &unlock) == 0, ioctl(master, 0x8004_5430, &number) == 0 else { return nil }
            let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        #else
            let master = posix_openpt(O_RDWR | O_NOCTTY)
            guard master >= 0, grantpt(master) == 0, unlockpt(master) == 0, let name = ptsname(master) else { return nil }
            let slave = open(name, O_RDWR | O_NOCTTY)
        #endif
        guard slave >= 0, let screen = Screen(master: master) else { return nil }
        self.slave = slave
        self.screen = screen
        resize(rows: rows, columns: columns)
    }

    deinit {
        hangUp()
        close(slave)
    }

    /// The person leaves.
    func hangUp() {
        screen.stop()
    }

    /// Gives it another size; as nobody is attached to it as a session, no signal is sent.
    func resize(rows: Int, columns: Int) {
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(slave, UInt(TIOCSWINSZ), &size)
    }

    /// The modes that a program changes while it has the terminal.
    var modes: [UInt32] {
        var modes = termios()
        tcgetattr(slave, &modes)
        return [UInt32(modes.c_iflag), UInt32(modes.c_oflag), UInt32(modes.c_lflag)]
    }

    /// Types.
    func type(_ bytes: [UInt8]) {
        _ = write(screen.master, bytes, bytes.count)
    }

    /// Takes what was sent to the terminal up to a marker, which must come within ten seconds. The kernel delivers in order, so there is no
    /// need to wait for silence.
    func output(upTo marker: UInt8) -> [UInt8] {
        screen.take(upTo: marker)
    }

    /// Reads all the time, as a terminal does: a program that writes more than the kernel keeps would wait for ever.
    private final class Screen: Sendable {
        let master: Int32
        private let wake: (read: Int32, write: Int32)
        private let arrived: (read: Int32, write: Int32)
        private let bytes = Mutex<[UInt8]>([])
        private let isStopped = Mutex(false)

        init?(master: Int32) {
            guard let wake = Screen.pipe(), let arrived = Screen.pipe() else { return nil }
            self.master = master
            self.wake = wake
            self.arrived = arrived
            #if canImport(Glibc)
                var thread = pthread_t()
            #else
                var thread: pthread_t?
            #endif
            let context = Unmanaged.passRetained(self)
            // A signal sent to the process may be handled by any thread; a handler that waits for output must not run on the one that reads
            // it. A thread begins with the signals its maker blocks: blocked only by itself, they could come to it before its first line.
            var everything = sigset_t()
            var before = sigset_t()
            sigfillset(&everything)
            pthread_sigmask(SIG_BLOCK, &everything, &before)
            let error = pthread_create(&thread, nil, { Screen.run($0) }, context.toOpaque())
            pthread_sigmask(SIG_SETMASK, &before, nil)
            guard error == 0 else {
                context.release()
                return nil
            }
        }

        deinit {
            for end in [wake.read, wake.write, arrived.read, arrived.write] { close(end) }
        }

        func stop() {
            let wasStopped = isStopped.withLock { stopped in
                defer { stopped = true }
                return stopped
            }
            guard !wasStopped else { return }
            _ = write(wake.write, "x", 1)
            // The reader closes the terminal; it is gone when the other side of this pipe says so.
            while !bytes.withLock({ $0.last == 0xFF }) { waitForMore() }
        }

        func take(upTo marker: UInt8) -> [UInt8] {
            while true {
                let found: [UInt8]? = bytes.withLock { bytes in
                    guard let end = bytes.firstIndex(of: marker) else { return nil }
                    defer { bytes.removeSubrange(...end) }
                    return Array(bytes[..<end])
                }
                if let found { return found }
                guard waitForMore() else { return [] }
            }
        }

        @discardableResult
        private func waitForMore() -> Bool {
            var item = pollfd(fd: arrived.read, events: Int16(POLLIN), revents: 0)
            var ready: Int32
            repeat { ready = poll(&item, 1, 10_000) } while ready < 0 && errno == EINTR
            guard ready > 0 else { return false }
            var byte: UInt8 = 0
            return read(arrived.read, &byte, 1) == 1
        }

        private func run() {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                var items = [
                    pollfd(fd: master, events: Int16(POLLIN), revents: 0), pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
                ]
                guard poll(&items, 2, -1) > 0 else { continue }
                if items[1].revents != 0 { break }
                let count = read(master, &buffer, buffer.count)
                if count <= 0 { break }
                bytes.withLock { $0 += buffer[..<count] }
                _ = write(arrived.write, "x", 1)
            }
            close(master)
            // Not a byte of UTF-8: the mark of the end.
            bytes.withLock { $0.append(0xFF) }
            _ = write(arrived.write, "x", 1)
        }

        private static func run(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
            if let context { Unmanaged<Screen>.fromOpaque(context).takeRetainedValue().run() }
            return nil
        }

        private static func pipe() -> (read: Int32, write: Int32)? {
            var ends: [Int32] = [0, 0]
            #if canImport(Glibc)
                return Glibc.pipe(&ends) == 0 ? (ends[0], ends[1]) : nil
            #else
                return Darwin.pipe(&ends) == 0 ? (ends[0], ends[1]) : nil
            #endif
        }
    }
}
