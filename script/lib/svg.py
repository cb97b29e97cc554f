"""Turns what tmux captured of a terminal (text with SGR sequences) into an SVG picture: text stays text, colours are those of a fixed palette.

Only what a screen capture holds is understood: SGR for bold, dim, italic, underline, reverse, and the 16, 256 and RGB colours.
"""

import re
import unicodedata
from html import escape

FOREGROUND, BACKGROUND = "#d6deeb", "#10151f"
BASIC = (
    "#1d2433 #e5534b #57ab5a #d4a72c #539bf5 #b083f0 #39c5cf #adbac7 "
    "#636e7b #ff7b72 #7ee787 #f2cc60 #79c0ff #d2a8ff #56d4dd #ffffff"
).split()
CELL_WIDTH, CELL_HEIGHT, BASELINE, MARGIN, TITLE = 8.4, 18, 13.5, 14, 30


def colour(index):
    """A colour of the 256-colour palette."""
    if index < 16:
        return BASIC[index]
    if index < 232:
        steps = (0, 95, 135, 175, 215, 255)
        index -= 16
        return "#%02x%02x%02x" % (steps[index // 36], steps[index // 6 % 6], steps[index % 6])
    grey = 8 + (index - 232) * 10
    return "#%02x%02x%02x" % (grey, grey, grey)


class Style:
    """The attributes in force."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.italic = self.underline = self.reverse = False

    def apply(self, parameters):
        codes = [int(code) if code.isdigit() else 0 for code in re.split("[;:]", parameters)] if parameters else [0]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.reset()
            elif code in (38, 48):
                value = self._extended(codes)
                if code == 38:
                    self.fg = value
                else:
                    self.bg = value
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self.fg = BASIC[code - 30 if code < 90 else code - 82]
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self.bg = BASIC[code - 40 if code < 100 else code - 92]
            elif code == 39:
                self.fg = None
            elif code == 49:
                self.bg = None
            else:
                switches = {1: ("bold", 1), 2: ("dim", 1), 3: ("italic", 1), 4: ("underline", 1), 7: ("reverse", 1)}
                switches |= {22: ("bold", 0), 23: ("italic", 0), 24: ("underline", 0), 27: ("reverse", 0)}
                if code in switches:
                    name, value = switches[code]
                    setattr(self, name, bool(value))
                    if code == 22:
                        self.dim = False

    @staticmethod
    def _extended(codes):
        kind = codes.pop(0) if codes else 0
        if kind == 5 and codes:
            return colour(min(codes.pop(0), 255))
        if kind == 2 and len(codes) >= 3:
            return "#%02x%02x%02x" % tuple(min(codes.pop(0), 255) for _ in range(3))
        return None

    def key(self):
        fg, bg = self.fg or FOREGROUND, self.bg or BACKGROUND
        if self.reverse:
            fg, bg = bg, fg
        return fg, bg, self.bold, self.dim, self.italic, self.underline


def runs(line, style):
    """(column, text, width, attributes) of each run of equal attributes in a line; the style goes on to the next line."""
    column = start = 0
    text = ""
    key = style.key()
    for match in re.finditer(r"\x1b\[([\d;:]*)m|\x1b[^m]*m|(.)", line):
        parameters, character = match.group(1), match.group(2)
        if character is None:
            if parameters is not None:
                style.apply(parameters)
            continue
        if style.key() != key:
            if text:
                yield start, text, column - start, key
            start, text, key = column, "", style.key()
        text += character
        if not unicodedata.combining(character):
            column += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    if text:
        yield start, text, column - start, key


def picture(capture, columns, rows, title):
    """The SVG of a captured screen."""
    width, height = columns * CELL_WIDTH + 2 * MARGIN, rows * CELL_HEIGHT + 2 * MARGIN + TITLE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img">',
        f"<title>{escape(title)}</title>",
        "<style>text{font:13.9px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}</style>",
        f'<rect width="100%" height="100%" rx="9" fill="{BACKGROUND}"/>',
    ]
    for number, fill in enumerate(("#e5534b", "#d4a72c", "#57ab5a")):
        parts.append(f'<circle cx="{MARGIN + 8 + number * 20}" cy="{TITLE / 2 + 4}" r="6" fill="{fill}"/>')
    parts.append(f'<text x="{width / 2:.0f}" y="{TITLE / 2 + 9}" fill="#768390" text-anchor="middle">{escape(title)}</text>')
    style = Style()
    for row, line in enumerate(capture.split("\n")[:rows]):
        top = TITLE + MARGIN + row * CELL_HEIGHT
        for column, text, cells, (fg, bg, bold, dim, italic, underline) in runs(line, style):
            left, extent = MARGIN + column * CELL_WIDTH, cells * CELL_WIDTH
            if bg != BACKGROUND:
                parts.append(f'<rect x="{left:.1f}" y="{top}" width="{extent + 0.4:.1f}" height="{CELL_HEIGHT}" fill="{bg}"/>')
            if not text.strip():
                continue
            looks = f' fill="{fg}"'
            looks += ' font-weight="bold"' if bold else ""
            looks += ' opacity="0.6"' if dim else ""
            looks += ' font-style="italic"' if italic else ""
            looks += ' text-decoration="underline"' if underline else ""
            # The length is given, so that columns stand straight whatever font the reader has.
            parts.append(
                f'<text x="{left:.1f}" y="{top + BASELINE}" textLength="{extent:.1f}" lengthAdjust="spacingAndGlyphs"{looks}>{escape(text)}</text>'
            )
    parts.append("</svg>")
    return "\n".join(parts) + "\n"
