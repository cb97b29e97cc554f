"""Dead letters of forty causes, with noise, and a score for how well groups find them again.

Descriptions are written the way frameworks and people write them: exceptions with ids, durations, hosts, paths, names and quoted values in
them, some with a stack trace. Which cause a message has is known by its place; `adjusted_rand_index` compares that with what was found.
"""

import collections
import math
import random
import uuid

NAMES = ["Osei", "Moreau", "Ferrari", "Haddad", "Lindqvist", "Nowak", "Tanaka", "Oduya", "Berg", "Costa", "Ivanova", "Silva", "Kowalski", "Novak",
         "Rossi", "Dubois", "Larsen", "Murphy", "Popescu", "Jensen", "Yilmaz", "Santos", "Meyer", "Fischer", "Petrov", "Horvat", "Kaya", "Sato"]
HOSTS = ["pay", "stock", "ledger", "geo", "mail", "search", "tax", "fraud", "crm", "wms"]
CURRENCIES = ["EUR", "USD", "SEK", "PLN", "JPY", "CHF", "NOK", "DKK", "GBP", "CZK", "HUF", "RON"]

# Reason, description; what stands in braces is filled in anew for each message.
CAUSES = [
    ("TimeoutException", "POST https://pay/orders/{n} took {ms}ms (limit 30000ms)"),
    ("TimeoutException", "GET https://stock/items/{n}?warehouse={n2} took {ms}ms (limit 5000ms)"),
    ("SqlException", "Transaction (Process ID {n2}) was deadlocked on lock resources with another process and has been chosen as the deadlock victim."),
    ("SqlException", "Violation of UNIQUE KEY constraint 'UQ_Orders'. Cannot insert duplicate key in object 'dbo.Orders'. The duplicate key value is ({guid})."),
    ("SqlException", "Timeout expired after {n2} seconds. The timeout period elapsed prior to obtaining a connection from the pool."),
    ("ValidationFailed", "$.lines[{n2}].sku is empty"),
    ("ValidationFailed", "$.customer.email '{name}@{host}' is not an address"),
    ("ValidationFailed", "$.total: {amount} {currency} is negative"),
    ("ValidationFailed", "customer {name} has no delivery address"),
    ("ValidationFailed", "currency {currency} is not accepted in shop {n2}"),
    ("NullReferenceException", "Object reference not set to an instance of an object.\n   at Shop.Orders.Handler.Handle(OrderPlaced message) in /src/Orders/Handler.cs:line {n2}\n   at Shop.Bus.Dispatch() in /src/Bus.cs:line {n2}"),
    ("NullReferenceException", "Object reference not set to an instance of an object.\n   at Shop.Mail.Renderer.Render(Template template) in /src/Mail/Renderer.cs:line {n2}"),
    ("JsonException", "'{hex}' is an invalid start of a value. Path: $.items[{n2}] | LineNumber: {n2} | BytePositionInLine: {n2}."),
    ("JsonException", "The JSON value could not be converted to System.Int32. Path: $.quantity | LineNumber: 0 | BytePositionInLine: {n2}."),
    ("FileNotFoundException", "Could not find file '/var/data/in/{hex}.xml'."),
    ("UnauthorizedAccessException", "Access to the path /mnt/share/{n2}/{hex} is denied."),
    ("HttpRequestException", "Response status code does not indicate success: 503 (Service Unavailable). Request {guid}"),
    ("HttpRequestException", "Response status code does not indicate success: 404 (Not Found). Request {guid}"),
    ("HttpRequestException", "Connection refused ({ip}:{port})"),
    ("SocketException", "No route to host {ip}"),
    ("java.lang.IllegalStateException", "Invoice {n} is already booked as entry {hex}"),
    ("java.lang.IllegalArgumentException", "Unknown payment method for order ORD-{n}-{hex}"),
    ("java.net.SocketTimeoutException", "Read timed out after {ms} ms talking to ledger-{n2}.internal"),
    ("org.postgresql.util.PSQLException", "ERROR: could not serialize access due to concurrent update, transaction {n}"),
    ("org.postgresql.util.PSQLException", "ERROR: duplicate key value violates unique constraint \"payments_pkey\" Detail: Key (id)=({guid}) already exists."),
    ("KeyError", "'{hex}'\n  File \"/app/worker.py\", line {n2}, in handle"),
    ("ValueError", "invalid literal for int() with base 10: '{name}'"),
    ("RuntimeError", "model {hex} was trained with {n2} features, got {n2}"),
    ("TypeError", "Cannot read properties of undefined (reading 'price')\n    at reprice (/app/dist/reprice.js:{n2}:{n2})"),
    ("Error", "ECONNRESET while writing {n} bytes to {ip}:{port}"),
    ("Error", "certificate of {host} expired at {time}"),
    ("LockLostException", "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue. Reference:{guid}, TrackingId:{guid}_G{n2}, Timestamp:{time}"),
    ("SagaNotFound", "No saga of type OrderSaga for correlation id {guid}"),
    ("SchemaException", "event version {n2} of OrderPlaced is not known to this consumer"),
    ("RateLimited", "quota of tenant {hex} used up: {n} of {n} calls, retry at {time}"),
    ("PaymentDeclined", "issuer declined card ending {n4} for {amount} {currency}, code {n2}"),
    ("StockConflict", "reserved {n2} of item {hex}, only {n2} left in bin {n2}-{n2}"),
    ("CarrierRejected", "parcel {hex} of {amount} kg is over the limit of carrier contract {n}"),
    ("TemplateRejected", "placeholder {{customer}} of template {n2} is empty for {name}"),
    ("", "Message could not be consumed after {n2} delivery attempts."),
]
NOISE = 0.03


