@testable import CallboardCore

/// Somebody who has signed in and is told what a scene says.
struct ScriptedAccess: AccessSource {
    let scene: AccessScene

    func accessSurvey(progress: @escaping @Sendable (AccessPart) -> Void) async throws(OperatorError) -> AccessSurvey {
        progress(.catalogue)
        progress(.namespace)
        return AccessSurvey(picture: scene.picture, estate: scene.estate)
    }
}
