import ServiceBus

@testable import CallboardCore

/// A policy with every kind of rule, and what it has to say.
enum PolicyDecisionTable {
    static let policy = """
        version: 1
        tenant: aaaabbbb-0000-cccc-1111-dddd2222eeee
        environments:
          golden: {golden: true}
          test:
          prod: {requires_golden: 7d}
        teams:
          orders: {claims: {groups: [96096000-0000-4000-8000-00000000c001]}}
          billing: {claims: {groups: [96096000-0000-4000-8000-00000000c002]}}
          platform: {claims: {groups: [96096000-0000-4000-8000-00000000c003]}}
          contractors: {claims: {employment: [contractor]}}
          leads: {claims: {roles: [ServiceBus.Approver]}, require_acrs: [c1]}
        allow:
          - {id: look, who: [anyone], action: [catalog.read, entity.read, audit.verify], scope: "**"}
          - {id: peek-own, who: [team:orders], action: [message.peek, message.export], scope: "namespaces/sb-orders-*/**"}
          - id: redrive-own
            who: [team:orders]
            action: [message.redrive, message.move]
            scope: "namespaces/sb-orders-*/**"
            max_messages: 500
            max_rate: 50/s
          - {id: redrive-dlq, who: [team:leads], action: message.redrive, scope: "namespaces/*/queues/*/$deadletterqueue", max_messages: 5000}
          - id: purge-test
            who: [team:orders, team:leads]
            env: test
            action: [message.purge, session.clear]
            scope: "namespaces/**"
            max_messages: 10000
          - {id: build, who: [team:platform], action: [entity.create, entity.update, rule.change], scope: "namespaces/sb-*/**"}
          - {id: drop-golden, who: [team:platform], env: golden, action: entity.delete, scope: "namespaces/sb-golden/**"}
          - {id: rotate, who: [team:leads], action: secret.rotate, scope: ["namespaces/*/queues/*", "namespaces/*/topics/*"], max_key_age: 12h}
          - {id: dana-sends, who: ["user:dana"], action: message.send, scope: namespaces/sb-orders-test/queues/orders}
          - {id: bot, who: [agent], env: test, action: [message.peek, message.redrive], scope: "namespaces/sb-orders-test/**", max_messages: 100}
          - id: billing-subs
            who: [team:billing]
            action: [message.peek, message.delete]
            scope: "namespaces/sb-retail/topics/events/subscriptions/billing*"
          - {id: token, who: [team:orders], action: token.issue, role: [sender, receiver], scope: "namespaces/sb-orders-*/queues/*", max_ttl: 1h}
          - {id: reveal, who: [team:leads], action: message.reveal, scope: "**", reason: required}
        request:
          - id: ask-receiver
            who: [team:orders]
            env: prod
            role: receiver
            scope: "namespaces/sb-orders-*/queues/*"
            max_ttl: 4h
            reason: required
            ticket: "^INC-[0-9]+$"
            approve: [{any_of: [team:leads], count: 1}, {any_of: [team:billing]}]
          - id: ask-delete
            who: [team:leads]
            env: prod
            action: message.delete
            scope: "**"
            max_ttl: 1h
            max_messages: 50
            approve: [{any_of: [team:leads, "user:dana"], count: 2}]
        deny:
          - {id: no-purge-prod, env: prod, action: [message.purge, entity.delete]}
          - {id: no-payroll, action: [message.peek, message.export, message.reveal], scope: "namespaces/*/queues/payroll"}
          - {id: no-agents-billing, who: [agent], scope: "namespaces/sb-billing/**"}
          - {id: no-contractors, who: [team:contractors], action: message.redrive}
          - {id: no-owner, action: [access.request, access.grant], role: owner}
        break_glass:
          - {id: bg, who: [team:leads], role: receiver, max_ttl: 1h, reason: required, notify: [topic:break-glass], review_within: 24h}
        """

