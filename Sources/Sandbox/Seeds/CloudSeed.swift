/// The tenant of the sandbox's cloud: a retailer's directory, its subscription and who has which role, with the faults that an estate of some
/// years has. The ids are the same in every run; secrets are not.
///
/// | what | id |
/// |---|---|
/// | tenant Contoso | `c0a7050a-0000-4000-8000-000000000001` |
/// | subscription, resource group | `9a1c6e52-0d3b-4f7e-8a55-2f4c1e7b9d10`, `rg-retail-prod` |
/// | r.osei, on call / d.moreau, developer / k.brandt, admin / l.haddad, one queue only / p.nowak, who may look | `0e5e1000-0000-4000-8000-00000000000` and 1 to 5 |
/// | team-cart, team-fin, team-ship, team-msg | as in the demo's catalogue |
/// | platform | `b3f1a7c0-5555-4a3e-9b1e-0a5d3c7e2f05` |
/// | night-desk, a group in team-ship | `b3f1a7c0-6666-4a3e-9b1e-0a5d3c7e2f06` |
/// | the managed identity of service N | object `0a0a0000-0000-4000-8000-00000000a0NN`, client `0a0a0000-0000-4000-8000-00000000c0NN` |
/// | a managed identity that was deleted and is assigned still | `dead0000-0000-4000-8000-00000000dead` |
/// | platform-automation (Owner of the resource group; secret, certificate, federation) | client `5b0d0000-0000-4000-8000-0000000000c1` |
/// | loyalty-next (no role at all; secret) | client `5b0d0000-0000-4000-8000-0000000000c2` |
/// | callboard (people sign in through it) | client `5b0d0000-0000-4000-8000-0000000000c3` |
/// | callboard approvals (people sign requests for roles and decisions with it; nothing takes its tokens) | client `5b0d0000-0000-4000-8000-0000000000c5` |
enum CloudSeed {
    static let tenant = "c0a7050a-0000-4000-8000-000000000001"
    static let domain = "contoso.example"
    static let subscription = "9a1c6e52-0d3b-4f7e-8a55-2f4c1e7b9d10"
    static let resourceGroup = "rg-retail-prod"
    static let location = "West Europe"

    /// A person.
    struct Person: Sendable {
        let id: String
        let name: String
        let displayName: String
    }

    static let onCall = person(1, "r.osei", "Rita Osei")
    static let developer = person(2, "d.moreau", "Dana Moreau")
    static let admin = person(3, "k.brandt", "Karin Brandt")
    static let oneQueueOnly = person(4, "l.haddad", "Layla Haddad")
    /// Reader of the resource group through team-fin, without any right on messages.
    static let reader = person(5, "p.nowak", "Piotr Nowak")

    private static func person(_ number: Int, _ name: String, _ displayName: String) -> Person {
        Person(id: "0e5e1000-0000-4000-8000-00000000000\(number)", name: "\(name)@\(domain)", displayName: displayName)
    }

    /// What carries out and ends what Privileged Identity Management grants: Microsoft's own application, in every tenant.
    static let privilegedService = Principal(
        id: "5b0d0000-0000-4000-8000-0000000000f1", displayName: "MS-PIM",
        kind: .application(appID: "01fc33a7-78ba-4d2f-a4b7-768e336e890e"))
    /// The queue that people ask for.
    static let askedFor = "orders"

