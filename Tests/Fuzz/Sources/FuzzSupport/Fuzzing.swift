internal import CLibFuzzer

/// What `main` looks like in C.
public typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// Hands a program's arguments and the function that takes one input to libFuzzer.
public func runFuzzer(_ argc: CInt, _ argv: Arguments, _ one: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt) -> CInt {
    callboard_fuzz(argc, argv, one)
}

/// Ends the run with a finding when a property does not hold.
public func hold(_ condition: Bool, _ property: @autoclosure () -> String) {
    if !condition { fatalError("finding: " + property()) }
}
