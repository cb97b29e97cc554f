import ArgumentParser

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The ways this program ends.
enum Exit {
    /// Ends the process.
    static func now(_ status: Int32) -> Never {
        exit(status)
    }

    /// Ends the process after the command line could not be used, or asked for help: 2 for usage, 0 for help.
    static func now(parsing error: any Error) -> Never {
        let text = Callboard.fullMessage(for: error)
        guard Callboard.exitCode(for: error) != .success else {
            Standard.output.write(text + "\n")
            exit(0)
        }
        Standard.raw(text)
        exit(2)
    }

    /// Waits on the main thread for a task that ends the process.
    static func whenTaskEnds() -> Never {
        while true { pause() }
    }
}
