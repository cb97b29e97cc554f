#!/usr/bin/env python3
"""Runs `callboard demo` in a terminal, goes to the screens the documentation shows, and writes each as docs/images/NAME.svg."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

from terminal import Terminal  # noqa: E402  (also puts Tests/Interop on the path)

import callboard  # noqa: E402
from svg import picture  # noqa: E402

ROWS, COLUMNS = 30, 112


def save(terminal, name, title):
    path = ROOT / "docs" / "images" / f"{name}.svg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(picture(terminal.styled(), COLUMNS, ROWS, title), encoding="utf-8")
    print(f"    docs/images/{name}.svg")


def main():
    with Terminal(ROWS, COLUMNS) as terminal:
        terminal.start(f"{callboard.EXECUTABLE} demo", r"12 services", seconds=60)
        terminal.wait_gone("loading")
        # The second listing makes rates of counts.
        terminal.wait_for(r"checkout .* (min|h|d) .* never", seconds=40)
        save(terminal, "board", "callboard demo: services, worst first")
        terminal.keys("g", "e")
        terminal.wait_for(r"30 entities")
        save(terminal, "entities", "callboard demo: queues, topics and subscriptions, worst first")
        terminal.type(":test-rules payment-events")
        terminal.keys("Enter")
        terminal.wait_for(r"would get it")
        for text in ("amount:=900", "country=DE"):
            terminal.keys("a")
            terminal.type(text)
            terminal.keys("Enter")
        terminal.wait_for(r"3 of 3")
        save(terminal, "tester", "callboard demo: who would get a message, and why")
        terminal.type(":entity orders")
        terminal.keys("Enter")
        terminal.wait_for(r"orders · queue")
        terminal.wait_gone("loading")
        terminal.keys("e")
        terminal.wait_for(r"nothing is different yet")
        for setting, value in (("status", "receive-disabled"), ("max-delivery", "5")):
            # A filter that is typed anew takes the place of the one before.
            terminal.type("/")
            terminal.keys("C-u")
            terminal.type(setting)
            terminal.keys("Enter", "Enter", "C-u")
            terminal.type(value)
            terminal.keys("Enter")
            terminal.wait_for(rf"{setting}.* {value} +was ")
        terminal.keys("C-s")
        terminal.wait_for(r"nothing was sent yet")
        save(terminal, "difference", "callboard demo: a change, before anything is sent")
        terminal.keys("q")
        terminal.wait_gone("nothing was sent yet")
        terminal.keys("q")
        terminal.wait_for(r"give up what was filled in")
        terminal.type("yes")
        terminal.keys("Enter")
        terminal.wait_for(r"orders · queue")
        save(terminal, "entity", "callboard demo: a queue")
        terminal.keys("c")
        terminal.wait_for(r"scanned 50,012 in", seconds=60)
        terminal.wait_for(r"here +MaxDeliveryCount")
        terminal.wait_gone("loading")
        save(terminal, "groups", "callboard demo: fifty thousand dead letters by what they died of")
        terminal.keys("p")
        terminal.wait_for(r"Whose word")
        save(terminal, "explanation", "callboard demo: what the reason means, which setting caused it, what to do")
        terminal.keys("q")
        terminal.wait_for(r"by fingerprint")
        terminal.keys("q")
        terminal.wait_for(r"orders · queue")
        terminal.keys("d")
        terminal.wait_for(r"ValidationFailed|TTLExpiredException")
        terminal.wait_gone("loading", seconds=60)
        terminal.keys("G")
        save(terminal, "dead-letters", "callboard demo: fifty thousand dead letters")
        terminal.keys("Enter")
        terminal.wait_for("body · ")
        save(terminal, "message", "callboard demo: one of them")
        terminal.keys("Q")
        terminal.wait_for_shell()


main()
