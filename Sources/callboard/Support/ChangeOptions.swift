import ArgumentParser

/// Leave to change what is not a sandbox.
struct ChangeOptions: ParsableArguments {
    @Flag(
        help: "Allow changes for this once where the configuration says nothing, and in production.")
    var allowChanges = false
}
