"""The guide in the addon is the one in docs, its pictures are there, small, and all in use."""

import re

import pytest

from scripts import guide

SCREENS = guide.ROOT / "epd_mailing" / "static" / "description" / "screens"
LIMIT = 3_000_000  # bytes of all pictures together


def test_the_page_is_fresh():
    text = guide.SOURCE.read_text()
    assert guide.TARGET.read_text() == guide.render(text), "run 'scripts/guide.py'"


def test_the_page_fetches_nothing():
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', guide.TARGET.read_text())


def test_pictures():
    description = (SCREENS.parent / "index.html").read_text()
    named = set(re.findall(r"screens/(\w+)\.png", guide.SOURCE.read_text() + description))
    there = {path.stem: path.stat().st_size for path in SCREENS.glob("*.png")}
    assert set(there) == named
    assert sum(there.values()) < LIMIT


@pytest.mark.parametrize("line", ["> цитата", "| таблица |", "![](../чужое.png)", "#### мелко"])
def test_what_is_not_understood_is_refused(line):
    with pytest.raises(SystemExit):
        guide.render(f"# Заголовок\n\n{line}\n")


def test_every_screen_has_its_chapter():
    """«?» leads to a heading that is there, from every model that a menu opens."""
    addon = guide.ROOT / "epd_mailing"
    source = (addon / "static" / "src" / "guide" / "guide_chapters.js").read_text()
    chapters = dict(re.findall(r'"([\w.]+)": "([\w-]+)"', source))
    page = guide.TARGET.read_text()
    assert {name for name in chapters.values() if f'id="{name}"' not in page} == set()
    views = "".join(path.read_text() for path in addon.glob("views/*.xml"))
    actions = re.findall(
        r'<record id="(\w+)" model="ir.actions.act_window">.*?"res_model">([\w.]+)<',
        views,
        re.DOTALL,
    )
    menus = (addon / "views" / "epd_mailing_menus.xml").read_text()
    opened = {model for xmlid, model in actions if f'action="{xmlid}"' in menus}
    assert len(opened) > 15
    assert opened - set(chapters) == set()
