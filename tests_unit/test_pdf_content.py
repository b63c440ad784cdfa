"""What PDFs of other programs may hold: every sample is made here, of a receipt that is taken."""

import io
import time

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream, String
from reportlab.pdfgen import canvas
from tools import pdf_content, receipt_archive

SCRIPT = {"/S": Name.JavaScript, "/JS": String("app.alert(1)")}
RECT = [0, 0, 200, 200]


def make(change=None, **options):
    """Return a receipt that ``change(pdf, page)`` has changed."""
    stream = io.BytesIO()
    sheet = canvas.Canvas(stream)
    sheet.drawString(50, 700, "Account 0100001, due 5")
    sheet.linkURL("https://example.com/pay", (50, 600, 200, 620))
    sheet.bookmarkPage("top")
    sheet.addOutlineEntry("Receipt", "top")
    sheet.showPage()
    sheet.save()
    with pikepdf.open(stream) as pdf:
        if change:
            change(pdf, pdf.pages[0].obj)
        out = io.BytesIO()
        pdf.save(out, **options)
    return out.getvalue()


def action(**entries):
    return Dictionary({f"/{key}": value for key, value in entries.items()})


def script():
    return Dictionary(SCRIPT)


def annotate(subtype, **entries):
    def change(pdf, page):
        more = {f"/{key}": value for key, value in entries.items()}
        note = Dictionary(
            {"/Type": Name.Annot, "/Subtype": Name(f"/{subtype}"), "/Rect": RECT, **more}
        )
        page.Annots.append(pdf.make_indirect(note))

    return change


def linking(what):
    return lambda pdf, page: annotate("Link", A=what() if callable(what) else what)(pdf, page)


def root(**entries):
    def change(pdf, _page):
        for key, value in entries.items():
            pdf.Root[f"/{key}"] = value(pdf) if callable(value) else value

    return change


def on_page(**entries):
    def change(pdf, page):
        for key, value in entries.items():
            page[f"/{key}"] = value(pdf) if callable(value) else value

    return change


def filespec(pdf):
    return Dictionary(
        {
            "/Type": Name.Filespec,
            "/F": String("a.exe"),
            "/EF": Dictionary({"/F": Stream(pdf, b"MZ")}),
        }
    )


def field(**entries):
    def change(pdf, page):
        annotate("Widget", FT=Name.Tx, T=String("a"), **entries)(pdf, page)
        pdf.Root.AcroForm = Dictionary({"/Fields": Array([page.Annots[-1]])})

    return change


def xfa(pdf, page):
    field()(pdf, page)
    pdf.Root.AcroForm["/XFA"] = Stream(pdf, b"<xdp/>")


def unreachable(pdf, _page):
    # kept by a reference that no reader follows
    pdf.Root.PieceInfo = Dictionary({"/X": pdf.make_indirect(script())})


def outline(what):
    def change(pdf, _page):
        item = pdf.Root.Outlines.First
        del item["/Dest"]
        item["/A"] = what

    return change


def drawn(subtype=None, **entries):
    def change(pdf, page):
        form = Stream(pdf, b"")
        if subtype:
            form["/Subtype"] = Name(f"/{subtype}")
        for key, value in entries.items():
            form[f"/{key}"] = value
        page.Resources["/XObject"] = Dictionary({"/X": form})

    return change


def deep(pdf, page):
    last = script()
    for _step in range(3000):
        last = pdf.make_indirect(Dictionary({"/X": last}))
    page["/PieceInfo"] = last


def chained(pdf, page):
    last = script()
    for _step in range(5):
        last = action(S=Name.URI, URI=String("https://example.com"), Next=last)
    annotate("Link", A=pdf.make_indirect(last))(pdf, page)


