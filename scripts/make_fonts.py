#!/usr/bin/env python3
"""Makes the fonts that the engine plutoprint prints with: Latin and Cyrillic of Arimo, without hinting.

    pip install fonttools; make_fonts.py FOLDER_OF_ARIMO   (Debian: package fonts-croscore)

Hints serve screens of few pixels; cairo copies them into every file, 25 KB of a receipt's 56. The SIL Open Font
License lets a changed font go on under another name only, hence «EPD Sans».
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FOLDER = Path(__file__).resolve().parent.parent / "epd_mailing" / "tools" / "receipt_pdf" / "fonts"
RANGES = (
    *((0x20, 0x52F), (0x1E00, 0x1EFF), (0x2000, 0x209F), (0x20A0, 0x20BF), (0x2100, 0x218F)),
    *((0x2190, 0x21FF), (0x2200, 0x22FF), (0x25A0, 0x25FF), (0xFEFF, 0xFEFF)),
)


def make(source, target, style):
    """Write the subset of the font file ``source`` to ``target`` under our name."""
    font = TTFont(source)
    options = subset.Options(hinting=False, name_IDs=["*"], notdef_outline=True)
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for a, b in RANGES for code in range(a, b + 1)])
    subsetter.subset(font)
    names = {1: "EPD Sans", 2: style, 3: f"EPD Sans {style}", 4: f"EPD Sans {style}"}
    names |= {6: f"EPDSans-{style}"}
    for record in list(font["name"].names):
        if record.nameID in names:
            record.string = names[record.nameID]
        elif record.nameID in (16, 17, 18, 21, 22, 25):
            font["name"].names.remove(record)
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    font.save(target)


if __name__ == "__main__":
    for style in ("Regular", "Bold"):
        make(Path(sys.argv[1]) / f"Arimo-{style}.ttf", FOLDER / f"EPDSans-{style}.ttf", style)
