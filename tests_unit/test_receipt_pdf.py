"""Rendering: each file is proved to be its own; what breaks is rejected and harms no other."""

import http.server
import io
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pypdf
import pytest
from PIL import Image
from tools import receipt_pdf
from tools.receipt_pdf import ProofError, RenderJob, make_token, token_html
from tools.receipt_pdf import workdir as folders

# every engine that this machine has: one that is missing has no case of its own, so nothing is skipped
HERE = [name for name, engine in receipt_pdf.ENGINES.items() if engine().is_there()]


@pytest.fixture(params=HERE)
def engine(tmp_path, request):
    engine = receipt_pdf.find_engine(request.param, base_dir=str(tmp_path))
    assert engine.check_ready() == []
    return engine


def marks(engine, pdf):
    """Return the marks in a file, read with a library that no engine uses."""
    return {
        annotation.get_object()["/A"]["/URI"].removeprefix("http://epd.invalid/")
        for page in pypdf.PdfReader(io.BytesIO(pdf)).pages
        for annotation in page.get("/Annots", [])
    }


def job(key, text="Квитанция", token=None):
    token = token or make_token(key)
    html = f"<html><head><meta charset='utf-8'></head><body>{text} {key}{token_html(token)}</body></html>"
    return RenderJob(key, html, token)


def test_converters_are_as_many_as_the_cores_that_may_be_used():
    cores = os.sched_getaffinity(0)
    assert receipt_pdf.PlutoprintEngine().processes == len(cores)
    try:
        os.sched_setaffinity(0, {min(cores)})
        assert receipt_pdf.PlutoprintEngine().processes == 1
    finally:
        os.sched_setaffinity(0, cores)


def test_every_job_gets_its_own_file(engine):
    jobs = [job(number) for number in range(12)]
    results = engine.render(jobs)
    for entry in jobs:
        assert results[entry.key].pages == 1
        assert marks(engine, results[entry.key].pdf) == {entry.token}


def test_swapped_pages_are_refused(engine):
    first, second, good = job(1), job(2), job(3)
    results = engine.render(
        [RenderJob(1, second.html, first.token), RenderJob(2, first.html, second.token), good]
    )
    assert results[1].pdf is None and results[2].pdf is None
    assert results[3].pdf


@pytest.mark.parametrize("extra", ["", "999-foreign"])
def test_missing_and_further_marks_are_refused(engine, extra):
    token = make_token(1)
    marks = token_html(token) + token_html(extra) if extra else ""
    bad = RenderJob(1, f"<html><body>{marks}</body></html>", token)
    results = engine.render([bad, job(2)])
    assert results[1].pdf is None and results[2].pdf


