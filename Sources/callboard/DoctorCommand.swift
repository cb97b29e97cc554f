import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard doctor`
struct DoctorCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Walk the way to the namespace step by step, and name the first that fails.",
        discussion: """
            The host's name, its port, TLS, AMQP, a token, and with an ENTITY the right to look into it; then whether entities may be listed.
            Nothing is locked, nothing is changed. Exit status 1 when a step fails.
            Example: callboard doctor orders --context retail
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var place: SubQueueOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "what to look into: queue, or topic/subscription")
    var entity: EntityArgument?

    func execute() async throws -> Int32 {
        let doctor = try await connection.doctor()
        let findings = FindingList()
        let isTable = output.output == .table
        let candidates = entity?.candidates.map { path in place.subQueue.map { path.subQueue($0) } ?? path } ?? []
        let isWell = await doctor.examine(candidates) { finding in
            // On a screen each step stands there as soon as it was taken: the next may wait for a time-out.
            if isTable { Standard.output.write(FindingRecord(finding).lines.map { VisibleText.of($0) + "\n" }.joined()) }
            await findings.append(finding)
        }
        if !isTable { output.write(await findings.all.map { FindingRecord($0) }) }
        return isWell ? 0 : 1
    }

    private actor FindingList {
        private(set) var all: [Doctor.Finding] = []
        func append(_ finding: Doctor.Finding) { all.append(finding) }
    }
}
