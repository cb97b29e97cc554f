public import FuzzSupport
internal import NIOCore

// In a file of its own: a target's only file would be taken for a script, which brings its own entry point.

/// The entry point: SwiftPM links an executable's main to this name.
@_cdecl("FuzzWebSocket_main")
public func fuzzWebSocketMain(_ argc: CInt, _ argv: Arguments) -> CInt {
    runFuzzer(argc, argv) { data, size in
        fuzzWebSocket(ByteBuffer(bytes: UnsafeBufferPointer(start: data, count: size)))
        return 0
    }
}
