"""Text as a person can trust it: what nobody sees, or what turns the words around it, stands there by its number.

Names, titles and messages come from outside. Directions, invisible letters and piles of accents make one of them look
like another, or hide a part; escape sequences would speak to a terminal.
"""

import json
import re
import unicodedata

# As many accents as a letter has in any language; a pile of them runs over the lines above.
MOST_ACCENTS = 4
ACCENTS = "".join(
    chr(code)
    for code in (*range(0x300, 0x3100), *range(0xA660, 0xAC00), *range(0xFE20, 0xFE30))
    if unicodedata.category(chr(code)) in ("Mn", "Me") and code != 0x34F
)
# Letters and signs to Unicode, and yet nothing to see.
BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0e\uffa0\U000e0100-\U000e01ef"
EMOJI = "\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
# Inside an emoji these two make its look, and hide nothing.
JOINT = f"(?<=[{EMOJI}])\ufe0f|(?<=[{EMOJI}\ufe0f])\u200d(?=[{EMOJI}])"
NEVER = re.compile(f"[{BLANK}]|(?<![{EMOJI}])\ufe0f|[{ACCENTS}]{{{MOST_ACCENTS + 1}}}")
HIDDEN = re.compile(f"(?P<joint>{JOINT})|(?P<run>(?P<one>[^ -~¡-¬®-ÿ])(?P=one)*)")
PILE = re.compile(f"(?<=[{ACCENTS}]{{{MOST_ACCENTS}}})([{ACCENTS}])[{ACCENTS}]*")
JSON_HIDDEN = re.compile(f"[{ACCENTS}]{{{MOST_ACCENTS + 1},}}|[^ -~¡-¬®-ÿ\n\t]")
SPACES = ("Zs", "Zl", "Zp")


def shown(text: str | None) -> str:
    """The text on one line, with everything in it visible."""
    if not text or is_visible(text):
        return text or ""
    return HIDDEN.sub(seen, PILE.sub(lambda pile: number(pile[1], len(pile[0])), text.replace("\r\n", " ")))


def seen(found: re.Match[str]) -> str:
    run, one = found["run"], found["one"]
    if found["joint"] or is_visible(one):
        return found[0]
    if one in "\n\t" or unicodedata.category(one) in SPACES:
        return " " * len(run)
    picture = "\N{SYMBOL FOR DELETE}" if one == "\x7f" else chr(0x2400 + ord(one)) if one < " " else ""
    return picture * len(run) if picture and len(run) < 4 else number(one, len(run))


def is_visible(text: str) -> bool:
    # Of what is printable, nothing before the first accent is ever to be marked.
    return text.isprintable() and (max(text, default="") < "\u0300" or not NEVER.search(text))


def number(character: str, times: int) -> str:
    return f"[U+{ord(character):04X}{f'×{times}' if times > 1 else ''}]"


def shown_json(text: str) -> str:
    """JSON in its own lines, with what is hidden in it as JSON's own escapes: it says the same and can be read."""
    return JSON_HIDDEN.sub(escaped, text)


def escaped(found: re.Match[str]) -> str:
    piled = len(found[0]) > 1
    return json.dumps(found[0])[1:-1] if piled or not is_visible(found[0]) else found[0]