    /// The policy, read once; nil when it cannot be read, which the tests of loading report.
    static let loaded = PolicyFile.parse(Array(policy.utf8), file: "policy.yaml").policy

    /// Who, action, environment, scope below `namespaces/`, what else is said, and the verdict; worked out from the rules above, apart from the code, in
    /// the order of the reference: what no rule changes, denials, limits, approvals, permissions, the default.
    static let text = #"""
        # What a team may do on its own queue in test, and nothing else.
        team:orders   catalog.read             test    sb-orders-test/queues/orders  => allow:look
        team:orders   entity.read              test    sb-orders-test/queues/orders  => allow:look
        team:orders   entity.create            test    sb-orders-test/queues/orders  => deny:default
        team:orders   entity.update            test    sb-orders-test/queues/orders  => deny:default
        team:orders   entity.delete            test    sb-orders-test/queues/orders  => deny:default
        team:orders   rule.change              test    sb-orders-test/queues/orders  => deny:default
        team:orders   message.peek             test    sb-orders-test/queues/orders  => allow:peek-own
        team:orders   message.reveal           test    sb-orders-test/queues/orders  => deny:default
        team:orders   message.export           test    sb-orders-test/queues/orders  => allow:peek-own
        team:orders   message.send             test    sb-orders-test/queues/orders  => deny:default
        team:orders   message.redrive          test    sb-orders-test/queues/orders  => allow:redrive-own
        team:orders   message.move             test    sb-orders-test/queues/orders  => allow:redrive-own
        team:orders   message.delete           test    sb-orders-test/queues/orders  => deny:default
        team:orders   message.purge            test    sb-orders-test/queues/orders  => allow:purge-test
        team:orders   message.defer            test    sb-orders-test/queues/orders  => deny:default
        team:orders   message.dead-letter      test    sb-orders-test/queues/orders  => deny:default
        team:orders   message.receive-deferred test    sb-orders-test/queues/orders  => deny:default
        team:orders   message.cancel-scheduled test    sb-orders-test/queues/orders  => deny:default
        team:orders   message.import           test    sb-orders-test/queues/orders  => deny:default
        team:orders   message.edit             test    sb-orders-test/queues/orders  => deny:default
        team:orders   session.set-state        test    sb-orders-test/queues/orders  => deny:default
        team:orders   session.clear            test    sb-orders-test/queues/orders  => allow:purge-test
        team:orders   access.request           test    sb-orders-test/queues/orders  => deny:no-owner
        team:orders   access.approve           test    sb-orders-test/queues/orders  => deny:default
        team:orders   access.grant             test    sb-orders-test/queues/orders  => deny:no-owner
        team:orders   access.revoke            test    sb-orders-test/queues/orders  => deny:default
        team:leads    access.review            prod    sb-orders-prod/queues/orders                            => deny:default
        agent         access.review            prod    sb-orders-prod/queues/orders                            => deny:built-in:agent
        team:orders   token.issue              test    sb-orders-test/queues/orders  => deny:default
        team:orders   secret.rotate            test    sb-orders-test/queues/orders  => deny:default
        team:orders   token.sign               test    sb-orders-test/queues/orders  => deny:default
        team:orders   secret.refuse            test    sb-orders-test/queues/orders  => deny:default
        team:orders   audit.verify             test    sb-orders-test/queues/orders  => allow:look
        # The same in production.
        team:orders   catalog.read             prod    sb-orders-prod/queues/orders  => allow:look
        team:orders   entity.read              prod    sb-orders-prod/queues/orders  => allow:look
        team:orders   entity.create            prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   entity.update            prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   entity.delete            prod    sb-orders-prod/queues/orders  => deny:no-purge-prod
        team:orders   rule.change              prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   message.peek             prod    sb-orders-prod/queues/orders  => allow:peek-own
        team:orders   message.reveal           prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   message.export           prod    sb-orders-prod/queues/orders  => allow:peek-own
        team:orders   message.send             prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   message.redrive          prod    sb-orders-prod/queues/orders  => allow:redrive-own
        team:orders   message.move             prod    sb-orders-prod/queues/orders  => allow:redrive-own
        team:orders   message.delete           prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   message.purge            prod    sb-orders-prod/queues/orders  => deny:no-purge-prod
        team:orders   message.defer            prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   message.dead-letter      prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   message.receive-deferred prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   message.cancel-scheduled prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   message.import           prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   message.edit             prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   session.set-state        prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   session.clear            prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   access.request           prod    sb-orders-prod/queues/orders  => deny:no-owner
        team:orders   access.approve           prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   access.grant             prod    sb-orders-prod/queues/orders  => deny:no-owner
        team:orders   access.revoke            prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   token.issue              prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   secret.rotate            prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   token.sign               prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   secret.refuse            prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   audit.verify             prod    sb-orders-prod/queues/orders  => allow:look
        # A lead in production.
        team:leads    catalog.read             prod    sb-orders-prod/queues/orders  => allow:look
        team:leads    entity.read              prod    sb-orders-prod/queues/orders  => allow:look
        team:leads    entity.create            prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    entity.update            prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    entity.delete            prod    sb-orders-prod/queues/orders  => deny:no-purge-prod
        team:leads    rule.change              prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    message.peek             prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    message.reveal           prod    sb-orders-prod/queues/orders  => allow:reveal
        team:leads    message.export           prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    message.send             prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    message.redrive          prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    message.move             prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    message.delete           prod    sb-orders-prod/queues/orders  => needs-approval:ask-delete
        team:leads    message.purge            prod    sb-orders-prod/queues/orders  => deny:no-purge-prod
        team:leads    message.defer            prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    message.dead-letter      prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    message.receive-deferred prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    message.cancel-scheduled prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    message.import           prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    message.edit             prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    session.set-state        prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    session.clear            prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    access.request           prod    sb-orders-prod/queues/orders  => deny:no-owner
        team:leads    access.approve           prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    access.grant             prod    sb-orders-prod/queues/orders  => deny:no-owner
        team:leads    access.revoke            prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    token.issue              prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    secret.rotate            prod    sb-orders-prod/queues/orders  => allow:rotate
        team:leads    token.sign               prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    secret.refuse            prod    sb-orders-prod/queues/orders  => deny:default
        team:leads    audit.verify             prod    sb-orders-prod/queues/orders  => allow:look
        # An agent in test, and elsewhere.
        agent         catalog.read             test    sb-orders-test/queues/orders  => deny:default
        agent         entity.read              test    sb-orders-test/queues/orders  => deny:default
        agent         entity.create            test    sb-orders-test/queues/orders  => deny:default
        agent         entity.update            test    sb-orders-test/queues/orders  => deny:default
        agent         entity.delete            test    sb-orders-test/queues/orders  => deny:default
        agent         rule.change              test    sb-orders-test/queues/orders  => deny:default
        agent         message.peek             test    sb-orders-test/queues/orders  => allow:bot
        agent         message.reveal           test    sb-orders-test/queues/orders  => deny:built-in:agent
        agent         message.export           test    sb-orders-test/queues/orders  => deny:default
        agent         message.send             test    sb-orders-test/queues/orders  => deny:default
        agent         message.redrive          test    sb-orders-test/queues/orders  => allow:bot
        agent         message.move             test    sb-orders-test/queues/orders  => deny:default
        agent         message.delete           test    sb-orders-test/queues/orders  => deny:default
        agent         message.purge            test    sb-orders-test/queues/orders  => deny:default
        agent         message.defer            test    sb-orders-test/queues/orders  => deny:default
        agent         message.dead-letter      test    sb-orders-test/queues/orders  => deny:default
        agent         message.receive-deferred test    sb-orders-test/queues/orders  => deny:default
        agent         message.cancel-scheduled test    sb-orders-test/queues/orders  => deny:default
        agent         message.import           test    sb-orders-test/queues/orders  => deny:default
        agent         message.edit             test    sb-orders-test/queues/orders  => deny:default
        agent         session.set-state        test    sb-orders-test/queues/orders  => deny:default
        agent         session.clear            test    sb-orders-test/queues/orders  => deny:default
        agent         access.request           test    sb-orders-test/queues/orders  => deny:no-owner
        agent         access.approve           test    sb-orders-test/queues/orders  => deny:built-in:agent
        agent         access.grant             test    sb-orders-test/queues/orders  => deny:no-owner
        agent         access.revoke            test    sb-orders-test/queues/orders  => deny:default
        agent         token.issue              test    sb-orders-test/queues/orders  => deny:default
        agent         secret.rotate            test    sb-orders-test/queues/orders  => deny:default
        agent         token.sign               test    sb-orders-test/queues/orders  => deny:default
        agent         secret.refuse            test    sb-orders-test/queues/orders  => deny:default
        agent         audit.verify             test    sb-orders-test/queues/orders  => deny:default
        agent         catalog.read             prod    sb-orders-prod/queues/orders  => deny:default
        agent         message.peek             prod    sb-orders-prod/queues/orders  => deny:default
        agent         message.redrive          prod    sb-orders-prod/queues/orders  => deny:default
        agent         message.purge            prod    sb-orders-prod/queues/orders  => deny:no-purge-prod
        agent         catalog.read             test    sb-billing/queues/invoices  => deny:no-agents-billing
        agent         message.peek             test    sb-billing/queues/invoices  => deny:no-agents-billing
        # An agent has nothing of whoever started it.
        agent,team:orders,user:dana message.send             test    sb-orders-test/queues/orders  => deny:default
        agent,team:orders message.peek             prod    sb-orders-prod/queues/orders  => deny:default
        agent,team:orders message.peek             test    sb-orders-test/queues/orders  => allow:bot
        agent,team:leads message.reveal           test    sb-orders-test/queues/orders  => deny:built-in:agent
        # Scopes: namespaces, globs, names with slashes, sub-queues, case.
        team:orders   message.peek             prod    sb-orders-prod  => allow:peek-own
        team:orders   message.peek             prod    sb-orders-prod/queues/a/b/c  => allow:peek-own
        team:orders   message.peek             prod    sb-orders-/queues/x  => allow:peek-own
        team:orders   message.peek             prod    sb-orders/queues/x  => deny:default
        team:orders   message.peek             prod    SB-ORDERS-PROD/Queues/Orders  => allow:peek-own
        team:orders   message.peek             prod    sb-orders-prod/topics/t  => allow:peek-own
        team:orders   message.peek             prod    sb-orders-prod/topics/t/subscriptions/s  => allow:peek-own
        team:orders   message.peek             prod    sb-orders-prod/topics/t/subscriptions/s/$deadletterqueue  => allow:peek-own
        team:orders   message.peek             prod    sb-orders-prod/queues/orders/$transfer/$deadletterqueue  => allow:peek-own
        team:orders   message.peek             prod    xsb-orders-prod/queues/orders  => deny:default
        team:orders   message.peek             prod    sb-orders-prod/queues/payroll  => deny:no-payroll
        team:orders   message.peek             prod    sb-orders-prod/queues/payroll/$deadletterqueue  => deny:no-payroll
        team:orders   message.peek             prod    sb-orders-prod/queues/payroll2  => allow:peek-own
        team:orders   message.peek             prod    sb-orders-prod/topics/payroll  => allow:peek-own
        team:billing  message.peek             prod    sb-retail/topics/events/subscriptions/billing  => allow:billing-subs
        team:billing  message.peek             prod    sb-retail/topics/events/subscriptions/billing-eu  => allow:billing-subs
        team:billing  message.peek             prod    sb-retail/topics/events/subscriptions/billing-eu/$deadletterqueue  => allow:billing-subs
        team:billing  message.peek             prod    sb-retail/topics/events/subscriptions/orders  => deny:default
        team:billing  message.peek             prod    sb-retail/topics/events  => deny:default
        team:billing  message.peek             prod    sb-retail/topics/events/subscriptions/xbilling  => deny:default
        team:billing  message.peek             prod    sb-retail/queues/billing  => deny:default
        team:billing  message.peek             prod    sb-retail2/topics/events/subscriptions/billing  => deny:default
        team:leads    message.redrive          prod    sb-retail/queues/orders/$deadletterqueue count=100  => allow:redrive-dlq
        team:leads    message.redrive          prod    sb-retail/queues/orders      count=100  => deny:default
        team:leads    message.redrive          prod    sb-retail/queues/a/b/$deadletterqueue count=100  => deny:default
        team:leads    message.redrive          prod    sb-retail/queues/orders/$transfer/$deadletterqueue count=100  => deny:default
        team:leads    message.redrive          prod    sb-retail/topics/t/subscriptions/s/$deadletterqueue count=100  => deny:default
        team:leads    secret.rotate            prod    sb-x/queues/q  => allow:rotate
        team:leads    secret.rotate            prod    sb-x/topics/t  => allow:rotate
        team:leads    secret.rotate            prod    sb-x/topics/t/subscriptions/s  => deny:default
        team:leads    secret.rotate            prod    sb-x  => deny:default
        # Limits, also of several rules at once: the tightest holds.
        team:orders   message.redrive          prod    sb-orders-prod/queues/orders/$deadletterqueue count=1  => allow:redrive-own
        team:orders   message.redrive          prod    sb-orders-prod/queues/orders/$deadletterqueue count=500 rate=50  => allow:redrive-own
        team:orders   message.redrive          prod    sb-orders-prod/queues/orders/$deadletterqueue count=501  => deny:messages>500
        team:orders   message.redrive          prod    sb-orders-prod/queues/orders/$deadletterqueue count=500 rate=51  => deny:rate>50/s
        team:orders   message.redrive          prod    sb-orders-prod/queues/orders/$deadletterqueue count=501 rate=51  => deny:messages>500
        team:orders   message.redrive          prod    sb-orders-prod/queues/orders/$deadletterqueue count=0  => allow:redrive-own
        team:leads    message.redrive          prod    sb-orders-prod/queues/orders/$deadletterqueue count=500  => allow:redrive-dlq
        team:leads    message.redrive          prod    sb-orders-prod/queues/orders/$deadletterqueue count=501  => allow:redrive-dlq
        team:leads    message.redrive          prod    sb-orders-prod/queues/orders/$deadletterqueue count=5000  => allow:redrive-dlq
        team:leads    message.redrive          prod    sb-orders-prod/queues/orders/$deadletterqueue count=5001  => deny:messages>5000
        team:orders,team:leads message.redrive          prod    sb-orders-prod/queues/orders/$deadletterqueue count=500  => allow:redrive-dlq
        team:orders,team:leads message.redrive          prod    sb-orders-prod/queues/orders/$deadletterqueue count=501  => deny:messages>500
        team:orders,team:leads message.redrive          prod    sb-orders-prod/queues/orders/$deadletterqueue count=5000  => deny:messages>500
        team:orders,team:leads message.redrive          prod    sb-orders-prod/queues/orders/$deadletterqueue count=500 rate=51  => deny:rate>50/s
        team:orders   message.purge            test    sb-orders-test/queues/orders count=10000  => allow:purge-test
        team:orders   message.purge            test    sb-orders-test/queues/orders count=10001  => deny:messages>10000
        agent         message.redrive          test    sb-orders-test/queues/orders count=100  => allow:bot
        agent         message.redrive          test    sb-orders-test/queues/orders count=101  => deny:messages>100
        # Purges and removals.
        team:orders   message.purge            test    sb-orders-test/queues/orders  => allow:purge-test
        team:leads    session.clear            test    sb-orders-test/queues/orders  => allow:purge-test
        team:platform entity.delete            test    sb-golden/queues/q  => deny:default
        team:orders   message.purge            golden  sb-orders-test/queues/orders  => deny:default
        team:leads    session.clear            golden  sb-orders-test/queues/orders  => deny:default
        team:platform entity.delete            golden  sb-golden/queues/q  => allow:drop-golden
        team:orders   message.purge            prod    sb-orders-test/queues/orders  => deny:no-purge-prod
        team:leads    session.clear            prod    sb-orders-test/queues/orders  => deny:default
        team:platform entity.delete            prod    sb-golden/queues/q  => deny:no-purge-prod
        team:orders,team:platform,team:leads message.purge            prod    sb-orders-prod/queues/orders count=1  => deny:no-purge-prod
        # Roles: asked for, limited, approved; the owner is denied, also where the role is not said.
        team:orders   access.request           prod    sb-orders-prod/queues/orders role=receiver ttl=30m  => needs-approval:ask-receiver
        team:orders   access.request           prod    sb-orders-prod/queues/orders role=receiver ttl=1h  => needs-approval:ask-receiver
        team:orders   access.request           prod    sb-orders-prod/queues/orders role=receiver ttl=4h  => needs-approval:ask-receiver
        team:orders   access.request           prod    sb-orders-prod/queues/orders role=receiver ttl=241m  => deny:ttl>4h
        team:orders   access.request           prod    sb-orders-prod/queues/orders role=sender  => deny:default
        team:orders   access.request           test    sb-orders-test/queues/orders role=sender  => deny:default
        team:orders   token.issue              prod    sb-orders-prod/queues/orders role=sender ttl=1h  => allow:token
        team:orders   access.request           prod    sb-orders-prod/queues/orders role=receiver  => needs-approval:ask-receiver
        team:orders   access.request           test    sb-orders-test/queues/orders role=receiver  => deny:default
        team:orders   token.issue              prod    sb-orders-prod/queues/orders role=receiver ttl=1h  => allow:token
        team:orders   access.request           prod    sb-orders-prod/queues/orders role=owner  => deny:no-owner
        team:orders   access.request           test    sb-orders-test/queues/orders role=owner  => deny:no-owner
        team:orders   token.issue              prod    sb-orders-prod/queues/orders role=owner ttl=1h  => deny:default
        team:orders   token.issue              prod    sb-orders-prod/queues/orders role=sender ttl=61m  => deny:ttl>1h
        team:orders   token.issue              prod    sb-orders-prod/queues/orders  => deny:default
        team:orders   access.request           prod    sb-orders-prod               role=receiver ttl=1h  => deny:default
        team:orders   access.request           prod    sb-orders-prod/topics/t      role=receiver ttl=1h  => deny:default
        team:billing  access.request           prod    sb-orders-prod/queues/orders role=receiver ttl=1h  => deny:default
        team:leads    access.grant             prod    sb-orders-prod/queues/orders role=receiver  => deny:default
        team:leads    access.grant             prod    sb-orders-prod/queues/orders role=owner  => deny:no-owner
        team:leads    access.approve           prod    sb-orders-prod/queues/orders role=receiver  => deny:default
        # Emergencies.
        team:leads    access.request           prod    sb-orders-prod/queues/orders role=receiver ttl=30m break-glass  => allow:bg
        team:leads    access.request           prod    sb-orders-prod/queues/orders role=receiver ttl=1h break-glass  => allow:bg
        team:leads    access.request           prod    sb-orders-prod/queues/orders role=receiver ttl=61m break-glass  => deny:ttl>1h
        team:leads    access.request           prod    sb-orders-prod/queues/orders role=owner ttl=10m break-glass  => deny:no-owner
        team:leads    access.request           prod    sb-orders-prod/queues/orders role=receiver ttl=10m  => deny:default
        team:orders   access.request           prod    sb-orders-prod/queues/orders role=receiver ttl=10m break-glass  => needs-approval:ask-receiver
        team:orders,team:leads access.request           prod    sb-orders-prod/queues/orders role=receiver ttl=10m break-glass  => allow:bg
        team:orders,team:leads access.request           prod    sb-orders-prod/queues/orders role=receiver ttl=2h break-glass  => deny:ttl>1h
        # What takes an approval, also with a rule that would allow it without.
        team:leads    message.delete           prod    sb-orders-prod/queues/orders count=1  => needs-approval:ask-delete
        team:leads    message.delete           prod    sb-orders-prod/queues/orders count=50  => needs-approval:ask-delete
        team:leads    message.delete           prod    sb-orders-prod/queues/orders count=51  => deny:messages>50
        team:leads    message.delete           test    sb-orders-test/queues/orders count=1  => deny:default
        team:billing,team:leads message.delete           prod    sb-retail/topics/events/subscriptions/billing count=1  => needs-approval:ask-delete
        team:billing  message.delete           prod    sb-retail/topics/events/subscriptions/billing count=1000  => allow:billing-subs
        # Golden first: in production with proof that is not too old.
        team:platform entity.create            prod    sb-orders-prod/topics/t  => deny:requires golden
        team:platform rule.change              prod    sb-orders-prod/topics/t  => deny:requires golden
        team:platform entity.create            prod    sb-orders-prod/topics/t      proof=1h  => allow:build
        team:platform rule.change              prod    sb-orders-prod/topics/t      proof=1h  => allow:build
        team:platform entity.create            prod    sb-orders-prod/topics/t      proof=168h  => allow:build
        team:platform rule.change              prod    sb-orders-prod/topics/t      proof=168h  => allow:build
        team:platform entity.create            prod    sb-orders-prod/topics/t      proof=169h  => deny:requires golden
        team:platform rule.change              prod    sb-orders-prod/topics/t      proof=169h  => deny:requires golden
        team:platform entity.update            test    sb-orders-test/queues/q  => allow:build
        team:platform entity.update            golden  sb-golden/queues/q  => allow:build
        team:platform entity.delete            prod    sb-golden/queues/q           proof=1h  => deny:no-purge-prod
        # Environments that are not listed, or not said.
        team:orders   message.peek             staging sb-orders-prod/queues/orders  => deny:unlisted environment
        team:orders   message.purge            staging sb-orders-prod/queues/orders  => deny:unlisted environment
        team:orders   catalog.read             staging sb-orders-prod/queues/orders  => deny:unlisted environment
        team:orders   message.peek             Prod    sb-orders-prod/queues/orders  => deny:unlisted environment
        team:orders   message.purge            Prod    sb-orders-prod/queues/orders  => deny:unlisted environment
        team:orders   catalog.read             Prod    sb-orders-prod/queues/orders  => deny:unlisted environment
        team:orders   message.peek             -       sb-orders-prod/queues/orders  => deny:unlisted environment
        team:orders   message.purge            -       sb-orders-prod/queues/orders  => deny:unlisted environment
        team:orders   catalog.read             -       sb-orders-prod/queues/orders  => deny:unlisted environment
        # Who is not known.
        team:orders   catalog.read             test    sb-orders-test/queues/orders groups=unknown  => deny:unknown groups
        team:orders   message.peek             test    sb-orders-test/queues/orders groups=unknown  => deny:unknown groups
        team:orders   message.purge            test    sb-orders-test/queues/orders groups=unknown  => deny:unknown groups
        team:orders   audit.verify             test    sb-orders-test/queues/orders groups=unknown  => deny:unknown groups
        user:dana     catalog.read             test    sb-orders-test/queues/orders groups=not-signed-in  => allow:look
        user:dana     message.send             test    sb-orders-test/queues/orders groups=not-signed-in  => allow:dana-sends
        user:dana     message.peek             test    sb-orders-test/queues/orders groups=not-signed-in  => deny:default
        user:dana,team:orders message.peek             test    sb-orders-test/queues/orders groups=not-signed-in  => deny:default
        user:dana     message.redrive          test    sb-orders-test/queues/orders groups=not-signed-in  => deny:no-contractors
        agent,user:dana message.redrive          test    sb-orders-test/queues/orders groups=not-signed-in count=5  => deny:no-contractors
        # Users, strangers, nobody, and teams that are denied something.
        user:dana     message.send             test    sb-orders-test/queues/orders  => allow:dana-sends
        user:dana     message.send             test    sb-orders-test/queues/orders/$deadletterqueue  => allow:dana-sends
        user:dana     message.send             test    sb-orders-test/queues/orders2  => deny:default
        user:dan      message.send             test    sb-orders-test/queues/orders  => deny:default
        -             message.peek             prod    sb-orders-prod/queues/orders  => deny:default
        -             catalog.read             prod    sb-orders-prod  => allow:look
        -             access.approve           prod    sb-orders-prod/queues/orders  => deny:default
        team:contractors,team:orders message.redrive          test    sb-orders-test/queues/orders count=1  => deny:no-contractors
        team:contractors message.peek             test    sb-orders-test/queues/orders  => deny:default
        team:contractors,team:leads message.redrive          test    sb-orders-test/queues/orders/$deadletterqueue count=1  => deny:no-contractors
        team:billing  audit.verify             prod    sb-anything  => allow:look
        team:platform audit.verify             prod    sb-anything  => allow:look
        team:leads    audit.verify             prod    sb-anything  => allow:look
        user:dana     audit.verify             prod    sb-anything  => allow:look
        -             audit.verify             prod    sb-anything  => allow:look
        """#

    /// One line of the table.
    struct Row: Sendable, CustomStringConvertible {
        var question: PolicyQuestion
        var expected: String
        var description: String
    }

    static let rows: [Row] = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { row(String($0)) }

    private static func row(_ line: String) -> Row {
        let halves = line.split(separator: " => ", maxSplits: 1).map(String.init)
        let words = (halves.first ?? "").split(separator: " ").map(String.init)
        guard halves.count == 2, words.count >= 4, let action = PolicyAction(rawValue: words[1]),
            let scope = try? PolicyScope(parsing: "namespaces/" + words[3])
        else { preconditionFailure("the table has a line that is none: \(line)") }
        let subjects = words[0] == "-" ? [] : words[0].split(separator: ",").compactMap { PolicySubject(String($0)) }
        var question = PolicyQuestion(action, on: scope, by: PolicyCaller(Set(subjects)), environment: words[2] == "-" ? nil : words[2])
        for word in words.dropFirst(4) { set(word, in: &question, line) }
        return Row(question: question, expected: halves[1], description: line)
    }

    private static func set(_ word: String, in question: inout PolicyQuestion, _ line: String) {
        let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
        let value = parts.last ?? ""
        switch parts.first {
        case "groups": question.caller.groups = value == "unknown" ? .unknown : .notSignedIn
        case "role": question.role = PolicyRole(rawValue: value)
        case "ttl": question.ttl = duration(value)
        case "proof": question.goldenProofAge = duration(value)
        case "count": question.messages = Int(value)
        case "rate": question.rate = Int(value)
        case "break-glass": question.isBreakGlass = true
        default: preconditionFailure("the table has a word that is none: \(line)")
        }
    }

    private static func duration(_ text: String) -> Duration? {
        guard case .lasting(let duration)? = DurationText.parse(text) else { return nil }
        return duration
    }
}
