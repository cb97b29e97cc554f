extension DemoEstate {
    /// What the namespace is called in Azure Resource Manager.
    private static let resourceID =
        "/subscriptions/9a1c6e52-0d3b-4f7e-8a55-2f4c1e7b9d10/resourceGroups/rg-retail-prod/providers"
        + "/Microsoft.ServiceBus/namespaces/\(namespace)"

    /// The Backstage catalogue of the estate, as one file of YAML documents: teams, people, systems, services and what they use.
    ///
    /// Services are bound to entities in each of the ways catalogues do it: `azure-service-bus/queues` and `/topics`, the resource id of the
    /// Azure provider on a Resource they depend on, and our own `callboard.dev/entities`. `legacy-import`, `tmp-replay` and
    /// `central-dead-letters` belong to nobody.
    public static let catalogueYAML = #"""
        apiVersion: backstage.io/v1alpha1
        kind: Domain
        metadata:
          name: retail
          description: Everything between a basket and a parcel
        spec:
          owner: group:default/retail
        ---
        apiVersion: backstage.io/v1alpha1
        kind: System
        metadata:
          name: ordering
          description: From basket to order
        spec:
          owner: group:default/team-cart
          domain: retail
        ---
        apiVersion: backstage.io/v1alpha1
        kind: System
        metadata:
          name: finance
          description: Invoices, payments, refunds
        spec:
          owner: group:default/team-fin
          domain: retail
        ---
        apiVersion: backstage.io/v1alpha1
        kind: System
        metadata:
          name: logistics
          description: Warehouse and carriers
        spec:
          owner: group:default/team-ship
          domain: retail
        ---
        apiVersion: backstage.io/v1alpha1
        kind: System
        metadata:
          name: engagement
          description: What customers hear from us
        spec:
          owner: group:default/team-msg
          domain: retail
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Group
        metadata:
          name: retail
          description: The retail department
        spec:
          type: department
          profile:
            displayName: Retail
          children: [team-cart, team-fin, team-ship, team-msg]
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Group
        metadata:
          name: team-cart
          annotations:
            graph.microsoft.com/group-id: b3f1a7c0-1111-4a3e-9b1e-0a5d3c7e2f01
        spec:
          type: team
          parent: retail
          profile:
            displayName: Cart and checkout
            email: cart@contoso.example
          children: []
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Group
        metadata:
          name: team-fin
          annotations:
            graph.microsoft.com/group-id: b3f1a7c0-2222-4a3e-9b1e-0a5d3c7e2f02
        spec:
          type: team
          parent: retail
          profile:
            displayName: Finance systems
            email: fin@contoso.example
          children: []
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Group
        metadata:
          name: team-ship
          annotations:
            graph.microsoft.com/group-id: b3f1a7c0-3333-4a3e-9b1e-0a5d3c7e2f03
        spec:
          type: team
          parent: retail
          profile:
            displayName: Shipping and warehouse
            email: ship@contoso.example
          children: []
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Group
        metadata:
          name: team-msg
          annotations:
            graph.microsoft.com/group-id: b3f1a7c0-4444-4a3e-9b1e-0a5d3c7e2f04
        spec:
          type: team
          parent: retail
          profile:
            displayName: Messaging and loyalty
            email: msg@contoso.example
          children: []
        ---
        apiVersion: backstage.io/v1alpha1
        kind: User
        metadata:
          name: r.osei
        spec:
          profile:
            displayName: Rita Osei
            email: r.osei@contoso.example
          memberOf: [team-cart]
        ---
        apiVersion: backstage.io/v1alpha1
        kind: User
        metadata:
          name: d.moreau
        spec:
          profile:
            displayName: Dana Moreau
            email: d.moreau@contoso.example
          memberOf: [team-cart]
        ---
        apiVersion: backstage.io/v1alpha1
        kind: User
        metadata:
          name: m.ferrari
        spec:
          profile:
            displayName: Marco Ferrari
            email: m.ferrari@contoso.example
          memberOf: [team-fin]
        ---
        apiVersion: backstage.io/v1alpha1
        kind: User
        metadata:
          name: l.haddad
        spec:
          profile:
            displayName: Layla Haddad
            email: l.haddad@contoso.example
          memberOf: [team-fin]
        ---
        apiVersion: backstage.io/v1alpha1
        kind: User
        metadata:
          name: j.lindqvist
        spec:
          profile:
            displayName: Jonas Lindqvist
            email: j.lindqvist@contoso.example
          memberOf: [team-ship]
        ---
        apiVersion: backstage.io/v1alpha1
        kind: User
        metadata:
          name: p.nowak
        spec:
          profile:
            displayName: Piotr Nowak
            email: p.nowak@contoso.example
          memberOf: [team-ship]
        ---
        apiVersion: backstage.io/v1alpha1
        kind: User
        metadata:
          name: a.tanaka
        spec:
          profile:
            displayName: Aiko Tanaka
            email: a.tanaka@contoso.example
          memberOf: [team-msg]
        ---
        apiVersion: backstage.io/v1alpha1
        kind: User
        metadata:
          name: s.oduya
        spec:
          profile:
            displayName: Sam Oduya
            email: s.oduya@contoso.example
          memberOf: [team-msg]
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Component
        metadata:
          name: checkout
          title: Checkout
          description: Takes orders and payments
          tags: [dotnet, tier-1]
          annotations:
            callboard.dev/on-call: R. Osei
            pagerduty.com/service-id: PCHK001
            azure-service-bus/queues: "orders,checkout-commands"
            azure-service-bus/topics: "order-events"
          links:
            - url: https://runbooks.contoso.example/checkout
              title: Runbook
        spec:
          type: service
          lifecycle: production
          owner: group:default/team-cart
          system: ordering
          dependsOn: [component:default/billing]
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Component
        metadata:
          name: cart
          title: Cart
          description: Baskets and reminders
          tags: [node]
          annotations:
            callboard.dev/on-call: R. Osei
            azure-service-bus/queues: "cart-abandoned"
        spec:
          type: service
          lifecycle: production
          owner: group:default/team-cart
          system: ordering
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Component
        metadata:
          name: pricing
          title: Pricing
          description: Prices and promotions
          tags: [dotnet]
          annotations:
            azure-service-bus/queues: "price-updates"
        spec:
          type: service
          lifecycle: production
          owner: group:default/team-cart
          system: ordering
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Component
        metadata:
          name: billing
          title: Billing
          description: Invoices and credit notes
          tags: [dotnet, java]
          annotations:
            callboard.dev/entities: "invoices,order-events/billing"
          links:
            - url: https://runbooks.contoso.example/billing
              title: Runbook
        spec:
          type: service
          lifecycle: production
          owner: group:default/team-fin
          system: finance
          dependsOn: [resource:default/sb-payments]
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Component
        metadata:
          name: refunds
          title: Refunds
          description: Money back
          tags: [dotnet]
          annotations:
            callboard.dev/entities: "refunds,payment-events/refunds"
        spec:
          type: service
          lifecycle: production
          owner: group:default/team-fin
          system: finance
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Component
        metadata:
          name: ledger
          title: Ledger
          description: Books every payment
          tags: [java]
          annotations:
            callboard.dev/entities: "payment-events,payment-events/ledger,payment-events/fraud"
        spec:
          type: service
          lifecycle: production
          owner: group:default/team-fin
          system: finance
          dependsOn: [resource:default/sb-payments]
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Component
        metadata:
          name: shipping
          title: Shipping
          description: Hands parcels to carriers
          tags: [go]
          annotations:
            callboard.dev/on-call: J. Lindqvist
            pagerduty.com/service-id: PSHP007
            callboard.dev/entities: "shipments,carrier-outbox,order-events/shipping"
          links:
            - url: https://runbooks.contoso.example/shipping
              title: Runbook
        spec:
          type: service
          lifecycle: production
          owner: group:default/team-ship
          system: logistics
          dependsOn: [component:default/warehouse]
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Component
        metadata:
          name: warehouse
          title: Warehouse
          description: Stock and picking
          tags: [node]
          annotations:
            callboard.dev/on-call: J. Lindqvist
        spec:
          type: service
          lifecycle: production
          owner: group:default/team-ship
          system: logistics
          dependsOn: [resource:default/sb-stock-movements, resource:default/sb-pick-lists]
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Component
        metadata:
          name: tracking
          title: Tracking
          description: Where is my parcel
          tags: [go]
          annotations:
            callboard.dev/entities: "tracking-events,tracking-events/customer-app"
        spec:
          type: service
          lifecycle: production
          owner: group:default/team-ship
          system: logistics
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Component
        metadata:
          name: notifications
          title: Notifications
          description: E-mail, SMS and push
          tags: [dotnet]
          annotations:
            callboard.dev/entities: "emails, sms, push, tracking-events/notifications"
          links:
            - url: https://runbooks.contoso.example/notifications
              title: Runbook
        spec:
          type: service
          lifecycle: production
          owner: group:default/team-msg
          system: engagement
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Component
        metadata:
          name: loyalty
          title: Loyalty
          description: Points and tiers
          tags: [dotnet]
          annotations:
            callboard.dev/on-call: A. Tanaka
            callboard.dev/entities: "points,order-events/loyalty"
        spec:
          type: service
          lifecycle: production
          owner: group:default/team-msg
          system: engagement
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Component
        metadata:
          name: search
          title: Search
          description: The product index
          tags: [java]
          annotations:
            callboard.dev/entities: "order-events/search-index"
        spec:
          type: service
          lifecycle: production
          owner: group:default/team-msg
          system: engagement
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Resource
        metadata:
          name: sb-payments
          description: Payment steps, one session a customer
          annotations:
            management.azure.com/resourceId: \#(resourceID)/queues/payments
        spec:
          type: microsoft.servicebus/namespaces/queues
          owner: group:default/team-fin
          system: finance
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Resource
        metadata:
          name: sb-stock-movements
          description: Stock movements, one session a warehouse
          annotations:
            management.azure.com/resourceId: \#(resourceID)/queues/stock-movements
        spec:
          type: microsoft.servicebus/namespaces/queues
          owner: group:default/team-ship
          system: logistics
        ---
        apiVersion: backstage.io/v1alpha1
        kind: Resource
        metadata:
          name: sb-pick-lists
          description: What to fetch from the shelves
          annotations:
            management.azure.com/resourceId: \#(resourceID)/queues/pick-lists
        spec:
          type: microsoft.servicebus/namespaces/queues
          owner: group:default/team-ship
          system: logistics
        ---
        apiVersion: backstage.io/v1alpha1
        kind: API
        metadata:
          name: order-events-api
          description: What happens to an order, as events
        spec:
          type: asyncapi
          lifecycle: production
          owner: group:default/team-cart
          system: ordering
          definition: |
            asyncapi: 2.6.0
            info: { title: Order events, version: 3.1.0 }
            channels:
              order-events:
                subscribe:
                  message:
                    oneOf:
                      - { name: OrderPlaced }
                      - { name: OrderPaid }
        """#
}