ACTIVE = {
    "a script on opening": root(OpenAction=script()),
    "a launch on opening": root(OpenAction=action(S=Name.Launch, F=String("calc.exe"))),
    "a page of the web on opening": root(OpenAction=action(S=Name.URI, URI=String("https://example.com"))),
    "a script behind a place on opening": root(
        OpenAction=action(S=Name.GoTo, D=Array([0, Name.Fit]), Next=script())
    ),
    "a script of the document's events": root(AA=action(WC=script())),
    "a page's events": on_page(AA=action(O=script())),
    "a page's closing": on_page(AA=action(C=action(S=Name.URI, URI=String("https://example.com")))),
    "named scripts": root(Names=action(JavaScript=action(Names=Array([String("a"), script()])))),
    "embedded files": root(Names=lambda pdf: action(EmbeddedFiles=action(Names=Array([String("a"), filespec(pdf)])))),
    "named renditions": root(Names=action(Renditions=action(Names=Array([])))),
    "templates": root(Names=action(Templates=action(Names=Array([])))),
    "associated files": root(AF=lambda pdf: Array([filespec(pdf)])),
    "a portfolio": root(Collection=action(Type=Name.Collection)),
    "requirements": root(Requirements=Array([action(S=Name.EnableJavaScripts)])),
    "a base of links": root(URI=action(Base=String("file:///"))),
    "an unknown key of the catalog": root(Whatever=action(X=1)),
    "an unknown key of a page": on_page(PresSteps=action(X=1)),
    "XFA": xfa,
    "a script of a form": field(AA=action(K=script())),
    "a calculating form": field(A=script()),
    "a submitting button": field(A=action(S=Name.SubmitForm, F=String("https://example.com"))),
    "a resetting button": field(A=action(S=Name.ResetForm)),
    "a script in a link": linking(script),
    "a launch": linking(action(S=Name.Launch, F=String("calc.exe"))),
    "a launch of Windows": linking(action(S=Name.Launch, Win=action(F=String("cmd.exe"), P=String("/c")))),
    "a submission": linking(action(S=Name.SubmitForm, F=String("https://example.com"))),
    "an import of data": linking(action(S=Name.ImportData, F=String("a.fdf"))),
    "another file": linking(action(S=Name.GoToR, F=String("\\\\host\\share\\a.pdf"))),
    "an embedded file": linking(action(S=Name.GoToE, T=action(R=Name.C))),
    "a thread": linking(action(S=Name.Thread, F=String("a.pdf"))),
    "a sound": linking(action(S=Name.Sound)),
    "a film": linking(action(S=Name.Movie)),
    "a hiding": linking(action(S=Name.Hide, T=String("a"))),
    "a named command": linking(action(S=Name.Named, N=Name.Print)),
    "a layer": linking(action(S=Name.SetOCGState, State=Array([]))),
    "a rendition": linking(action(S=Name.Rendition, OP=0)),
    "a transition": linking(action(S=Name.Trans)),
    "a view of 3D": linking(action(S=Name.GoTo3DView)),
    "rich media's command": linking(action(S=Name.RichMediaExecute)),
    "a command that is not known": linking(action(S=Name("/Whatever"))),
    "a command of an annotation that says it is a text": annotate(
        "Link", Type=Name.StructElem, A=action(S=Name("/Whatever"))
    ),
    "a link to a script": linking(action(S=Name.URI, URI=String("javascript:alert(1)"))),
    "a link to a file": linking(action(S=Name.URI, URI=String("file:///etc/passwd"))),
    "a link to a share": linking(action(S=Name.URI, URI=String("\\\\host\\share"))),
    "a link with a blank before": linking(action(S=Name.URI, URI=String(" javascript:1"))),
    "a link that is a name": linking(action(S=Name.URI, URI=Name("/https://x"))),
    "chained scripts": chained,
    "a list of next ones": linking(
        action(S=Name.URI, URI=String("https://example.com"), Next=Array([script()]))
    ),
    "a script before it is clicked": annotate("Link", PA=action(S=Name.Launch)),
    "an annotation's events": annotate("Link", AA=action(E=script())),
    "an attached file": lambda pdf, page: annotate("FileAttachment", FS=filespec(pdf))(pdf, page),
    "rich media": annotate("RichMedia", RichMediaContent=action(X=1)),
    "a screen": annotate("Screen"),
    "a film in the page": annotate("Movie"),
    "a sound in the page": annotate("Sound"),
    "a scene": annotate("3D"),
    "an annotation that is not known": annotate("Projection"),
    "an annotation without a kind": lambda _pdf, page: page.Annots.append(Dictionary({"/Rect": RECT})),
    "an outline's script": outline(script()),
    "an outline's launch": outline(action(S=Name.Launch, F=String("a"))),
    "a script that nothing shows": unreachable,
    "a script deep inside": deep,
    "a picture of another file": drawn("Image", F=String("\\\\host\\a.png")),
    "a page of another file": drawn("Form", Ref=action(F=String("a.pdf"), Page=0)),
    "PostScript": drawn("PS"),
    "a drawing without a kind": drawn(),
    "pictures of a print shop": drawn("Form", OPI=action(X=1)),
}  # fmt: skip

