"""The manual: made pages say what the declarations say, and reading it needs no network."""

import html.parser
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.generate import pages, table
from hw.latency import LATENCY
from hw.presets import PRESETS
from hw.records import ENUMS, RECORDS
from hw.registers import REGISTERS, map_id
from tests.repo.files import ROOT, pyproject


def test_every_register_is_on_its_page() -> None:
    page = pages()["reference/registers.md"]
    for register in REGISTERS.values():
        assert re.search(rf"\| `{register.name}`\S* \| `0x{register.address:03X}`", page)
        assert register.doc in page


def test_the_identity_of_every_preset_is_on_the_registers_page() -> None:
    page = pages()["reference/registers.md"]
    for name, preset in PRESETS.items():
        assert f"| `{name}` | `0x{map_id(preset):08X}` |" in page


def test_every_field_is_on_its_page_with_its_offset() -> None:
    page = pages()["reference/records.md"]
    for record in RECORDS.values():
        section = page.split(f"## {record.name}\n")[1].split("\n## ")[0]
        assert f"{record.width // 8} bytes." in section
        offset = 0
        for field in record.fields:
            assert f"| `{field.name}` | {offset // 8} | {field.width} |" in section
            offset += field.width


def test_every_code_is_on_its_page() -> None:
    page = pages()["reference/codes.md"]
    for name, codes in ENUMS.items():
        section = page.split(f"## {name}\n")[1].split("\n## ")[0]
        for code in codes:
            assert f"| `{code.name}` | {code.value} |" in section


def test_fatal_errors_are_marked() -> None:
    page = pages()["reference/codes.md"]
    for code in ENUMS["error"]:
        assert (f"| `{code.name}` | {code.value} | yes |" in page) == code.invalidates


def test_every_path_is_on_the_latency_page() -> None:
    page = pages()["reference/latency.md"]
    for (block, path), budget in LATENCY.items():
        assert f"| `{block}.{path}` | {budget.cycles} | {budget.budget} | {budget.doc} |" in page


def test_every_preset_is_on_its_page() -> None:
    page = pages()["reference/presets.md"]
    for name, preset in PRESETS.items():
        assert f"- `{name}`: {preset.doc} Holds {preset.holds}" in page


def test_every_command_and_its_options_are_on_their_page() -> None:
    page = pages()["reference/commands.md"]
    for name in pyproject()["project"]["entry-points"]["tickgate.commands"]:
        assert f"## tickgate {name}\n" in page
        assert f"Usage: tickgate {name}" in page
    for option in ("--verify", "--strict", "--report", "--events", "--json", "--device"):
        assert option in page.split("## tickgate replay\n")[1]


def test_a_bar_stays_in_its_cell() -> None:
    assert table(["a"], [["x|y"]]) == "| a |\n| --- |\n| x\\|y |"


def test_links_between_pages_of_the_root_lead_into_the_manual() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", pages()["contributing.md"])
    assert "architecture.md" in links
    assert not any(link.startswith("docs/") for link in links)


def test_links_of_the_root_pages_lead_to_files() -> None:
    for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        links = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
        missing = [link for link in links if "://" not in link and not (ROOT / link).exists()]
        assert missing == [], name


class Loads(html.parser.HTMLParser):
    """Gather what a browser would load for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the address of a script, image, frame or style sheet."""
        given = dict(attrs)
        if tag in ("script", "img", "iframe"):
            self.addresses.append(given.get("src") or "")
        elif tag == "link" and given.get("rel") in ("stylesheet", "icon", "preconnect", "preload"):
            self.addresses.append(given.get("href") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the manual; a warning fails it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    result = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return folder


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    built = sorted(site.rglob("*.html"))
    assert len(built) > 15
    for page in built:
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        elsewhere = [a for a in loads.addresses if a.startswith(("http:", "https:", "//"))]
        assert elsewhere == [], page.name


def test_no_source_of_the_generator_is_published(site: Path) -> None:
    assert not list(site.rglob("*.py"))
