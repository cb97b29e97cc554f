internal import CLibFuzzer
internal import Dispatch
internal import Synchronization

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

/// Runs what is asynchronous to its end: libFuzzer wants to know before it goes on.
public func waiting<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
    let result = Answer<Value>()
    let isDone = DispatchSemaphore(value: 0)
    Task.detached {
        let value = await body()
        result.value.withLock { $0 = value }
        isDone.signal()
    }
    while true {
        isDone.wait()
        if let value = result.value.withLock({ $0 }) { return value }
    }
}

private final class Answer<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}
