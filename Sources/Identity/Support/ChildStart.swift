#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// How another program is started (`posix_spawn`): with none of this process's open files but those that it is given, and no signal held back.
///
/// What is not said it has as this process has it: terminal, folder, standard input and output.
package struct ChildStart: Sendable {
    /// The program: a path, or a name that is looked for in `PATH`.
    package var program: String
    /// Its arguments, its own name first. A zero byte ends one early: the system knows no other end.
    package var arguments: [String]
    /// Its variables, `NAME=value` each.
    package var variables: [String] = []
    /// A variable more, with a zero byte behind it: the one copy that the system reads is this one's own storage, which is overwritten in the end.
    package var secretVariable: Secret?
    /// Open files of ours in place of its first three: standard input, output and errors; nil for ours.
    package var standard: [Int32?] = [nil, nil, nil]
    /// Signals that do to it what they usually do, whatever this process does with them. What whoever started this process has it ignore, as nohup does, it
    /// ignores as well, unless it is one of these.
    package var usualSignals: [Int32] = [SIGPIPE]
    /// Whether it begins a process group, so that it can be ended with all that it starts.
    package var isOwnGroup = false
    /// Where it begins. Only on Darwin: the C library of Linux has a function for that, and shows it to GNU C alone.
    package var folder: String?

    package init(_ program: String, _ arguments: [String]) {
        self.program = program
        self.arguments = arguments
    }

    /// Starts it.
    /// - Returns: its process id, and what is wrong as a number of the system's; 0 for nothing.
    package func start() -> (pid: Int32, error: Int32) {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (theirs, ours) in standard.prefix(3).enumerated() {
            if let ours { posix_spawn_file_actions_adddup2(&actions, ours, Int32(theirs)) }
        }
        var flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        #if canImport(Darwin)
            for (theirs, ours) in standard.prefix(3).enumerated() where ours == nil {
                posix_spawn_file_actions_addinherit_np(&actions, Int32(theirs))
            }
            if let folder { posix_spawn_file_actions_addchdir_np(&actions, folder) }
            flags |= Int32(POSIX_SPAWN_CLOEXEC_DEFAULT)
        #else
            // Sockets of this process would stay open as long as anything that the program leaves behind.
            for descriptor in OpenDescriptors.beyondStandard { posix_spawn_file_actions_addclose(&actions, descriptor) }
        #endif
        // Signals that this process holds back would stay so.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in usualSignals { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        if isOwnGroup {
            posix_spawnattr_setpgroup(&attributes, 0)
            flags |= Int32(POSIX_SPAWN_SETPGROUP)
        }
        posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))
        let words = arguments.map { strdup($0) }
        let texts = variables.map { strdup($0) }
        defer { for text in words + texts { free(text) } }
        var pid: pid_t = 0
        guard let secretVariable else {
            let error = posix_spawnp(&pid, program, &actions, &attributes, words + [nil], texts + [nil])
            return (pid, error)
        }
        let error = secretVariable.withUnsafeBytes { bytes -> Int32 in
            let text = UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
            return posix_spawnp(&pid, program, &actions, &attributes, words + [nil], texts + [text, nil])
        }
        return (pid, error)
    }
}
