"""What the READMEs tell people to install is what the manifest asks for."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ast.literal_eval((ROOT / "epd_mailing" / "__manifest__.py").read_text())


@pytest.mark.parametrize("readme", ["README.md", "epd_mailing/README.rst"])
def test_packages_to_install_are_those_of_the_manifest(readme):
    text = (ROOT / readme).read_text().replace("\\\n", " ")
    command = re.search(r"pip install ([^`\n]+)", text).group(1)
    wanted = MANIFEST["external_dependencies"]["python"]
    assert sorted(command.rstrip(". ").split()) == sorted(wanted)


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md", "README.md"])
def test_files_that_a_page_names_are_there(page):
    places = (ROOT, ROOT / "epd_mailing", ROOT / "epd_mailing" / "models")
    named = re.findall(r"`([\w./-]+(?:\.py|/))`", (ROOT / page).read_text())
    gone = [name for name in named if not any((place / name).exists() for place in places)]
    assert named and not gone
