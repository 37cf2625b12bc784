"""Small pieces of HTML. Every text is escaped here, so that no caller can forget it."""

from collections.abc import Iterable
from html import escape
from typing import Final

from sim.replay.result import CheckCount

__all__ = ["NOTHING", "cell", "check_row", "fact_row", "table", "tag", "tile"]

NOTHING: Final = "\N{EN DASH}"


def tile(label: str, value: str, unit: str, under: str, style: str = "") -> str:
    """Return one big number with its label; ``style`` is a class: good, bad or none."""
    small = f" <small>{escape(unit)}</small>" if unit else ""
    return (
        f'<div class="tile {style}"><div class="label">{escape(label)}</div>'
        f'<div class="value">{escape(value)}{small}</div>'
        f'<div class="under">{escape(under)}</div></div>'
    )


def table(head: Iterable[tuple[str, str]], rows: Iterable[str]) -> str:
    """Return a table of ready rows under ``(text, class)`` headings."""
    cells = "".join(f'<th class="{style}">{escape(text)}</th>' for text, style in head)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def cell(text: str, style: str = "") -> str:
    """Return one cell."""
    return f'<td class="{style}">{escape(text)}</td>'


def tag(text: str, style: str = "") -> str:
    """Return a small label; ``style`` is a class: good, bad or none."""
    return f'<span class="tag {style}">{escape(text)}</span>'


def fact_row(label: str, text: str) -> str:
    """Return a row of one fact."""
    return f"<tr>{cell(label, 'key')}{cell(text, 'wrap')}</tr>"


def check_row(label: str, count: CheckCount, of: str, *, done: bool) -> str:
    """Return a row that says whether a check was done and passed."""
    if not done:
        return f"<tr>{cell(label, 'key')}<td>{tag('not done')}</td></tr>"
    verdict = tag(f"{count.failed:,} failed", "bad") if count.failed else tag("passed", "good")
    total = f'<span class="dim">{count.checked:,} {escape(of)}</span>'
    return f"<tr>{cell(label, 'key')}<td>{verdict} {total}</td></tr>"
