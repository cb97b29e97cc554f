"""How somebody asks for a role and another agrees, with keys: what the journeys of the console's access screens have in common."""

# Azure is asked for some dozens of things, by a debug build, on a machine that does other things too.
READ = 60


def flat(terminal):
    """The text on the screen without line ends: what is wrapped is one sentence still."""
    return " ".join(terminal.screen().split())


def says(terminal, words, seconds=READ):
    """Waits until a sentence is on the screen, wrapped or not."""
    terminal.until(lambda: words in flat(terminal), seconds, f"{words!r} on the screen")


def to_refusal(terminal):
    """board → entity → its messages, which may not be looked into."""
    terminal.type(":entity orders")
    terminal.keys("Enter")
    terminal.wait_for(r"› orders\b")
    terminal.keys("m")
    says(terminal, "R asks for Data Receiver on orders")


def ask(terminal, reason, time=None):
    """Asks for the role on the queue that is refused."""
    terminal.keys("R")
    terminal.wait_for(r"orders › ask")
    says(terminal, "limits")
    # Who would decide and how long it may be are known before anything is asked.
    assert "2h" in flat(terminal) and "/queues/orders" in flat(terminal).replace(" ", ""), flat(terminal)
    if time:
        terminal.keys("k", "Enter")
        terminal.wait_for(r"^for:")
        terminal.keys("C-u")
        terminal.type(time)
        terminal.keys("Enter")
        terminal.wait_for(rf"^[▌ ]+for +{time}$")
        terminal.keys("j")
    terminal.keys("Enter")
    terminal.wait_for(r"^reason:")
    terminal.type(reason)
    terminal.keys("Enter")
    terminal.wait_for(r"\^S asks", seconds=READ)
    terminal.keys("C-s")
    terminal.wait_for(r"access › yours", seconds=READ)
    terminal.wait_for(r"^▌ .*Data Receiver +orders.*waiting|^▌ .*waiting", seconds=READ)


def open_request(terminal):
    """From wherever one is to the first of what waits."""
    terminal.keys("g", "a")
    terminal.wait_for(r"access › waiting for you")
    terminal.wait_for(r"^▌ Layla Haddad +Data Receiver +orders", seconds=READ)
    says(terminal, "allowed for you to agree to")


def decide(terminal, key, reason):
    """Presses a key, gives a reason, and sends it."""
    terminal.keys(key)
    terminal.wait_for(r"^reason to [\w ]+:")
    terminal.type(reason)
    terminal.keys("Enter")
    terminal.wait_for(r"\^S: ")
    terminal.keys("C-s")


def peeks(terminal):
    """From the list of access back to the messages, which are there."""
    terminal.keys("q")
    terminal.wait_for(r"› orders › messages|› orders\b|… › messages")
    terminal.keys("C-r")
    terminal.wait_for(r"^▌ +\d+ ", seconds=READ)
