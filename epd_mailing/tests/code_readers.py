"""Foreign readers of payment codes, and what happens to a code between paper and camera.

Four families that share nothing with the writer and with each other: ``zbar``; OpenCV (both of its
detectors); ZXing, of which most applications on phones come, here in the JavaScript that Odoo itself ships;
jsQR, which reads in web pages (``lib/jsqr``). The last two run in Chromium. ``zxing-cpp`` finds the codes on
the page, and reads too.

A camera looks many times, from nearer and from farther, in a hand that is never still: a reader gets each
raster in the ``SIZES`` and ``TILTS``, and has read it when one of them is read. How many are read at the first
look is said by ``make bench PARTS=codes``.
"""

import base64
import itertools
import resource
import shutil
import subprocess
import tempfile
import zlib
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


def looks(image):
    """Yield the picture as it is, and as seen from farther, nearer and askew."""
    askew = {0: image}
    for factor, tilt in LOOKS:
        if tilt not in askew:
            askew[tilt] = turned(tilt)(image)
        seen = askew[tilt]
        size = round(seen.width * factor), round(seen.height * factor)
        if factor == 1:
            yield seen
        elif SIDES[0] <= max(size) <= SIDES[1]:
            yield seen.resize(size, Image.Resampling.BICUBIC)


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
    """Let children have the address space that Odoo denies itself: Chromium reserves terabytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class BrowserReaders:
    """ZXing (``web/static/lib/zxing-library`` of Odoo) and jsQR in JavaScript in a headless Chromium."""

    ZXING = """([width, height, grey]) => {
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
    }"""
    # asked for bytes: its text is empty where they are no UTF-8
    JSQR = """([width, height, grey]) => {
        const colours = new Uint8ClampedArray(4 * width * height);
        const pixels = new Uint32Array(colours.buffer);
        for (let place = 0; place < pixels.length; place++) {
            pixels[place] = 0xff000000 | (grey[place] * 0x010101);
        }
        const found = jsQR(colours, width, height);
        return found && found.binaryData;
    }"""
    # the pixels come packed: as they are they cost more on their way than the reading
    UNPACK = """async ([width, height, packed]) => {
        const text = atob(packed);
        const bytes = new Uint8Array(text.length);
        for (let place = 0; place < text.length; place++) {
            bytes[place] = text.charCodeAt(place);
        }
        const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
        const grey = new Uint8ClampedArray(await new Response(stream).arrayBuffer());
        return (%s)([width, height, grey]);
    }"""

    def __init__(self):
        # not at the top: only what reads with it needs the browser's driver
        from playwright.sync_api import sync_playwright

        with _unlimited_memory():
            self._driver = sync_playwright().start()
            try:
                self._browser = self._driver.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox"]
                )
            except Exception:
                self._driver.stop()
                raise
        self._page = self._browser.new_page()
        for library in (
            Path(get_module_path("web"), "static/lib/zxing-library/zxing-library.js"),
            Path(__file__).parent / "lib/jsqr/jsQR.js",
        ):
            self._page.add_script_tag(content=library.read_text(encoding="utf-8"))

    def read_zxing(self, image):
        """Return the texts that ZXing reads."""
        return self._run(self.ZXING, image)

    def read_jsqr(self, image):
        """Return the texts that jsQR reads."""
        data = self._run(self.JSQR, image)
        return [_decode(bytes(data))] if data else []

    def _run(self, script, image):
        packed = base64.b64encode(zlib.compress(image.tobytes(), 1)).decode()
        return self._page.evaluate(self.UNPACK % script, [image.width, image.height, packed])

    def close(self):
        """End the browser."""
        self._browser.close()
        self._driver.stop()


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
    return any(text in reader(look) for look in looks(image))


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
                score[reader, name] = sum(has_read(read, *picture) for picture in pictures)
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
