"""What the exchange tests send, as every side of them has to make and check it.

Message `n` of an exchange (n from 0) has the message-id "exchange-n" (a string), the application property "number" (a long, n), and one data
section: 100 bytes, for every thousandth message 100,000 (more than a frame), each byte n modulo 256. Receivers print one line a message,
in the order they got them: the message-id, a space, the size of the body; senders print nothing but {"accepted": COUNT} at their end.

`amqp-exchange send|receive HOST PORT ADDRESS COUNT [--user U --password P]` is our client's side (an executable of the package);
proton_peer.py is Apache Qpid Proton's.
"""


def identity(number):
    return f"exchange-{number}"


def size(number):
    return 100_000 if number % 1000 == 0 else 100


def body(number):
    return bytes([number % 256]) * size(number)


def expected_lines(count):
    return [f"{identity(number)} {size(number)}" for number in range(count)]


def difference(lines, count):
    """What is wrong with a receiver's lines, in words; None when every message came once and in order."""
    expected = expected_lines(count)
    if lines == expected:
        return None
    seen = {}
    for line in lines:
        seen[line] = seen.get(line, 0) + 1
    lost = [line for line in expected if line not in seen]
    doubled = [line for line, times in seen.items() if times > 1]
    foreign = [line for line in seen if line not in set(expected)]
    if not (lost or doubled or foreign):
        return "all came once, but out of order"
    return "; ".join(
        f"{len(group)} {word}: {', '.join(group[:5])}{' …' if len(group) > 5 else ''}"
        for word, group in (("lost", lost), ("doubled", doubled), ("not ours", foreign))
        if group
    )
