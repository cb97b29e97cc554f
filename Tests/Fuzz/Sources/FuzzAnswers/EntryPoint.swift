public import FuzzSupport

// In a file of its own: a target's only file would be taken for a script, which brings its own entry point.

/// The entry point: SwiftPM links an executable's main to this name.
@_cdecl("FuzzAnswers_main")
public func fuzzAnswersMain(_ argc: CInt, _ argv: Arguments) -> CInt {
    runFuzzer(argc, argv) { data, size in
        fuzzAnswers(Array(UnsafeBufferPointer(start: data, count: size)))
        return 0
    }
}
