#!/usr/bin/env python3
"""Renders docs/guide.ru.md, the one source of the guide, to the page that the addon's menu opens.

Knows the little Markdown that the guide is written in (headings, paragraphs, two kinds of lists,
pictures on a line of their own, **bold**) and rejects anything else, so that nothing is shown raw.
"""

import html
import re
import sys
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "docs" / "guide.ru.md"
TARGET = ROOT / "epd_mailing" / "static" / "guide" / "index.html"
PICTURES = "../epd_mailing/static/"
PICTURE = re.compile(r"!\[([^\]]*)\]\((\S+)\)")
ITEM = re.compile(r"(?:-|\d+\.) (.*)")
PAGE = """<!DOCTYPE html>
<html lang="ru">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 17px/1.55 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; color: #212529;
  max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
h1, h2, h3 {{ line-height: 1.25; }}
h2 {{ margin-top: 2.5rem; }}
nav {{ background: #f5f3f7; padding: 0.75rem 1.5rem; border-radius: 0.4rem; }}
a {{ color: #71639e; }}
figure {{ margin: 1.5rem 0; }}
figure img {{ max-width: 100%; border: 1px solid #d8dadd; border-radius: 0.3rem; }}
figcaption {{ color: #6c757d; font-size: 0.85rem; }}
@media print {{ nav {{ display: none; }} figure {{ break-inside: avoid; }} }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def inline(text):
    """Return the HTML of one line of text."""
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html.escape(text, quote=False))


def anchor(title):
    """Return the name under which a heading is linked to, as from the screens of the program."""
    return re.sub(r"\W+", "-", title.lower()).strip("-")


def block(lines):
    """Return the HTML of a block of lines."""
    first = lines[0]
    if match := re.fullmatch(r"(#{1,3}) (.+)", first):
        level = len(match[1])
        return f'<h{level} id="{anchor(match[2])}">{inline(match[2])}</h{level}>'
    if match := PICTURE.fullmatch(first):
        text, path = match.groups()
        if not path.startswith(PICTURES) or not (SOURCE.parent / path).resolve().is_file():
            raise SystemExit(f"{SOURCE.name}: no such picture: {path}")
        source = "../" + path.removeprefix(PICTURES)
        return (
            f'<figure><a href="{source}"><img src="{source}" alt="{html.escape(text)}"'
            f' loading="lazy"></a><figcaption>{inline(text)}</figcaption></figure>'
        )
    if ITEM.fullmatch(first):
        tag = "ul" if first.startswith("-") else "ol"
        items = "\n".join(f"<li>{inline(ITEM.fullmatch(line)[1])}</li>" for line in lines)
        return f"<{tag}>\n{items}\n</{tag}>"
    if re.match(r"[>|`!#*]", first):
        raise SystemExit(f"{SOURCE.name}: not understood: {first}")
    return f"<p>{inline(' '.join(lines))}</p>"


def render(text):
    """Return the page of a guide."""
    groups = groupby(text.splitlines(), key=lambda line: bool(line.strip()))
    blocks = [list(lines) for filled, lines in groups if filled]
    body = [block(lines) for lines in blocks]
    links = [
        f'<li><a href="#{anchor(lines[0][3:])}">{inline(lines[0][3:])}</a></li>'
        for lines in blocks
        if lines[0].startswith("## ")
    ]
    body.insert(1, "<nav><ul>\n" + "\n".join(links) + "\n</ul></nav>")
    return PAGE.format(title=inline(blocks[0][0].lstrip("# ")), body="\n".join(body))


def main():
    """Write the page."""
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(render(SOURCE.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
