import AzureResources
import Identity
import ServiceBus

@testable import CallboardCore
@testable import Console

/// Who has access to a small namespace, for the screens that show it.
enum AccessFixture {
    private typealias Scene = AccessScene

    /// Direct and inherited, through a group, with an end, by a note; keys that are taken; and what is not as the catalogue says.
    static var scene: AccessScene {
        var scene = Scene()
        scene.picture.asOf = Fixture.now
        scene.picture.membership.setMembers([.init(id: Scene.olga, kind: .user)], of: Scene.team)
        scene.assign(10, Scene.receiver, Scene.team, .group, at: Scene.namespace)
        scene.assign(11, Scene.dataOwner, Scene.stranger, .servicePrincipal, at: Scene.group)
        scene.schedule(
            Scene.dataOwner, Scene.stranger, at: Scene.group, activated: true,
            until: WallTime(secondsSince1970: Fixture.now.milliseconds / 1000).advanced(by: .seconds(7200)))
        scene.assign(12, Scene.sender, Scene.olga, .user, at: Scene.orders, note: "jit req=R1 exp=2026-11-23T04:00:00Z by=admin")
        scene.setKeys(.on)
        scene.addRule("app", [.send], at: Scene.orders)
        scene.addRule("RootManageSharedAccessKey", [.manage, .listen, .send], at: Scene.namespace)
        return scene
    }

    /// The same, where role schedules and names may not be read.
    static var partly: AccessScene {
        var scene = scene
        scene.picture.schedules = .notPermitted(
            needs: "Microsoft.Authorization/roleAssignmentScheduleInstances/read at /subscriptions/5ab0")
        return scene
    }

    /// What somebody sees who may not even see the namespace.
    static var blind: AccessScene {
        var scene = Scene()
        scene.picture = AccessPicture(host: "sb-retail.servicebus.windows.net", asOf: Fixture.now)
        scene.picture.namespace = .notPermitted(needs: "Microsoft.ServiceBus/namespaces/read at the namespace of sb-retail")
        return scene
    }

    static func snapshot(_ scene: AccessScene) -> AccessSnapshot {
        AccessSnapshot(AccessSurvey(picture: scene.picture, estate: scene.estate))
    }

    static func title(identity: String = "k.brandt@contoso.example") -> ContextTitle {
        ContextTitle(
            name: "retail", endpoint: "sb-retail", environment: "test", mode: .readOnly, identity: identity, signsIn: true)
    }

    /// A console that signed in; nil: the reading of access waits.
    static func console(_ scene: AccessScene?, _ keys: String = "", _ rows: Int = 24, _ columns: Int = 80) -> ConsoleHarness {
        let answers: [Answer]? = scene.map { AccessPart.allCases.map { Answer.accessPart($0) } + [Answer.access(snapshot($0))] }
        var console = ConsoleHarness(rows: rows, columns: columns, title: title()) { request in
            switch request {
            case .connect: .success([.connected(title()), .changes(refusal: nil)])
            case .access: answers.map { .success($0) }
            default: ConsoleHarness.usual(request)
            }
        }
        console.type(keys)
        return console
    }
}