    static let platform = "b3f1a7c0-5555-4a3e-9b1e-0a5d3c7e2f05"
    static let nightDesk = "b3f1a7c0-6666-4a3e-9b1e-0a5d3c7e2f06"
    static let teams = [
        ("team-cart", "b3f1a7c0-1111-4a3e-9b1e-0a5d3c7e2f01"), ("team-fin", "b3f1a7c0-2222-4a3e-9b1e-0a5d3c7e2f02"),
        ("team-ship", "b3f1a7c0-3333-4a3e-9b1e-0a5d3c7e2f03"), ("team-msg", "b3f1a7c0-4444-4a3e-9b1e-0a5d3c7e2f04"),
    ]
    static let deletedPrincipal = "dead0000-0000-4000-8000-00000000dead"
    static let automationClient = "5b0d0000-0000-4000-8000-0000000000c1"
    static let automationPrincipal = "5b0d0000-0000-4000-8000-0000000000a1"
    static let newcomerClient = "5b0d0000-0000-4000-8000-0000000000c2"
    static let newcomerPrincipal = "5b0d0000-0000-4000-8000-0000000000a2"
    static let consoleClient = "5b0d0000-0000-4000-8000-0000000000c3"
    static let approvalsClient = "5b0d0000-0000-4000-8000-0000000000c5"
    /// The public client of Azure's command line, which Microsoft's libraries use when they are given none.
    static let commandLineClient = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
    private static let deployPrincipal = "5b0d0000-0000-4000-8000-0000000000a4"

    /// The services of the demo's catalogue, in the order of their identities' numbers.
    static let services = [
        "checkout", "cart", "pricing", "billing", "refunds", "ledger", "shipping", "warehouse", "tracking", "notifications", "loyalty",
        "search",
    ]

    static func identity(of service: String) -> String { number(of: service).map { "0a0a0000-0000-4000-8000-00000000a0\($0)" } ?? "" }
    static func client(of service: String) -> String { number(of: service).map { "0a0a0000-0000-4000-8000-00000000c0\($0)" } ?? "" }

    private static func number(of service: String) -> String? {
        services.firstIndex(of: service).map { $0 < 9 ? "0\($0 + 1)" : "\($0 + 1)" }
    }

    // MARK: Directory

    /// Everybody. Secrets and the certificate are a run's own.
    static func directory(_ secrets: CloudSecrets, issuer: String) -> TenantDirectory {
        var directory = TenantDirectory()
        func add(_ principal: Principal) { directory.principals[principal.id] = principal }
        for person in [onCall, developer, admin, oneQueueOnly, reader] {
            add(Principal(id: person.id, displayName: person.displayName, kind: .user(name: person.name)))
        }
        for (name, id) in teams + [("platform", platform), ("night-desk", nightDesk)] {
            add(Principal(id: id, displayName: name, kind: .group))
        }
        for service in services {
            let resource =
                "/subscriptions/\(subscription)/resourcegroups/\(resourceGroup)/providers/Microsoft.ManagedIdentity/userAssignedIdentities/\(service)"
            add(
                Principal(
                    id: identity(of: service), displayName: service,
                    kind: .managedIdentity(clientID: client(of: service), resourceID: resource)))
        }
        add(Principal(id: automationPrincipal, displayName: "platform-automation", kind: .application(appID: automationClient)))
        add(Principal(id: newcomerPrincipal, displayName: "loyalty-next", kind: .application(appID: newcomerClient)))
        add(
            Principal(
                id: deployPrincipal, displayName: "retail-deploy", kind: .application(appID: "5b0d0000-0000-4000-8000-0000000000c4")))
        directory.members = [
            teams[0].1: [onCall.id, developer.id], teams[1].1: [reader.id], platform: [admin.id],
            teams[2].1: [nightDesk], nightDesk: [developer.id],
        ]
        var automation = AppRegistration(
            appID: automationClient, displayName: "platform-automation", principalID: automationPrincipal, secret: secrets.automation)
        automation.certificate = secrets.certificate
        automation.federated = [
            .init(issuer: issuer, subject: federatedSubject, audience: "api://AzureADTokenExchange")
        ]
        let newcomer = AppRegistration(
            appID: newcomerClient, displayName: "loyalty-next", principalID: newcomerPrincipal, secret: secrets.newcomer)
        let console = AppRegistration(appID: consoleClient, displayName: "callboard", isPublicClient: true)
        let approvals = AppRegistration(appID: approvalsClient, displayName: "callboard approvals", isPublicClient: true)
        let commandLine = AppRegistration(appID: commandLineClient, displayName: "Microsoft Azure CLI", isPublicClient: true)
        for application in [automation, newcomer, console, approvals, commandLine] {
            directory.applications[application.appID] = application
        }
        return directory
    }

