import Testing

@testable import Console

/// What the screens of access look like, to the letter.
@Suite struct AccessGoldenTests {
    @Test("the bindings of an entity, 80x24")
    func bindings80() {
        #expect(
            AccessFixture.console(AccessFixture.scene, ":bindings orders<Enter>", 24, 80).text == """
                 TEST  sb-retail › orders › bindings                  as k.brandt@… · read-only
                 orders · send 3 · receive 3                            as of 03:12:44Z, <1 min
                ─ who ──────────── send  receive  manage  assigned ──── through ─── until ──────
                ▌ c0000000-0000-…  yes   yes      yes     ↓ resource …              until 05:12Z
                  RootManageShar…  yes   yes      yes     ↓ namespace               standing
                  Olga Brandt      ·     yes      ·       ↓ namespace   sg-support  standing
                  c0000000-0000-…  ·     yes      ·       direct                    standing
                  Olga Brandt      yes   ·        ·       direct                    note 04:00Z
                  app              yes   ·        ·       direct                    standing
                  app-checkout     yes   ·        ·       direct                    standing







                ────────────────────────────────────────────────────────────────────────────────
                 c0000000-0000-0000-0000-000000000009 (application
                   c0000000-0000-0000-0000-000000000009) can send, receive, manage, get keys
                   by Azure Service Bus Data Owner, assigned at resource group rg-retail;
                   Azure ends it at 11-23 05:12:44Z
                                                                                         1 of 7
                 enter what else they can · w who can… · f findings · K keys · / filter
                """)
    }

    @Test("the bindings of an entity, 200x60")
    func bindings200() {
        #expect(
            AccessFixture.console(AccessFixture.scene, ":bindings orders<Enter>", 60, 200).text == """
                 TEST  sb-retail › orders › bindings                                                                                                                               k.brandt@contoso.example · read-only
                 orders · send 3 · receive 3 · manage 1 · 2 key rules                                                                                                                           as of 03:12:44Z, <1 min
                ─ who ───────────────────────────────── kind ─────── send  receive  manage  by ─────────── assigned ────────────────── through ─── until ─────── also ──── remark ──────────────────────────────────────
                ▌ c0000000-0000-0000-0000-000000000009  application  yes   yes      yes     Data Owner     ↓ resource group rg-retail              until 05:12Z  get keys
                  RootManageSharedAccessKey             key          yes   yes      yes     shared key     ↓ namespace                             standing
                  Olga Brandt                           person       ·     yes      ·       Data Receiver  ↓ namespace                 sg-support  standing
                  c0000000-0000-0000-0000-000000000002  application  ·     yes      ·       Data Receiver  direct                                  standing                acts for component:default/billing
                  Olga Brandt                           person       yes   ·        ·       Data Sender    direct                                  note 04:00Z
                  app                                   key          yes   ·        ·       shared key     direct                                  standing
                  app-checkout                          application  yes   ·        ·       Data Sender    direct                                  standing                acts for component:default/checkout










































                ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                 c0000000-0000-0000-0000-000000000009 (application c0000000-0000-0000-0000-000000000009) can send, receive, manage, get keys by Azure Service Bus Data Owner, assigned at resource group rg-retail;
                   Azure ends it at 11-23 05:12:44Z



                                                                                                                                                                                                                 1 of 7
                 enter what else they can · w who can… · f findings · K keys · / filter · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("the bindings of an entity, for somebody who may not see the namespace, 80x24")
    func blind80() {
        #expect(
            AccessFixture.console(AccessFixture.blind, ":bindings orders<Enter>", 24, 80).text == """
                 TEST  sb-retail › orders › bindings                  as k.brandt@… · read-only
                 orders · ✕ who has access is not known                 as of 03:12:44Z, <1 min
                ─ who ──────────────── send  receive  manage  assigned ─────── until ───────────
                ▌ It is not known who can do anything here:
                  ✕ not known: the namespace: not permitted: needs
                    Microsoft.ServiceBus/namespaces/read at the namespace of sb-retail











                ────────────────────────────────────────────────────────────────────────────────





                 w who can… · f findings · K keys · / filter · : command · q back · ? help
                """)
    }

    @Test("the bindings of an entity, for somebody who may not see the namespace, 200x60")
    func blind200() {
        #expect(
            AccessFixture.console(AccessFixture.blind, ":bindings orders<Enter>", 60, 200).text == """
                 TEST  sb-retail › orders › bindings                                                                                                                               k.brandt@contoso.example · read-only
                 orders · ✕ who has access is not known                                                                                                                                         as of 03:12:44Z, <1 min
                ─ who ──────────────────────── kind ────────────── send  receive  manage  by ─────────────────────── assigned ─────────────── until ──────────────────── also ───────────────── remark ─────────────────
                ▌ It is not known who can do anything here:
                  ✕ not known: the namespace: not permitted: needs Microsoft.ServiceBus/namespaces/read at the namespace of sb-retail















































                ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────






                 w who can… · f findings · K keys · / filter · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("what one identity can do, 80x24")
    func holdings80() {
        #expect(
            AccessFixture.console(AccessFixture.scene, ":bindings orders<Enter>/olga<Enter><Enter>", 24, 80).text == """
                 TEST  sb-retail › orders › bindings › Olga Brandt    as k.brandt@… · read-only
                 Olga Brandt · person · 2 roles here                    as of 03:12:44Z, <1 min
                ─ where ─────── send  receive  manage  assigned ─── through ─── until ──────────
                ▌ all entities  ·     yes      ·       ↓ namespace  sg-support  standing
                  orders        yes   ·        ·       direct                   note 04:00Z












                ────────────────────────────────────────────────────────────────────────────────
                 Olga Brandt (person d0000000-0000-0000-0000-000000000001) can receive by
                   Azure Service Bus Data Receiver, assigned at namespace sb-retail, through
                   the group sg-support; standing

                                                                                         1 of 2
                 w what it can… · f findings · / filter · : command · q back · ? help
                """)
    }

    @Test("what one identity can do, 200x60")
    func holdings200() {
        #expect(
            AccessFixture.console(AccessFixture.scene, ":bindings orders<Enter>/olga<Enter><Enter>", 60, 200).text == """
                 TEST  sb-retail › orders › bindings › Olga Brandt                                                                                                                 k.brandt@contoso.example · read-only
                 Olga Brandt · person · 2 roles here                                                                                                                                            as of 03:12:44Z, <1 min
                ─ where ─────── send  receive  manage  by ─────────── assigned ─── through ─── until ────── also  remark ───────────────────────────────────────────────────────────────────────────────────────────────
                ▌ all entities  ·     yes      ·       Data Receiver  ↓ namespace  sg-support  standing
                  orders        yes   ·        ·       Data Sender    direct                   note 04:00Z















































                ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                 Olga Brandt (person d0000000-0000-0000-0000-000000000001) can receive by Azure Service Bus Data Receiver, assigned at namespace sb-retail, through the group sg-support; standing




                                                                                                                                                                                                                 1 of 2
                 w what it can… · f findings · / filter · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("services by entities, 80x24")
    func matrix80() {
        #expect(
            AccessFixture.console(AccessFixture.scene, "b", 24, 80).text == """
                 TEST  sb-retail › bindings                           as k.brandt@… · read-only
                 6 entities · 2 high findings (f)                       as of 03:12:44Z, <1 min
                ─ service ─ entity ──────── senders  receivers  manage  keys  findings ─────────
                ▌ billing   orders          3        3          1          2  2 EXTRA
                  billing   events          2        2          1          1  1 EXTRA
                  billing   events/billing  0        3          1          1  1 EXTRA
                  checkout  orders          3        3          1          2  2 EXTRA
                  checkout  events          2        2          1          1  1 EXTRA
                  checkout  events/billing  0        3          1          1  1 EXTRA








                ────────────────────────────────────────────────────────────────────────────────
                 orders · send: Olga Brandt, app-checkout,
                   c0000000-0000-0000-0000-000000000009↓ · receive:
                   c0000000-0000-0000-0000-000000000002, Olga Brandt↓,
                   c0000000-0000-0000-0000-000000000009↓ · manage:                             …
                                                                                         1 of 6
                 enter who · f findings · K keys · / filter · s sort · : command · q back
                """)
    }

    @Test("services by entities, 200x60")
    func matrix200() {
        #expect(
            AccessFixture.console(AccessFixture.scene, "b", 60, 200).text == """
                 TEST  sb-retail › bindings                                                                                                                                        k.brandt@contoso.example · read-only
                 6 entities of 2 services · 6 findings, 2 high (f)                                                                                                                              as of 03:12:44Z, <1 min
                ─ service ─ entity ──────── senders ───────────────────── receivers ────────────────────────────── manage  keys  findings ──────────────────────────────────────────────────────────────────────────────
                ▌ billing   orders          3  Olga Brandt, app-checkout  3  c0000000-0000-0000-0000-000000000002  1          2  2 EXTRA
                  billing   events          2  app-checkout               2                                        1          1  1 EXTRA
                  billing   events/billing  0                             3  c0000000-0000-0000-0000-000000000002  1          1  1 EXTRA
                  checkout  orders          3  Olga Brandt, app-checkout  3  c0000000-0000-0000-0000-000000000002  1          2  2 EXTRA
                  checkout  events          2  app-checkout               2                                        1          1  1 EXTRA
                  checkout  events/billing  0                             3  c0000000-0000-0000-0000-000000000002  1          1  1 EXTRA











































                ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                 orders · send: Olga Brandt, app-checkout, c0000000-0000-0000-0000-000000000009↓ · receive: c0000000-0000-0000-0000-000000000002, Olga Brandt↓, c0000000-0000-0000-0000-000000000009↓ · manage:
                   c0000000-0000-0000-0000-000000000009↓ · ! sg-support can receive on events, events/billing, orders, and the catalogue does not say so · 4 findings about the whole namespace



                                                                                                                                                                                                                 1 of 6
                 enter who · f findings · K keys · / filter · s sort · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("findings, 80x24")
    func drift80() {
        #expect(
            AccessFixture.console(AccessFixture.scene, "gf", 24, 80).text == """
                 TEST  sb-retail › drift                              as k.brandt@… · read-only
                 6 findings · 2 high                                    as of 03:12:44Z, <1 min
                ─ severity  finding ───────── where ────────────── what ────────────────────────
                ▌ high      HUMAN_STANDING    namespace sb-retail  1 person in sg-support can r…
                  high      SHARED_KEY        namespace sb-retail  whoever has a key of 'RootMa…
                  medium    EXTRA             namespace sb-retail  sg-support can receive on ev…
                  medium    OUTSIDE_WORKFLOW  namespace sb-retail  sg-support was given Azure S…
                  medium    OVERBROAD_SCOPE   namespace sb-retail  sg-support can receive on al…
                  medium    SHARED_KEY        queue orders         whoever has a key of 'app' h…

                  – not checked: KEY_TOO_OLD: of 2 shared access rules nothing says when their
                    keys were made anew (tag callboard-rotated of the namespace, or
                    callboard-rotated=DATE in the userMetadata of the entity)




                ────────────────────────────────────────────────────────────────────────────────
                 1 person in sg-support can receive on namespace sb-retail without an end.
                 enter shows what it rests on, and how it would be mended
                 what was not checked, and why, stands below the list (G)

                                                                                         1 of 6
                 enter evidence and plan · s severity · b bindings · / filter · : command
                """)
    }

    @Test("findings, 200x60")
    func drift200() {
        #expect(
            AccessFixture.console(AccessFixture.scene, "gf", 60, 200).text == """
                 TEST  sb-retail › drift                                                                                                                                           k.brandt@contoso.example · read-only
                 6 findings · 2 high · 4 medium                                                                                                                                                 as of 03:12:44Z, <1 min
                ─ severity  finding ───────── where ────────────── what ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                ▌ high      HUMAN_STANDING    namespace sb-retail  1 person in sg-support can receive on namespace sb-retail without an end
                  high      SHARED_KEY        namespace sb-retail  whoever has a key of 'RootManageSharedAccessKey' has Listen, Manage, Send on namespace sb-retail, and nobody can tell who that is
                  medium    EXTRA             namespace sb-retail  sg-support can receive on events, events/billing, orders, and the catalogue does not say so
                  medium    OUTSIDE_WORKFLOW  namespace sb-retail  sg-support was given Azure Service Bus Data Receiver on namespace sb-retail, and no request and no entry of the catalogue stands behind it
                  medium    OVERBROAD_SCOPE   namespace sb-retail  sg-support can receive on all 3 entities by a role on the namespace sb-retail
                  medium    SHARED_KEY        queue orders         whoever has a key of 'app' has Send on queue orders, and nobody can tell who that is

                  – not checked: KEY_TOO_OLD: of 2 shared access rules nothing says when their keys were made anew (tag callboard-rotated of the namespace, or callboard-rotated=DATE in the userMetadata of the
                    entity)








































                ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                 1 person in sg-support can receive on namespace sb-retail without an end.
                 enter shows what it rests on, and how it would be mended
                 what was not checked, and why, stands below the list (G)


                                                                                                                                                                                                                 1 of 6
                 enter evidence and plan · s severity · b bindings · / filter · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("a finding with its plan, 80x24")
    func finding80() {
        #expect(
            AccessFixture.console(AccessFixture.scene, "gf<Enter>", 24, 80).text == """
                 TEST  sb-retail › drift › HUMAN_STANDING             as k.brandt@… · read-only
                 HUMAN_STANDING · high · human-standing-dc00675a28      as of 03:12:44Z, <1 min
                 1 person in sg-support can receive on namespace sb-retail without an end.

                 what shows it
                 where       namespace sb-retail
                 identity    sg-support (e0000000-0000-0000-0000-000000000001), group
                 role        Azure Service Bus Data Receiver
                 scope       /subscriptions/5ab00000-0000-0000-0000-000000000001/resourceGroups
                             /rg-retail/providers/Microsoft.ServiceBus/namespaces/sb-retail
                 assignment  /subscriptions/5ab00000-0000-0000-0000-000000000001/resourceGroups
                             /rg-retail/providers/Microsoft.ServiceBus/namespaces/sb-retail/pro
                             viders/Microsoft.Authorization/roleAssignments/a0000000-0000-0000-
                             0000-000000000010
                 made        2026-07-31T00:00:00Z
                 allows      receive
                 people      Olga Brandt
                 It concerns every entity of the namespace.

                 how it would be mended · nothing of this is done here
                 1. Make sg-support eligible, so that the role is activated for a while when
                   it is needed. (Privileged Identity Management: Entra ID P2.)
                                                                                line 1-20 of 38
                 yv copy the requests · b bindings · : command · q back · ? help · Q quit
                """)
    }

    @Test("a finding with its plan, 200x60")
    func finding200() {
        #expect(
            AccessFixture.console(AccessFixture.scene, "gf<Enter>", 60, 200).text == """
                 TEST  sb-retail › drift › HUMAN_STANDING                                                                                                                          k.brandt@contoso.example · read-only
                 HUMAN_STANDING · high · human-standing-dc00675a28                                                                                                                              as of 03:12:44Z, <1 min
                 1 person in sg-support can receive on namespace sb-retail without an end.

                 what shows it
                 where       namespace sb-retail
                 identity    sg-support (e0000000-0000-0000-0000-000000000001), group
                 role        Azure Service Bus Data Receiver
                 scope       /subscriptions/5ab00000-0000-0000-0000-000000000001/resourceGroups/rg-retail/providers/Microsoft.ServiceBus/namespaces/sb-retail
                 assignment  /subscriptions/5ab00000-0000-0000-0000-000000000001/resourceGroups/rg-retail/providers/Microsoft.ServiceBus/namespaces/sb-retail/providers/Microsoft.Authorization/roleAssignments/a000000
                             0-0000-0000-0000-000000000010
                 made        2026-07-31T00:00:00Z
                 allows      receive
                 people      Olga Brandt
                 It concerns every entity of the namespace.

                 how it would be mended · nothing of this is done here
                 1. Make sg-support eligible, so that the role is activated for a while when it is needed. (Privileged Identity Management: Entra ID P2.)
                    PUT /subscriptions/5ab00000-0000-0000-0000-000000000001/resourceGroups/rg-retail/providers/Microsoft.ServiceBus/namespaces/sb-retail/providers/Microsoft.Authorization/roleEligibilityScheduleReque
                      sts/7e8c1711-de29-519c-8f7c-14f3abc40440?api-version=2020-10-01
                    {"properties":{"justification":"In place of a standing assignment","principalId":"e0000000-0000-0000-0000-000000000001","requestType":"AdminAssign","roleDefinitionId":"/subscriptions/5ab00000-000
                      0-0000-0000-000000000001/providers/Microsoft.Authorization/roleDefinitions/4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0","scheduleInfo":{"expiration":{"duration":null,"endDateTime":null,"type":"NoExpir
                      ation"}}}}
                 2. Remove the assignment at namespace sb-retail.
                    DELETE /subscriptions/5ab00000-0000-0000-0000-000000000001/resourceGroups/rg-retail/providers/Microsoft.ServiceBus/namespaces/sb-retail/providers/Microsoft.Authorization/roleAssignments/a0000000-
                      0000-0000-0000-000000000010?api-version=2022-04-01

                 The requests are to Azure Resource Manager (az rest sends them). yv copies them, :save-value FILE writes them.































                 yv copy the requests · b bindings · : command · q back · ? help · Q quit
                """)
    }

    @Test("while it is read, 80x24")
    func waiting80() {
        #expect(
            AccessFixture.console(nil, "b", 24, 80).text == """
                 TEST  sb-retail › bindings                           as k.brandt@… · read-only
                 Bindings                                                             ⠦ loading

                   Reading the catalogue…

                   ⠦ the catalogue
                   · the namespace
                   · entities
                   · shared access rules
                   · role assignments
                   · roles
                   · deny assignments
                   · role schedules
                   · names and members of groups









                 esc stop · f findings · K keys · / filter · s sort · : command · q back
                """)
    }
}
