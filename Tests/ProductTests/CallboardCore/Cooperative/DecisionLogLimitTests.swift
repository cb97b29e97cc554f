import ServiceBus
import Testing

@testable import CallboardCore

@Suite("More decisions than are read") struct DecisionLogLimitTests {
    @Test("none is passed over: every refresh says that there are too many")
    func full() async throws {
        let scene = try ApprovalScene()
        for number in 1...3 {
            try await scene.ask(try scene.request(id: "0e900000-0000-4000-8000-00000000000\(number)"))
            _ = try await scene.deny(ApprovalScene.bob)
        }
        let log = DecisionLog(
            scene.transport, path: scene.transport.entities.log, signatures: scene.verifier, rules: scene.rules, most: 1)
        for _ in 1...4 {
            let refusal = await refusal { try await log.refresh() }
            #expect(refusal?.code == .refused)
        }
        #expect(await log.decided.count == 1)
    }
}
