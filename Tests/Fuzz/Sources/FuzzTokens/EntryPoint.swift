public import FuzzSupport

// In a file of its own: a target's only file would be taken for a script, which brings its own entry point.

/// The entry point: SwiftPM links an executable's main to this name.
@_cdecl("FuzzTokens_main")
public func fuzzTokensMain(_ argc: CInt, _ argv: Arguments) -> CInt {
    runFuzzer(argc, argv) { data, size in
        fuzzTokens(Array(UnsafeBufferPointer(start: data, count: size)))
        return 0
    }
}