QUIET = {
    "the receipt itself": None,
    "links of all kinds": lambda pdf, page: [
        linking(action(S=Name.URI, URI=String(link)))(pdf, page)
        for link in ("http://a.example", "HTTPS://a.example", "mailto:a@example.com", "tel:+7843")
    ],
    "a place on opening": lambda pdf, page: root(OpenAction=Array([page, Name.Fit]))(pdf, page),
    "a step to a place on opening": lambda pdf, page: root(
        OpenAction=action(S=Name.GoTo, D=Array([page, Name.Fit]))
    )(pdf, page),
    "a place in the file": lambda pdf, page: linking(action(S=Name.GoTo, D=Array([page, Name.Fit])))(pdf, page),
    "notes": lambda pdf, page: [annotate(kind)(pdf, page) for kind in ("Text", "Stamp", "Highlight", "Ink")],
    "a field": field(),
    "a signature": field(V=action(Type=Name.Sig, Filter=Name("/Adobe.PPKLite"))),
    "names that look like it": lambda _pdf, page: page.Resources.Font.__setitem__(
        "/AA", next(iter(dict(page.Resources.Font.items()).values()))
    ),
    "a tagged document": root(
        StructTreeRoot=action(
            Type=Name.StructTreeRoot,
            RoleMap=action(JS=Name.P),
            K=action(Type=Name.StructElem, S=Name.P, A=action(O=Name.Layout)),
        ),
        MarkInfo=action(Marked=True),
        Lang=String("ru"),
    ),
    "labels of pages": root(PageLabels=action(Nums=Array([0, action(S=Name.D)]))),
    "a transparent group": on_page(Group=action(S=Name.Transparency, CS=Name.DeviceRGB)),
    "a form that is drawn": drawn("Form", BBox=Array(RECT)),
}  # fmt: skip
WAYS = {
    "plain": {},
    "packed": {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
    "linear": {"linearize": True},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ACTIVE)
def test_what_acts_is_not_taken(name, way):
    data = make(ACTIVE[name], **WAYS[way])
    assert pdf_content.find_active(data)
    assert receipt_archive.check_pdf(data).problem == "active"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", QUIET)
def test_what_is_read_and_clicked_is_taken(name, way):
    data = make(QUIET[name], **WAYS[way])
    assert pdf_content.find_active(data) == ""
    facts = receipt_archive.check_pdf(data)
    assert facts.problem == "" and "0100001" in facts.text


def test_there_are_enough_samples():
    assert len(ACTIVE) >= 40


def test_names_written_with_escapes():
    data = make(ACTIVE["a launch"]).replace(b"/Launch", b"/L#61unch")
    assert pdf_content.find_active(data) or receipt_archive.check_pdf(data).problem


def test_a_key_that_stands_twice():
    """Readers do not agree which of the two counts."""
    data = make(linking(action(S=Name.URI, URI=String("https://example.com/xxxxxxxxxx"))))
    twice = data.replace(b"(https://example.com/xxxxxxxxxx)", b"(https://e.c)/S/JavaScript/S/URI")
    assert len(twice) == len(data) and twice != data
    assert receipt_archive.check_pdf(twice).problem in ("damaged", "active")


def test_a_table_that_has_to_be_guessed():
    data = make()
    at = data.rindex(b"startxref")
    assert receipt_archive.check_pdf(data[:at] + b"startxref\n7\n%%EOF\n").problem == "damaged"


CATALOG = b"1 0 obj\n<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>\nendobj\n"


@pytest.mark.parametrize("behind", [CATALOG, CATALOG + b" " * 500, b"PK\x03\x04" + b"\0" * 18])
def test_nothing_stands_behind_the_end(behind):
    with pytest.raises(ValueError, match="behind the end"):
        pdf_content.find_active(make() + b"\n" + behind)


@pytest.mark.parametrize("before", [b"<script>alert(1)</script>", b"PK\x03\x04", b"junk\n"])
def test_nothing_stands_before_the_head(before):
    with pytest.raises(ValueError, match="before the head"):
        pdf_content.find_active(before + make())


@pytest.mark.parametrize(
    ("before", "behind"), [(b"", b"\r\n\r\n\0\0"), (b"\xef\xbb\xbf\n", b"\x1a")]
)
def test_empty_ends_are_taken(before, behind):
    assert pdf_content.find_active(before + make() + behind) == ""


def test_a_place_is_of_this_file():
    away = action(S=Name.GoTo, F=String("other.pdf"), D=Array([0, Name.Fit]))
    assert pdf_content.find_active(make(annotate("Link", A=away))) == "/F"


def test_a_book_is_looked_at_in_time():
    stream = io.BytesIO()
    sheet = canvas.Canvas(stream)
    for number in range(500):
        sheet.drawString(50, 700, f"Account {number}")
        sheet.linkURL("https://example.com/pay", (50, 600, 200, 620))
        sheet.showPage()
    sheet.save()
    began = time.process_time()
    assert pdf_content.find_active(stream.getvalue()) == ""
    assert time.process_time() - began < 5


def test_more_objects_than_a_receipt_has(monkeypatch):
    monkeypatch.setattr(pdf_content, "OBJECTS", 50)
    assert pdf_content.find_active(make()) == "too many objects"
