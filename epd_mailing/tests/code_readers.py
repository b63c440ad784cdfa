"""Foreign readers of payment codes, and what happens to a code between paper and camera.

Four families that share nothing with the writer and with each other: ``zbar``; OpenCV (both of its
detectors); ZXing, of which most applications on phones come, here in the JavaScript that Odoo itself ships;
jsQR, which reads in web pages (``lib/jsqr``). The last two run in Chromium's JavaScript. ``zxing-cpp`` finds the
codes on the page, and reads too.

A camera looks many times, from nearer and from farther, in a hand that is never still: a reader gets each
raster in the ``SIZES`` and ``TILTS``, and has read it when one of them is read. How many are read at the first
look is said by ``make bench PARTS=codes``.
"""

import itertools
import json
import resource
import struct
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy
import zxingcpp
from odoo.modules.module import get_module_path
from PIL import Image, ImageFilter
from pyzbar import pyzbar

SIZES = (1, 1.25, 0.9, 2, 1.1, 2.5, 0.75, 1.5, 0.5)
TILTS = (0, 5, -3, -7, 2, 1)  # degrees
# each size with each tilt, and what helps most comes first: a hard picture takes 3 looks more instead of 7
LOOKS = sorted(
    itertools.product(SIZES, TILTS), key=lambda look: SIZES.index(look[0]) + TILTS.index(look[1])
)
SIDES = 200, 1400  # pixels of a side that a picture made smaller or larger keeps to
AROUND_MM = 4  # white and print around a code that stay on its picture
QR = zxingcpp.BarcodeFormat.QRCode


def black_and_white(image):
    """Return the picture as a fax or an old scanner makes it."""
    return image.point(lambda value: 255 if value > 127 else 0)


def turned(degrees):
    """Return the distortion that turns a picture."""

    def turn(image):
        return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)

    return turn


def scaled(factor):
    """Return the distortion that scales a picture."""

    def scale(image):
        size = (round(image.width * factor), round(image.height * factor))
        return image.resize(size, Image.Resampling.BILINEAR)

    return scale


def blurred(radius):
    """Return the distortion that takes the edge off a picture (``radius`` in pixels)."""
    return lambda image: image.filter(ImageFilter.GaussianBlur(radius))


DISTORTIONS = {
    "grey": lambda image: image,
    "black and white": black_and_white,
    "turned 3°": turned(3),
    "turned -5°, black and white": lambda image: black_and_white(turned(-5)(image)),
    "blurred": blurred(0.7),
    "scaled 0.9": scaled(0.9),
    "scaled 1.3": scaled(1.3),
}


@dataclass(frozen=True)
class FoundCode:
    """One code of a page: its text, and the picture of it with some of the paper around."""

    text: str
    image: Image.Image