def test_broken_files_are_refused(engine):
    entry = job(1)
    pdf = engine.render([entry])[1].pdf
    assert engine.check_pdf(pdf, entry.token) == 1
    foreign = engine.render([job(2)])[2].pdf
    for broken in (b"", pdf[: len(pdf) // 2], foreign, b"x" + pdf, pdf + foreign):
        with pytest.raises(ProofError):
            engine.check_pdf(broken, entry.token)


def fake(tmp_path, body):
    path = tmp_path / "wkhtmltopdf"
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo fake && exit 0\n{body}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return receipt_pdf.WkhtmltopdfEngine(str(path), base_dir=str(tmp_path))


def behind(tmp_path, engine, body):
    """Return an engine like ``engine`` whose command is handed to a shell script as ``"$@"``."""
    path = tmp_path / "wrapper"
    path.write_text(f"#!/bin/sh\n{body}\n")
    wrapped = type(engine)(base_dir=engine.base_dir)
    wrapped.make_command = lambda folder: ["/bin/sh", str(path), *engine.make_command(folder)]
    return wrapped


@pytest.mark.parametrize(
    ("body", "said"),
    [("exit 0", "no file"), ("kill -9 $$", "exit -9"), ("exec sleep 60", "timeout")],
)
def test_a_program_that_fails_is_told(tmp_path, body, said):
    result = fake(tmp_path, body).render([job(1)], timeout=0.3)[1]
    assert result.pdf is None and said in result.error


def test_a_program_that_writes_anothers_file_is_caught(tmp_path, engine):
    foreign = tmp_path / "foreign.pdf"
    foreign.write_bytes(engine.render([job(7)])[7].pdf)
    script = f'while read -r src dst; do eval cp {foreign} "$dst"; done'
    result = fake(tmp_path, script).render([job(1)])[1]
    assert result.pdf is None and "own mark" in result.error


def test_missing_program_is_found_before_starting(tmp_path):
    engine = receipt_pdf.WkhtmltopdfEngine(str(tmp_path / "nothing"))
    assert "binary_missing" in [problem.code for problem in engine.check_ready()]
    assert engine.render([job(1)])[1].error == "binary_missing"


@pytest.mark.parametrize(
    ("version", "codes"),
    [
        ("0.12.3 (with patched qt)", ["binary_old"]),
        ("0.12.4 (with patched qt)", []),
        ("0.12.6.1 (with patched qt)", []),
        ("0.12.6", []),
    ],
)
def test_a_build_that_prints_too_large_is_found_before_starting(tmp_path, version, codes):
    path = tmp_path / "wkhtmltopdf"
    path.write_text(f"#!/bin/sh\necho 'wkhtmltopdf {version}'\n")
    path.chmod(0o755)
    engine = receipt_pdf.WkhtmltopdfEngine(str(path), base_dir=str(tmp_path))
    assert [problem.code for problem in engine.check_ready()] == codes


@pytest.fixture
def asked():
    """A server of this machine: ``(its address, the paths that it was asked for)``."""
    paths = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, *_words):
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", paths
        server.shutdown()
        thread.join()


def test_nothing_is_fetched_and_no_foreign_file_is_read(tmp_path, engine, asked):
    address, paths = asked
    secret, picture = tmp_path.parent / "secret.html", tmp_path.parent / "secret.png"
    secret.write_text("СЕКРЕТ")
    Image.new("RGB", (64, 64), "red").save(picture)
    text = (
        f'<link rel="stylesheet" href="{address}/x.css"><img src="{address}/x.png">'
        f'<style>p {{background: url("{address}/back.png")}}</style><p>п</p>'
        f'<iframe src="file://{secret}"></iframe><object data="file://{secret}"></object>'
        f'<img src="file://{picture}"><img src="{picture}">'
        "<script>document.write('JS')</script>"
    )
    result = engine.render([job(1, text)])[1]
    assert result.pdf and result.pages == 1
    (page,) = pypdf.PdfReader(io.BytesIO(result.pdf)).pages
    assert not paths
    assert (64, 64) not in [image.image.size for image in page.images]
    assert "СЕКРЕТ" not in page.extract_text() and "JS" not in page.extract_text()


def test_temporary_files_are_gone(tmp_path, engine):
    engine.render([job(1)])
    assert list(tmp_path.glob(folders.PREFIX + "*")) == []


def test_folders_of_the_dead_are_swept(tmp_path):
    dead = tmp_path / (folders.PREFIX + "dead")
    dead.mkdir()
    with folders.private_directory(str(tmp_path)) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert not dead.exists()


def test_a_full_disk_is_told(tmp_path, engine, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders.tempfile, "mkdtemp", refuse)
    result = engine.render([job(1)])[1]
    assert result.pdf is None and "No space left" in result.error


def test_pages_are_made_while_the_engine_works(tmp_path):
    """The first page is handed over before the second is made: a lazy list stays lazy."""
    marker = tmp_path / "taken"
    seen = []

    def jobs():
        for number in range(2):
            if number:
                while not marker.exists():
                    os.sched_yield()
                seen.append(marker.exists())
            yield job(number)

    engine = fake(tmp_path, f"while read -r src dst; do : > {marker}; done")
    engine.processes = 1
    assert engine.render(jobs())[0].error
    assert seen == [True]


def test_what_a_dying_process_left_is_rendered_alone(tmp_path, engine):
    """A process that dies in the middle harms nobody: the rest is rendered one by one."""
    count = tmp_path / "count"
    script = (
        f"n=$(cat {count} 2>/dev/null || echo 0); echo $((n + 1)) > {count}\n"
        'if [ "$n" = 0 ]; then head -n 1 | "$@"; kill -9 $$; fi\n'
        'exec "$@"'
    )
    broken = behind(tmp_path, engine, script)
    broken.processes = 1
    results = broken.render([job(number) for number in range(4)])
    assert [results[number].pages for number in range(4)] == [1, 1, 1, 1]
    assert int(count.read_text()) == 4


def test_an_error_of_the_caller_leaves_no_process(tmp_path):
    pids = tmp_path / "pid"

    def jobs():
        yield job(1)
        while not pids.exists() or not pids.read_text():
            os.sched_yield()
        raise ValueError("broken page")

    engine = fake(tmp_path, f"echo $$ > {pids}; exec sleep 60")
    with pytest.raises(ValueError, match="broken page"):
        engine.render(jobs())
    with pytest.raises(ProcessLookupError):
        os.kill(int(pids.read_text()), 0)


def test_files_of_a_killed_worker_are_gone_at_the_next_start(tmp_path, engine):
    """SIGKILL in the middle: the next start sweeps, and the living are not touched."""
    work = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from tools.receipt_pdf import workdir\n"
        "with workdir.private_directory(sys.argv[2]) as folder:\n"
        "    (folder / 'r1.html').write_text('Квитанция')\n"
        "    print(folder, flush=True); time.sleep(600)\n"
    )
    addon = str(Path(receipt_pdf.__file__).parents[2])
    command = [sys.executable, "-c", work, addon, str(tmp_path)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        dead, living = (Path(worker.stdout.readline().strip()) for worker in workers)
        workers[0].kill()
        workers[0].wait()
        assert (dead / "r1.html").exists()
        assert engine.render([job(1)])[1].pdf
        assert not dead.exists()
        assert (living / "r1.html").exists()
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            worker.stdout.close()


def test_a_page_cut_by_a_full_disk_is_never_rendered(tmp_path, engine):
    """A real limit of the file system's kind: what does not fit is rejected, the rest is not."""
    big = job(1, "Квитанция " * 100_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        results = engine.render([job(0), big, job(2)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert results[1].pdf is None and "no file" in results[1].error
    assert results[0].pdf and results[2].pdf


def test_a_file_cut_by_a_full_disk_is_refused(tmp_path, engine):
    """The converter's own output is cut: no such file is taken for a receipt."""
    result = behind(tmp_path, engine, 'ulimit -f 4; exec "$@"').render([job(1)])[1]
    assert result.pdf is None and result.error


def test_a_file_of_other_pages_than_laid_out_is_refused(engine):
    entry = job(1)
    results = engine.render([RenderJob(1, entry.html, entry.token, 2), job(2)])
    assert results[1].pdf is None and results[1].overflow
    assert "laid out on 2" in results[1].error
    assert results[2].pdf


def test_doubled_marks_of_two_receipts_are_refused(engine):
    first, second = job(1), job(2)
    both = RenderJob(1, first.html + second.html, first.token)
    results = engine.render([both, second])
    assert results[1].pdf is None and results[2].pdf


def test_a_file_with_the_marks_of_two_receipts_is_refused(engine):
    """Whatever the page said: what came out of the converter is read by itself."""
    one, two = job(1), job(2)
    results = engine.render([one, two])
    writer = pypdf.PdfWriter()
    for key in (1, 2):
        writer.append(io.BytesIO(results[key].pdf))
    writer.write(joined := io.BytesIO())
    assert engine.check_pdf(results[1].pdf, one.token) == 1
    for token in (one.token, two.token):
        with pytest.raises(ProofError, match="alone"):
            engine.check_pdf(joined.getvalue(), token)


def test_no_process_is_left_behind(tmp_path, engine):
    engine.render([job(number) for number in range(5)])
    fake(tmp_path, "exec sleep 60").render([job(1)], timeout=0.3)
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    names = [Path(f"/proc/{pid}/comm").read_text().strip() for pid in children]
    assert not [name for name in names if name in ("wkhtmltopdf", "sleep", "sh")]


def test_memory_of_a_converter_is_bounded(tmp_path):
    limits = tmp_path / "limits"
    engine = fake(tmp_path, f"read -r line; cat /proc/$$/limits > {limits}")
    engine.render([job(1)])
    text = limits.read_text()
    assert re.search(rf"Max data size +{engine.memory_limit_mb * 2**20} ", text)
    assert re.search(r"Max cpu time +\d+ ", text)


def test_both_builds_show_millimetres_as_millimetres(tmp_path):
    """Patched Qt takes sizes as they are, unpatched Qt shrinks them: told by ``--version``."""
    path = tmp_path / "patched"
    path.write_text("#!/bin/sh\necho 'wkhtmltopdf 0.12.6 (with patched qt)'\n")
    path.chmod(0o755)
    patched = receipt_pdf.WkhtmltopdfEngine(str(path))
    assert patched.patched and patched.zoom == 1.0
    assert "--disable-smart-shrinking" in patched.make_command(tmp_path)
    plain = fake(tmp_path, "exit 0")
    assert not plain.patched and plain.zoom > 1.3
    assert "--disable-smart-shrinking" not in plain.make_command(tmp_path)


# a build with patched Qt where one is named, and every engine of this machine
BUILDS = [
    ("wkhtmltopdf", os.environ[name]) for name in ["EPD_PATCHED_WKHTMLTOPDF"] if name in os.environ
]


@pytest.mark.parametrize(("name", "binary"), [*((name, None) for name in HERE), *BUILDS])
def test_an_engine_keeps_what_lies_on_two_pages(tmp_path, name, binary):
    options = {"binary": binary} if binary else {}
    engine = receipt_pdf.find_engine(name, base_dir=str(tmp_path), **options)
    assert engine.check_ready() == []
    block = "<div style='height: 180mm; width: 150mm'>{}</div>"
    entry = job(1, block.format(1) + block.format(2))
    result = engine.render([RenderJob(1, entry.html, entry.token, 2), job(2)])
    assert result[1].pages == 2 and result[2].pages == 1


def test_the_quickest_that_is_ready_is_taken(tmp_path, monkeypatch):
    program = tmp_path / "wkhtmltopdf"
    program.write_text("#!/bin/sh\necho 'wkhtmltopdf 0.12.6'\n")
    program.chmod(0o755)
    monkeypatch.setenv("WKHTMLTOPDF", str(program))
    assert receipt_pdf.find_engine("auto", base_dir=str(tmp_path)).name == "plutoprint"
    monkeypatch.setattr(receipt_pdf.PlutoprintEngine, "check_ready", lambda self: ["fails"])
    assert receipt_pdf.find_engine("auto", base_dir=str(tmp_path)).name == "wkhtmltopdf"


def test_an_engine_tells_its_name_and_version(engine):
    assert engine.name in receipt_pdf.ENGINES
    assert re.match(r"\d+\.\d+", engine.version)


def test_a_library_that_fails_its_own_check_is_not_ready(tmp_path, monkeypatch):
    module = sys.modules[receipt_pdf.PlutoprintEngine.__module__]
    module._check_itself.cache_clear()
    worker = tmp_path / "worker.py"
    worker.write_text("import os\nos.abort()\n")
    monkeypatch.setattr(module, "WORKER", worker)
    try:
        problems = receipt_pdf.PlutoprintEngine(base_dir=str(tmp_path)).check_ready()
        assert [problem.code for problem in problems] == ["library_fails"]
    finally:
        module._check_itself.cache_clear()
