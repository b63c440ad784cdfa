"""Payment codes: milliseconds a code, bytes of it in the PDF, and who reads them.

BENCH_CODES: codes of the measurement. BENCH_READ: how many of them are printed and read.
"""

import os
import time
from collections import Counter

import qrcode
import segno
import zxingcpp
from odoo.addons.epd_mailing.tests import code_readers
from odoo.addons.epd_mailing.tools import payment_qr, qr_matrix, receipt_pdf
from qrcode.util import MODE_8BIT_BYTE, QRData

from . import table
from .figures import is_before, record
from .house import make_accounts

COUNT = int(os.environ.get("BENCH_CODES", "1000"))
READ = int(os.environ.get("BENCH_READ", "8"))
RESOLUTIONS = (150, 200, 300)
FORMAT = zxingcpp.BarcodeFormat.QRCode
TARGETS = "target: at most 1 ms, no ECI, one byte segment, all readers read all"


def measure(env):
    """Print the figures."""
    accounts, period = make_accounts(env, COUNT // 2)
    built = env["epd.document.snapshot"]._build(accounts, period, "epd")
    snapshots = [snapshot for snapshot, _problem in built.values() if snapshot]
    texts = [block["qr"] for snapshot in snapshots for block in snapshot["blocks"]]
    print(f"Payment codes of {len(texts)} slips; {TARGETS}")
    measure_writers(texts)
    if is_before():
        return
    renderers = get_renderers(env, accounts[0].company_id)
    for name, renderer in renderers.items():
        measure_size(name, renderer, snapshots[0])
    for name, renderer in renderers.items():
        read_codes(name, renderer, snapshots[:READ])


def measure_writers(texts):
    """Print what each writer takes on one core, and what it writes."""
    versions = Counter(
        qr_matrix.smallest_version(len(payment_qr.encode_text(text))) for text in texts
    )
    print(f"  versions: {', '.join(f'{v}: {n}' for v, n in sorted(versions.items()))}")
    datas = [payment_qr.encode_text(text) for text in texts]
    cost = timed(payment_qr.payment_qr_png, texts)
    record("codes.one", cost, count=len(texts))
    if is_before():
        return
    print(f"  ours, modules alone: {timed(qr_matrix.encode, datas):.2f} ms")
    for name, write, many in (
        ("zxing-cpp, its own mask (ECI 899)", write_zxing, 200),
        ("zxing-cpp eci=0, mask 3 (segments cut)", write_zxing_mixed, 200),
        ("segno, mask 6 (plain)", write_segno, 50),
        ("qrcode, mask 6 (plain)", write_qrcode, 20),
    ):
        cost = timed(write, datas[:many])
        print(f"  {name}: {cost:.2f} ms")
        if write is write_zxing:
            record("codes.one", cost, table.LIMIT)


def timed(write, items):
    """Return the CPU milliseconds that ``write`` takes for one of ``items``."""
    write(items[0])  # what is made once
    started = time.process_time()
    for item in items:
        write(item)
    return 1000 * (time.process_time() - started) / len(items)


def write_zxing(data):
    """Write as it was done before."""
    barcode = zxingcpp.create_barcode(data, FORMAT, ec_level="M")
    return zxingcpp.write_barcode_to_image(barcode, add_quiet_zones=False)


def write_zxing_mixed(data):
    """Write without an ECI, which cuts the text into segments."""
    barcode = zxingcpp.create_barcode(data, FORMAT, ec_level="M", eci=0, data_mask=3)
    return zxingcpp.write_barcode_to_image(barcode, add_quiet_zones=False)


def write_segno(data):
    """Write with segno."""
    return segno.make_qr(data, error="m", mask=6, mode="byte", boost_error=False).matrix


def write_qrcode(data):
    """Write with qrcode."""
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, mask_pattern=6)
    code.add_data(QRData(data, mode=MODE_8BIT_BYTE), optimize=0)
    code.make()
    return code.get_matrix()


def get_renderers(env, company):
    """Return ``{engine: renderer that uses it}`` of the engines that are here."""
    renderers = {}
    for name, engine_class in receipt_pdf.ENGINES.items():
        if engine_class().check_ready():
            print(f"  {name}: not here")
            continue
        renderers[name] = env["epd.receipt.renderer"].with_company(company)
    return renderers


def render(name, renderer, snapshots):
    """Return the files of ``snapshots`` (list) by the engine ``name``, as ``RenderResult``."""
    renderer.env.company.epd_print_engine = name
    named = {number: {**snapshot, "number": "1"} for number, snapshot in enumerate(snapshots)}
    results = renderer._render_receipts(named.items())
    return [results[number] for number in named]


def measure_size(name, renderer, snapshot):
    """Print how many bytes of a file its codes are."""
    bare = {**snapshot, "blocks": [{**block, "qr": ""} for block in snapshot["blocks"]]}
    whole, rest = (len(result.pdf) for result in render(name, renderer, [snapshot, bare]))
    each = (whole - rest) / len(snapshot["blocks"])
    print(f"  {name}: {each:.0f} bytes a code in the PDF of {whole / 1000:.1f} KB")


def read_codes(name, renderer, snapshots):
    """Print the table of readers, resolutions and distortions for one engine."""
    results = render(name, renderer, snapshots)
    browser = code_readers.BrowserReaders()
    try:
        readers = code_readers.make_readers(browser)
        for dpi in RESOLUTIONS:
            codes = []
            for result in results:
                image = code_readers.rasterise(result.pdf, dpi)
                codes += code_readers.find_codes(image, dpi)
            wanted = sorted(block["qr"] for snapshot in snapshots for block in snapshot["blocks"])
            assert sorted(code.text for code in codes) == wanted, f"not all found at {dpi} dpi"
            for distortion, distort in code_readers.DISTORTIONS.items():
                said = []
                for reader, read in readers.items():
                    pictures = [(distort(code.image), code.text) for code in codes]
                    first = sum(text in read(image) for image, text in pictures)
                    all_looks = sum(
                        code_readers.has_read(read, image, text) for image, text in pictures
                    )
                    said.append(f"{reader} {all_looks} (at once {first})")
                print(f"  {name}, {dpi} dpi, {distortion}, of {len(codes)}: {', '.join(said)}")
    finally:
        browser.close()
