"""The table that ``make bench`` prints: what it says of figures, of targets, and of parts that failed."""

import json
import re
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import command, figures, table, whole_test
from bench.table import BEFORE, LIMIT, ODOO, OURS, Failure, Figure, Target, Work

ROOT = Path(__file__).resolve().parent.parent
WORK = Work("part.what", "a work", "/s", more=True)


@pytest.fixture
def told(tmp_path, monkeypatch):
    """A file for figures; those of our code."""
    path = tmp_path / "figures.jsonl"
    monkeypatch.setenv(figures.FILE, str(path))
    monkeypatch.delenv(figures.CODE, raising=False)
    return path


@pytest.mark.parametrize(
    ("target", "found", "verdict"),
    [
        (Target(least=5), {OURS: 5}, "met"),
        (Target(least=5), {OURS: 4.9}, "MISSED"),
        (Target(most=5), {OURS: 5.1}, "MISSED"),
        (Target(least=5), {}, ""),
        (Target(times_odoo=10), {OURS: 100, ODOO: 10}, "met"),
        (Target(times_odoo=10), {OURS: 99, ODOO: 10}, "MISSED"),
        (Target(times_odoo=10), {OURS: 99}, ""),
        (Target(times_before=1), {OURS: 9, BEFORE: 10}, "MISSED"),
        (Target(least=5, times_odoo=2), {OURS: 4, ODOO: 1}, "MISSED"),
        (Target(least=5, count=100), {OURS: 1}, ""),
        (None, {OURS: 1}, ""),
    ],
)
def test_a_target_is_judged(target, found, verdict):
    work = Work("part.what", "a work", "/s", more=True, target=target)
    figures_of = {column: Figure(work.key, column, value) for column, value in found.items()}
    assert table.judge(work, figures_of) == verdict


def test_ratio_says_how_much_better_ours_is():
    less = Work("part.other", "another", "s")
    assert table.times(WORK, 100, 50) == 2
    assert table.times(less, 50, 100) == 2
    assert table.times(WORK, 100, 0) is None


def test_table_holds_each_column_and_note():
    found = [
        Figure("writing.write", OURS, 30, 100_000, "a note"),
        Figure("writing.write", BEFORE, 90, 100_000),
        Figure("writing.write", LIMIT, 3),
    ]
    said = table.lay_out(found, parts=["writing"])
    row = next(line for line in said.splitlines() if line.startswith("letters of a mailing"))
    assert re.split(r"\s{2,}", row) == [
        "letters of a mailing written (100000)",
        "30 s",
        "90 s",
        "–",
        "3 s",
        "×3 · – · ×0.10",
        "≤ 40 s at 100000: met",
    ]
    assert "    ours: a note" in said
    assert "mailing cancelled" in said and "documents" not in said


def test_failed_part_says_so_in_its_rows():
    said = table.lay_out([], [Failure("paper", OURS)], ["paper", "memory"])
    rows = said.splitlines()
    assert [line for line in rows if table.FAILED in line] == [
        next(line for line in rows if line.startswith("receipts joined for the printer"))
    ]


def test_figures_come_back_as_they_were_told(told):
    figures.record("letters.go", 12.5, ODOO, 20, "с заметкой")
    assert figures.read(told) == [Figure("letters.go", ODOO, 12.5, 20, "с заметкой")]
    with pytest.raises(KeyError):
        figures.record("no.such", 1)


def test_last_release_fills_its_own_column_alone(told, monkeypatch):
    monkeypatch.setenv(figures.CODE, BEFORE)
    figures.record("letters.go", 10)
    figures.record("letters.go", 11, ODOO)
    assert figures.read(told) == [Figure("letters.go", BEFORE, 10)]


@pytest.fixture
def run(told, tmp_path, monkeypatch, capsys):
    """Run parts with a stand-in for their measuring: ``run(outcomes)`` → (exit code, table)."""
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    monkeypatch.setattr(bench, "RUN", tmp_path)
    monkeypatch.setattr(bench, "KEPT", tmp_path / "bench.txt")
    monkeypatch.setattr(bench, "describe_machine", lambda codes: "a machine")

    def run(outcomes):
        def measure(part, column, _addon, path):
            if outcomes[part, column] == "told":
                line = {"key": f"{part}.join", "column": column, "value": 1}
                with open(path, "a", encoding="utf-8") as lines:
                    lines.write(json.dumps(line) + "\n")
            return outcomes[part, column] != "failed"

        code = bench.run(["paper"], {OURS: "here", BEFORE: "there"}, measure)
        assert (tmp_path / "bench.txt").read_text() in capsys.readouterr().out
        return code

    return run


@pytest.mark.parametrize(
    ("ours", "before", "code"),
    [
        ("told", "told", 0),
        ("told", "failed", 0),
        ("failed", "told", 1),
        ("silent", "told", 1),
    ],
)
def test_exit_code_is_that_of_our_code(run, ours, before, code):
    assert run({("paper", OURS): ours, ("paper", BEFORE): before}) == code


def test_every_work_is_recorded_by_its_part_and_every_part_is_explained():
    readme = (ROOT / "bench" / "README.md").read_text()
    assert not set(table.PARTS) & set(table.COMMANDS)
    for part in (*table.PARTS, *table.COMMANDS):
        source = (ROOT / "bench" / f"{part}.py").read_text()
        assert ("def measure():" if part in table.COMMANDS else "def measure(env):") in source
        assert f"| `{part}` |" in readme
        for work in table.WORKS:
            if work.part == part:
                what = work.key.rpartition(".")[2]
                assert re.search(rf'[."]{what}"|\.\{{kind\}}"', source), work.key
    assert len(table.BY_KEY) == len(table.WORKS)


def test_a_whole_command_is_measured_with_our_code_alone(told, tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    monkeypatch.setattr(bench, "RUN", tmp_path)
    monkeypatch.setattr(bench, "KEPT", tmp_path / "bench.txt")
    monkeypatch.setattr(bench, "describe_machine", lambda codes: "a machine")
    asked = []

    def measure(part, column, _addon, path):
        asked.append((part, column))
        line = {"key": f"{part}.demo", "column": column, "value": 39}
        path.write_text(json.dumps(line) + "\n", encoding="utf-8")
        return True

    assert bench.run(["demo_again"], {OURS: "here", BEFORE: "there"}, measure) == 0
    assert asked == [("demo_again", OURS)]
    assert "≤ 40 s: met" in (tmp_path / "bench.txt").read_text()


def test_a_command_is_timed_and_its_failure_is_told(monkeypatch, tmp_path):
    (tmp_path / "Makefile").write_text(
        "well:\n\t@echo code=$$BENCH_CODE\n\t@echo 7 passed, 0 failed\nill:\n\t@exit 3\n"
    )
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setenv(figures.CODE, OURS)
    # as under `make bench`, which would have each folder told that is entered and left
    monkeypatch.setenv("MAKELEVEL", "1")
    monkeypatch.setenv("MAKEFLAGS", "w")
    said = []
    assert command.run("well", note=said.append) > 0
    assert said == ["code=\n", "7 passed, 0 failed\n"]
    with pytest.raises(SystemExit, match="make ill has failed"):
        command.run("ill")


def test_all_tests_are_counted_where_their_sum_is_told(told, monkeypatch):
    def run(*words, note):
        for line in ("tests_unit   7 passed, 0 failed\n", "19 passed, 0 failed\n", "the end\n"):
            note(line)
        return 599

    monkeypatch.setattr(command, "run", run)
    whole_test.measure()
    assert figures.read(told) == [Figure("whole_test.test", OURS, 599, note="19 passed")]