class Generator:
    """Messages in a fixed order for a seed: (cause, reason, description); cause is None for noise."""

    def __init__(self, seed=5):
        self.random = random.Random(seed)
        syllables = ["ka", "lo", "mi", "ter", "van", "sun", "dri", "pel", "ost", "bra", "nu", "eck", "fal", "gin", "hos"]
        self.words = ["".join(self.random.choice(syllables) for _ in range(self.random.randint(2, 4))) for _ in range(3000)]
        # A few causes have most of the messages, as in any incident.
        self.weights = [1 / (rank + 1) for rank in range(len(CAUSES))]
        self.random.shuffle(self.weights)

    def message(self):
        r = self.random
        if r.random() < NOISE:
            return None, r.choice(self.words), " ".join(r.choice(self.words) for _ in range(r.randint(4, 12)))
        cause = r.choices(range(len(CAUSES)), self.weights)[0]
        reason, template = CAUSES[cause]
        return cause, reason, self.fill(template)

    def fill(self, template):
        r = self.random
        makers = {
            "{n}": lambda: str(r.randint(1, 99_999_999)), "{n2}": lambda: str(r.randint(1, 999)), "{n4}": lambda: f"{r.randint(0, 9999):04}",
            "{ms}": lambda: str(r.randint(5001, 90_000)), "{amount}": lambda: f"{r.uniform(1, 9999):.2f}",
            "{hex}": lambda: f"{r.getrandbits(48):012x}", "{guid}": lambda: str(uuid.UUID(int=r.getrandbits(128))),
            "{name}": lambda: r.choice(NAMES), "{host}": lambda: r.choice(HOSTS), "{currency}": lambda: r.choice(CURRENCIES),
            "{ip}": lambda: ".".join(str(r.randint(1, 254)) for _ in range(4)), "{port}": lambda: str(r.randint(1024, 65535)),
            "{time}": lambda: f"2026-11-{r.randint(1, 28):02}T{r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.randint(0, 59):02}Z",
        }
        parts, rest = [], template.replace("{{", "\0").replace("}}", "\1")
        while "{" in rest:
            before, _, after = rest.partition("{")
            name, _, rest = after.partition("}")
            parts += [before, makers["{" + name + "}"]()]
        return "".join([*parts, rest]).replace("\0", "{").replace("\1", "}")


def adjusted_rand_index(truth, found):
    """How far two partitions of the same things agree: 1 for the same, about 0 for chance (Hubert and Arabie, 1985)."""
    assert len(truth) == len(found)
    both = sum(math.comb(count, 2) for count in collections.Counter(zip(truth, found)).values())
    of_truth = sum(math.comb(count, 2) for count in collections.Counter(truth).values())
    of_found = sum(math.comb(count, 2) for count in collections.Counter(found).values())
    by_chance = of_truth * of_found / math.comb(len(truth), 2)
    most = (of_truth + of_found) / 2
    return (both - by_chance) / (most - by_chance)