def rasterise(pdf, dpi, page=1):
    """Return one page of a PDF (bytes) in grey."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "paper.pdf")
        path.write_bytes(pdf)
        command = ["pdftoppm", "-r", str(dpi), "-gray", "-f", str(page), "-l", str(page)]
        subprocess.run([*command, "-singlefile", path, path], check=True, capture_output=True)
        with Image.open(Path(folder, "paper.pdf.pgm")) as image:
            return image.convert("L")


def find_codes(image, dpi):
    """Return the codes of a page, from left to right and from top to bottom."""
    margin = round(AROUND_MM * dpi / 25.4)
    found = []
    for code in zxingcpp.read_barcodes(image, formats=QR):
        corners = code.position
        points = (corners.top_left, corners.top_right, corners.bottom_left, corners.bottom_right)
        across, down = [point.x for point in points], [point.y for point in points]
        box = min(across) - margin, min(down) - margin, max(across) + margin, max(down) + margin
        found.append((min(down) // (4 * margin), min(across), code.bytes, image.crop(box)))
    found.sort(key=lambda row: row[:2])
    return [FoundCode(_decode(data), picture) for _down, _across, data, picture in found]


def _decode(data):
    return data.decode({b"1": "cp1251"}.get(data[6:7], "utf-8"), "replace")


def looks(image, order=LOOKS):
    """Yield (look, picture): the picture as it is, and as seen from farther, nearer and askew."""
    askew = {0: image}
    for factor, tilt in order:
        if tilt not in askew:
            askew[tilt] = turned(tilt)(image)
        seen = askew[tilt]
        size = round(seen.width * factor), round(seen.height * factor)
        if factor == 1:
            yield (factor, tilt), seen
        elif SIDES[0] <= max(size) <= SIDES[1]:
            yield (factor, tilt), seen.resize(size, Image.Resampling.BICUBIC)


def read_zbar(image):
    """Return the texts that zbar reads."""
    found = pyzbar.decode(image, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return [code.data.decode("utf-8", "replace") for code in found]


def read_opencv(image):
    """Yield the texts that the two detectors of OpenCV read; who has read enough asks no second one."""
    pixels = numpy.ascontiguousarray(numpy.array(image))
    for detector in (cv2.QRCodeDetector, cv2.QRCodeDetectorAruco):
        yield detector().detectAndDecode(pixels)[0]


def read_zxing_cpp(image):
    """Return the texts that zxing-cpp reads."""
    return [_decode(code.bytes) for code in zxingcpp.read_barcodes(image, formats=QR)]


@contextmanager
def _unlimited_memory():
    """Let children have the address space that Odoo denies itself: JavaScript reserves much of it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class BrowserReaders:
    """ZXing (``web/static/lib/zxing-library`` of Odoo) and jsQR, run by the JavaScript engine of Chromium.

    That engine alone (``node``, which comes with the browser's driver), in a process of its own: a whole browser
    reads the same, and most of its time goes into its start and into handing pictures over.
    """

    PROGRAM = """
    const fs = require("fs");
    const [ZXing, jsQR] = process.argv.slice(1).map((path) => require(path));

    function zxing(grey, width, height) {
        for (const harder of [false, true]) {
            const hints = new Map([[ZXing.DecodeHintType.TRY_HARDER, harder]]);
            for (const Binarizer of [ZXing.HybridBinarizer, ZXing.GlobalHistogramBinarizer]) {
                try {
                    const source = new ZXing.RGBLuminanceSource(grey, width, height);
                    const bitmap = new ZXing.BinaryBitmap(new Binarizer(source));
                    return [new ZXing.QRCodeReader().decode(bitmap, hints).getText()];
                } catch {}
            }
        }
        return [];
    }

    // asked for bytes: its text is empty where they are no UTF-8
    function jsqr(grey, width, height) {
        const colours = new Uint8ClampedArray(4 * width * height);
        const pixels = new Uint32Array(colours.buffer);
        for (let place = 0; place < pixels.length; place++) {
            pixels[place] = 0xff000000 | (grey[place] * 0x010101);
        }
        // codes are printed dark on light
        const found = jsQR(colours, width, height, { inversionAttempts: "dontInvert" });
        return found && found.binaryData;
    }

    function take(length) {
        const bytes = Buffer.alloc(length);
        for (let got = 0, more; got < length; got += more) {
            more = fs.readSync(0, bytes, got, length - got, null);
            if (!more) process.exit();
        }
        return new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, length);
    }

    for (;;) {
        const [reader, width, height] = new Uint32Array(take(12).slice().buffer);
        const found = [zxing, jsqr][reader](take(width * height), width, height);
        fs.writeSync(1, JSON.stringify(found) + "\\n");
    }
    """

    def __init__(self):
        # not at the top: only what reads with it needs the browser's driver
        from playwright._impl._driver import compute_driver_executable

        node, _driver = compute_driver_executable()
        libraries = (
            Path(get_module_path("web"), "static/lib/zxing-library/zxing-library.js"),
            Path(__file__).resolve().parent / "lib/jsqr/jsQR.js",
        )
        with _unlimited_memory():
            self._process = subprocess.Popen(
                # without threads: on a full machine they wait for each other
                [node, "--single-threaded", "-e", self.PROGRAM, *libraries],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )

    def read_zxing(self, image):
        """Return the texts that ZXing reads."""
        return self._ask(0, image)

    def read_jsqr(self, image):
        """Return the texts that jsQR reads."""
        data = self._ask(1, image)
        return [_decode(bytes(data))] if data else []

    def _ask(self, reader, image):
        self._process.stdin.write(struct.pack("=3I", reader, *image.size) + image.tobytes())
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self):
        """End the process."""
        with self._process:  # closes what leads to it, and waits
            pass


def make_readers(browser):
    """Return ``{name: reader}``; a reader takes a picture in grey and gives texts."""
    return {
        "zbar": read_zbar,
        "OpenCV": read_opencv,
        "ZXing": browser.read_zxing,
        "jsQR": browser.read_jsqr,
        "zxing-cpp": read_zxing_cpp,
    }


def has_read(reader, image, text):
    """Tell whether a reader gets the text out of a picture in one of its looks."""
    return find_look(reader, image, text) is not None


def find_look(reader, image, text, begin=None):
    """Return the look in which a reader gets the text out of a picture, or None; ``begin`` is tried first."""
    order = dict.fromkeys([begin, *LOOKS]) if begin else LOOKS
    return next((look for look, seen in looks(image, order) if text in reader(seen)), None)


def read_all(readers, codes, distortions=None):
    """Let each reader read each code as each distortion leaves it.

    A reader that got none of them once is asked no more: all of its looks take minutes.

    :param codes: list of ``FoundCode``
    :return: ``{(reader, distortion): number read}``
    """
    score, blind = {}, set()
    for name, distort in (distortions or DISTORTIONS).items():
        pictures = [(distort(code.image), code.text) for code in codes]
        for reader, read in readers.items():
            if reader not in blind:
                score[reader, name], look = 0, None
                for picture in pictures:
                    # pictures of one kind are read in the same look, mostly
                    if found := find_look(read, *picture, look):
                        score[reader, name] += 1
                        look = found
                if not score[reader, name]:
                    blind.add(reader)
            else:
                score[reader, name] = 0
    return score


def parse_payment(text):
    """Read a payment text: a parser of our own making of the standard, apart from the writer.

    :return: dict of the fields by their keys
    """
    if text[:6] != "ST0001" or text[6] not in "123" or len(text) < 9:
        raise ValueError(f"no payment code: {text[:8]}")
    fields = {}
    for part in text[8:].split(text[7]):
        key, equals, value = part.partition("=")
        if not equals or key in fields:
            raise ValueError(f"a field without a value, or twice: {part}")
        fields[key] = value
    return fields
