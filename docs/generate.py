"""Pages of the manual that are made from the declarations in ``hw`` when the manual is built.

mkdocs calls ``on_files``; nothing is written to the source folder.
"""

from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

import click

from host.risk.defaults import DEFAULTS
from host.risk.fields import FIELDS, SECTIONS
from host.risk.schema import REQUIRED
from hw.breaker_detectors import BREAKER_DETECTORS, WINDOW_BUCKETS
from hw.latency import LATENCY
from hw.presets import PRESETS
from hw.records import CHECK, ENUMS, RECORDS
from hw.registers import LIMITS, REGISTERS, RISK_REGISTERS, Register, map_id

__all__ = ["on_files", "pages"]

# Registers of a field that is kept in another way than under its own name.
_PARTS_OF: Final = {"divisor": ("_mask", "_inverse", "_bound"), "burst": ("_tolerance",)}

ROOT: Final = Path(__file__).resolve().parents[1]

# Pages that also stand in the root, where a reader of the repository looks for them.
ROOT_PAGES: Final = {
    "architecture.md": "ARCHITECTURE.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table. A bar in a cell is escaped, so that it stays in its cell."""

    def line(cells: Iterable[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"

    head = list(head)
    return "\n".join([line(head), line("---" for _ in head), *(line(row) for row in rows)])


def page(title: str, source: str, *parts: str) -> str:
    """Return a page that says which file it was made from."""
    note = f"Made from `{source}` when this manual was built."
    return "\n\n".join([f"# {title}", note, *parts]) + "\n"


def register_table(some: Iterable[Register]) -> str:
    """Return a table of registers."""
    rows = [
        (
            f"`{r.name}`" + (f"[{r.count}]" if r.count > 1 else ""),
            f"`0x{r.address:03X}`" + (f" + {r.stride} i" if r.count > 1 else ""),
            r.access,
            r.width,
            r.unit,
            r.reset if r.access == "rw" else "",
            r.doc,
        )
        for r in some
    ]
    head = ("register", "address", "access", "width [bits]", "unit", "reset", "what it says")
    return table(head, rows)


def registers() -> str:
    """Return the register map."""
    intro = (
        "Host code names a register and never its address: `device.read('cycles')`. `ro` is driven "
        "by the gateware; `rw` is written by the host and reads back; a write to `cmd` is an order "
        "to the gateware, and a read gives what that drives. A register wider than 32 bits takes "
        "two words, low first; reading the low word holds the high word still until it is read."
    )
    gate = (
        "Of a build with the [risk gate](../concepts/risk-gate.md), such as device "
        "`verilated_risk`."
    )
    limits = (
        "Written into the staging copy, in force after `limits_commit`. After reset every limit is "
        "0, and every new order is denied."
    )
    parts = [intro, register_table(REGISTERS.values())]
    parts += ["## The risk gate", gate, register_table(RISK_REGISTERS.values())]
    parts += ["## Limits of the risk gate", limits]
    for name, fields in LIMITS.items():
        parts += [f"### {name}", register_table(fields.values())]
    ids = table(
        ("preset", "`map_id`"), [(f"`{n}`", f"`0x{map_id(p):08X}`") for n, p in PRESETS.items()]
    )
    return page("Registers", "hw/registers.toml", *parts, "## Identity of a build", ids)


def records() -> str:
    """Return the records that cross the FPGA boundary."""
    parts = ["Fields are unsigned and little-endian, in the order given, without gaps."]
    for record in RECORDS.values():
        offset, rows = 0, []
        for f in record.fields:
            unit = f"[{f.enum}](codes.md#{f.enum})" if f.enum else f.unit
            rows.append((f"`{f.name}`", offset // 8, f.width, unit, f.doc))
            offset += f.width
        head = ("field", "offset [bytes]", "width [bits]", "unit or codes", "what it says")
        size = f"{record.doc} {record.width // 8} bytes."
        parts += [f"## {record.name}", size, table(head, rows)]
    return page("Records", "hw/records.toml", *parts)


def codes() -> str:
    """Return the code points."""
    parts = []
    for name, enum in ENUMS.items():
        head = ["code", "bit" if name in ("event_flag", "check") else "value"]
        fatal = any(code.invalidates for code in enum)
        rows = [
            [f"`{c.name}`", c.value, *([("yes" if c.invalidates else "")] if fatal else []), c.doc]
            for c in enum
        ]
        head += [*(["invalidates the book"] if fatal else []), "what it says"]
        parts += [f"## {name}", table(head, rows)]
    return page("Code points", "hw/records.toml", *parts)


def checks() -> str:
    """Return the checks of the risk gate: what trips each, its default, how to recover."""
    fields: dict[str, list[str]] = {}
    for f in FIELDS:
        parts = _PARTS_OF.get(f.kind, (f".{f.name}" if f.part else "",))
        for part in parts:
            fields.setdefault(f.register + part, []).append(f.name)
    rows = [
        (
            f"`{c.name}`",
            c.value,
            c.doc,
            ", ".join(dict.fromkeys(f"`{n}`" for limit in c.limits for n in fields[limit])),
            "denies" if c.closed else "",
            c.recover,
        )
        for c in CHECK
    ]
    intro = (
        "Every new order passes all of them; each that fails is a bit of the verdict. "
        "[What they say exactly](../concepts/risk-gate.md), "
        "[how to set limits](../operate/risk.md). Controls of the kind that SEC rule 15c3-5 and "
        "RTS 6 ask for. After reset every limit is 0; *denies*: an ordinary order then fails this "
        "check too. Counted by `tickgate risk show` where it is the first that fails."
    )
    head = ("check", "bit", "what trips it", "limits", "default", "how to recover")
    return page("Checks of the risk gate", "hw/records.toml", intro, table(head, rows))


def limits() -> str:
    """Return the fields of a limits file, section by section."""
    intro = (
        "Of a limits file, see [how to set limits](../operate/risk.md). What a file does not say "
        "is 0, no, or nothing: closed. *Must be said*: a 0 would leave a check out. A row of a "
        "section of rows also has its `index`, an instrument may have `tick_size` and `lot_size`, "
        "and a venue says `cancel_on_disconnect`."
    )
    parts = [intro]
    for section, some in SECTIONS.items():
        rows = [
            (
                f"`{f.name}`",
                "yes or no" if f.kind == "flag" else "names" if f.kind == "mask" else f.unit,
                "must be said" if f.name in REQUIRED or f.kind in ("code", "index") else "",
                f.doc,
            )
            for f in some
        ]
        parts += [f"## {section}", table(("limit", "unit", "", "what it says"), rows)]
    return page("Limits", "hw/registers.toml", *parts)


def presets() -> str:
    """Return the presets, one column each."""
    names = list(PRESETS)
    keys = PRESETS[names[0]].sizes()
    rows = [(f"`{key}`", *(f"{PRESETS[n].sizes()[key]:,}" for n in names)) for key in keys]
    rows.append(
        ("orders that fit where ids hash evenly", *(f"{PRESETS[n].usable_orders:,}" for n in names))
    )
    rows.append(
        (
            "a best price is deferred for at most, as counted [cycles]",
            *(f"{PRESETS[n].deferred_bound:,}" for n in names),
        )
    )
    holds = [f"`{n}`: {p.doc} Holds {p.holds}" for n, p in PRESETS.items()]
    listed = "\n".join(f"- {line}" for line in holds)
    return page(
        "Presets", "hw/presets.toml", listed, table(("parameter", *(f"`{n}`" for n in names)), rows)
    )


def latency() -> str:
    """Return the cycle budget."""
    intro = (
        "From the transfer of an update at the input to its event at the output, when nothing "
        "stalls. Cycles come from simulation: the tests of the gateware assert the second column "
        "exactly. See [what the numbers mean](../concepts/numbers.md)."
    )
    head = ("path", "takes [cycles]", "budget [cycles]", "what it is")
    rows = [(f"`{b}.{p}`", v.cycles, v.budget, v.doc) for (b, p), v in LATENCY.items()]
    return page("Latency budget", "hw/latency.toml", intro, table(head, rows))


def breaker_defaults() -> str:
    """Return the default thresholds of the circuit breaker, as shares of the price."""
    d, ns = DEFAULTS, 1_000_000_000
    found = {f"return{n}": f"{share / 100:g} % of the price, or {d.sigmas[n]} times the volatility "
             f"if that is more, within {d.windows[n] / ns:g} s"
             for n, share in enumerate(d.returns)}  # fmt: skip
    found |= {
        "spread": f"{d.spread / 100:g} % of the price",
        "depth": f"1 / {1 << d.depth_shift:,} of the average",
        "divergence": f"{d.divergence / 100:g} % of the price",
        "rate": f"{d.rate:,} changes in {d.windows[1] / WINDOW_BUCKETS / ns:g} s",
        "silence": f"{d.silence / ns:g} s",
    }
    rows = [(f"`{name}`", found[name], d.actions[name]) for name in BREAKER_DETECTORS]
    rows.append(("band (`luld`)", f"{d.band / 100:g} % of the price", "orders outside are denied"))
    intro = (
        "One rule for every instrument; the [drills](../operate/drills.md) use it, and say what "
        f"came of it. No distance is less than {d.least} ticks. Widen and reduce end after "
        f"{d.hold / ns:g} s of calm. Nothing of this is in force after reset."
    )
    head = ("detector", "threshold", "action")
    return page(
        "Defaults of the circuit breaker", "host/risk/defaults.py", intro, table(head, rows)
    )


def command_help(name: str, command: click.Command) -> str:
    """Return a section with what ``--help`` prints, for a command and those below it."""
    context = click.Context(command, info_name=name, terminal_width=96, max_content_width=96)
    parts = [f"## {name}", f"```text\n{command.get_help(context)}\n```"]
    if isinstance(command, click.Group):
        parts += [command_help(f"{name} {n}", c) for n, c in sorted(command.commands.items())]
    return "\n\n".join(parts)


def commands() -> str:
    """Return the commands of this installation."""
    found = sorted(entry_points(group="tickgate.commands"), key=lambda point: point.name)
    sections = [command_help(f"tickgate {point.name}", point.load()) for point in found]
    intro = (
        "What `--help` prints. Commands are gathered through the entry-point group "
        "`tickgate.commands`: a package of your own can add one."
    )
    return page("Commands", "tickgate --help", intro, *sections)


def root_page(name: str) -> str:
    """Return a page of the root, with its links as they are within the manual."""
    text = (ROOT / name).read_text(encoding="utf-8")
    text = text.replace("](docs/", "](")
    for target, source in ROOT_PAGES.items():
        text = text.replace(f"]({source})", f"]({target})")
    return text


def pages() -> dict[str, str]:
    """Return every made page by its path in the manual."""
    made = {
        "reference/registers.md": registers(),
        "reference/records.md": records(),
        "reference/codes.md": codes(),
        "reference/checks.md": checks(),
        "reference/limits.md": limits(),
        "reference/breaker-defaults.md": breaker_defaults(),
        "reference/presets.md": presets(),
        "reference/latency.md": latency(),
        "reference/commands.md": commands(),
    }
    return made | {target: root_page(source) for target, source in ROOT_PAGES.items()}


def on_files(files: Any, config: Any, **_: Any) -> Any:
    """Add the made pages to those that mkdocs found."""
    from mkdocs.structure.files import File  # only a build of the manual needs mkdocs

    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files