    /// What the workload that stands in for a cluster's says it is.
    static let federatedSubject = "system:serviceaccount:retail:platform-automation"

    // MARK: Roles

    /// A role that somebody has.
    struct Binding: Hashable, Sendable {
        let principal: String
        let role: RoleDefinition
        /// The entity's path in the namespace; nil for the whole of it.
        let path: String?
        var description: String?
    }

    /// Roles on the namespace and in it. What is wrong with some of them is for a comparison with the catalogue to find.
    static let bindings: [Binding] = {
        func send(_ service: String, _ path: String) -> Binding {
            Binding(principal: identity(of: service), role: .dataSender, path: path)
        }
        func receive(_ service: String, _ path: String) -> Binding {
            Binding(principal: identity(of: service), role: .dataReceiver, path: path)
        }
        return [
            send("checkout", "orders"), receive("checkout", "orders"), receive("checkout", "checkout-commands"),
            send("checkout", "order-events"), send("cart", "cart-abandoned"), receive("pricing", "price-updates"),
            receive("billing", "invoices"), receive("billing", "order-events/Subscriptions/billing"), receive("refunds", "refunds"),
            receive("refunds", "payment-events/Subscriptions/refunds"), receive("ledger", "payment-events/Subscriptions/ledger"),
            send("ledger", "payment-events"), receive("shipping", "shipments"), receive("shipping", "order-events/Subscriptions/shipping"),
            receive("warehouse", "stock-movements"), send("tracking", "tracking-events"),
            receive("tracking", "tracking-events/Subscriptions/customer-app"), receive("notifications", "emails"),
            receive("notifications", "sms"), receive("notifications", "push"), receive("loyalty", "points"),
            receive("loyalty", "order-events/Subscriptions/loyalty"),
            // The wrong queue: the warehouse works on pick-lists.
            receive("warehouse", "emails"),
            // All of the namespace, for one subscription.
            Binding(principal: identity(of: "search"), role: .dataReceiver, path: nil),
            // Somebody who was to look at one thing, once.
            Binding(principal: developer.id, role: .dataOwner, path: nil, description: "temporary, for INC-3120"),
            // Whoever may read keys may do everything while keys are taken.
            Binding(principal: deployPrincipal, role: .contributor, path: nil),
            // Its identity was deleted; the assignment was not.
            Binding(principal: deletedPrincipal, role: .dataReceiver, path: "legacy-import"),
            Binding(principal: oneQueueOnly.id, role: .dataReceiver, path: "invoices"),
        ]
    }()
}

/// What a run of the sandbox makes for itself and tells in a file only.
struct CloudSecrets: Sendable {
    var automation: String
    var newcomer: String
    var certificate: ClientCertificate
    var certificatePEM: String
    /// What a caller of the App Service endpoint shows.
    var identityHeader: String
    /// The static token for the catalogue.
    var catalogueToken: String

    static func make(now: Int64) throws -> CloudSecrets {
        let (certificate, pem) = try ClientCertificate.make(name: "platform-automation", now: now)
        return CloudSecrets(
            automation: CloudRandom.text(), newcomer: CloudRandom.text(), certificate: certificate, certificatePEM: pem,
            identityHeader: CloudRandom.text(), catalogueToken: CloudRandom.text())
    }
}

/// Codes and secrets that nobody guesses.
enum CloudRandom {
    static func text(bytes count: Int = 24) -> String {
        var generator = SystemRandomNumberGenerator()
        return Base64URL.encode((0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// Capital letters and digits that cannot be taken for each other.
    static func userCode() -> String {
        var generator = SystemRandomNumberGenerator()
        let letters = Array("ABCDEFGHJKLMNPQRSTUVWXYZ23456789")
        return String((0..<9).compactMap { _ in letters.randomElement(using: &generator) })
    }
}
