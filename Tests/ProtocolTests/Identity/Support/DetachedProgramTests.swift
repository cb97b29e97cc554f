import Testing

@testable import Identity

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("A program that goes on by itself")
struct DetachedProgramTests {
    private let runner = ProgramRunner.system(environment: ["PATH": "/usr/bin:/bin"])

    @Test("is not waited for, may write more than a program that is read, and is nobody's child")
    func detached() async throws {
        try await withTemporaryFolder { folder in
            let script =
                #"n=0; while [ ! -e "$1/go" ] && [ $n -lt 3000 ]; do sleep 0.02; n=$((n+1)); done; head -c 3000000 /dev/zero || exit 1; ps -o ppid= -p $$ > "$1/parent"; touch "$1/done""#
            try await runner.launch("sh", ["-c", script, "sh", folder])
            #expect(!FileManager.default.fileExists(atPath: folder + "/done"), "it waits, and nobody waits for it")
            try Data().write(to: URL(filePath: folder + "/go"))
            await eventually("the program does not go on") { FileManager.default.fileExists(atPath: folder + "/done") }
            let parent = String(decoding: try Data(contentsOf: URL(filePath: folder + "/parent")), as: UTF8.self)
            #expect(!parent.contains("\(ProcessInfo.processInfo.processIdentifier)"))
        }
    }

    @Test("that is not there is said")
    func missing() async {
        await #expect(throws: ProgramRunner.Failure.notFound) { try await runner.launch("no-such-browser", ["https://example"]) }
    }
}
