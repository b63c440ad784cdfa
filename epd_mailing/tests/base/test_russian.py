"""A Russian session is Russian: every view, field, menu, action and message of ours."""

import re
from collections import Counter
from pathlib import Path

import polib
from lxml import etree
from odoo.modules.module import get_module_path
from odoo.tests import tagged

from ..common import EpdCommon

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
WORD = re.compile(r"[A-Za-z]{3,}")
# names that are written so in Russian too, and samples of what one types
SAME = {
    "unisender", "pdf", "mail", "office", "odoo", "api", "html", "url", "webhook", "sha", "http", "https",
    "example", "com", "json", "sbqr", "excel", "csv", "xlsx", "xls", "zip", "dbf", "xml",
    "utf", "windows", "dos", "koi",
}  # fmt: skip
ATTRIBUTES = (
    "string",
    "help",
    "placeholder",
    "confirm",
    "confirm-title",
    "confirm-label",
    "cancel-label",
    "title",
    "aria-label",
    "data-tooltip",
    "sum",
    "avg",
)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")
TRANSLATED = {
    "ir.ui.menu": ("name",),
    "ir.actions.act_window": ("name", "help"),
    "ir.actions.act_url": ("name",),
    "ir.actions.client": ("name",),
    "ir.actions.server": ("name",),
    "ir.actions.report": ("name",),
    "ir.filters": ("name",),
    "res.groups": ("name", "comment"),
    "res.groups.privilege": ("name",),
    "epd.account.list": ("name",),
}


def is_english(text):
    """Tell whether a text has English words and nothing Russian."""
    text = re.sub(r"<[^>]+>|&\w+;", " ", str(text))
    words = {word.lower() for word in WORD.findall(text)} - SAME
    return bool(words) and not CYRILLIC.search(text)


@tagged("post_install", "-at_install", "epd_mailing")
class TestRussian(EpdCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "ru_RU" not in dict(cls.env["res.lang"].get_installed()):
            cls.env["res.lang"]._activate_lang("ru_RU")
            cls.env.ref("base.module_epd_mailing")._update_translations(["ru_RU"])
        cls.env = cls.env(context={**cls.env.context, "lang": "ru_RU"})

    def _ours(self, model):
        data = self.env["ir.model.data"].search(
            [("module", "=", "epd_mailing"), ("model", "=", model)]
        )
        return self.env[model].browse(data.mapped("res_id")).exists()

    def test_words_that_odoo_leaves_in_english(self):
        """They are asked for in the web client's source; one that it has no more serves nobody."""
        own = Path(__file__).parents[2] / "static/src/words/odoo_words.js"
        words = re.findall(r'_t\("(.*?)"\)', own.read_text())
        self.assertGreater(len(words), 10)
        sources = "".join(
            path.read_text()
            for path in Path(get_module_path("web"), "static/src").rglob("*")
            if path.suffix in (".js", ".xml")
        )
        told = self.env["ir.http"]._get_translations_for_webclient(["epd_mailing"], "ru_RU")[0]
        ours = {each["id"]: each["string"] for each in told["epd_mailing"]["messages"]}
        for word in words:
            with self.subTest(word):
                self.assertIn(word, sources)
                self.assertRegex(ours[word], CYRILLIC)

    def _shown(self, arch):
        """Yield every text of an arch that a person reads."""
        for node in arch.iter():
            if node.tag is etree.Comment:
                continue
            for name in ATTRIBUTES:
                if node.get(name):
                    yield node, node.get(name)
            for text in (node.text, node.tail):
                if text and text.strip():
                    yield node, text

    def test_every_view(self):
        leaks = []
        for view in self._ours("ir.ui.view").filtered("model"):
            user = self.manager if view.model != "res.config.settings" else self.env.user
            model = self.env[view.model].with_user(user).with_context(lang="ru_RU")
            whole = model.get_views([(False if view.inherit_id else view.id, view.type)])
            arch = etree.fromstring(whole["views"][view.type]["arch"])
            for node, text in self._shown(arch):
                if view.inherit_id and not self._is_ours(node):
                    continue
                if is_english(text):
                    leaks.append(f"{view.name}: {text.strip()[:80]!r}")
        self.assertFalse(leaks)

    def _is_ours(self, node):
        """Whether a node of a view of Odoo's was put there by us: its field or button says so."""
        return "epd" in "".join(
            str(each.get("name") or "") for each in (node, *node.iterancestors())
        )

    def test_printed_pages(self):
        leaks = []
        for view in self._ours("ir.ui.view").filtered(lambda view: not view.model):
            if view.key.endswith("_style"):
                continue
            arch = etree.fromstring(view.arch)
            leaks += [
                f"{view.key}: {text.strip()[:80]!r}"
                for node, text in self._shown(arch)
                if is_english(text) and not node.xpath("ancestor-or-self::style")
            ]
        self.assertFalse(leaks)

    def test_every_field(self):
        leaks = []
        for name, model in self.env.items():
            for field in model._fields.values():
                if "epd_mailing" not in field._modules:
                    continue
                shown = field.get_description(self.env, ("string", "help", "selection"))
                labels = [label for _key, label in shown.get("selection") or ()]
                if field.name in ("epd_tz", "event_tz"):
                    labels = []  # the zones of the world, as everywhere in Odoo
                texts = [shown["string"], shown.get("help") or "", *labels]
                leaks += [f"{name}.{field.name}: {text!r}" for text in texts if is_english(text)]
        self.assertFalse(leaks)

    def test_names_of_models_menus_and_actions(self):
        leaks = [
            f"{model.model}: {model.name!r}"
            for model in self.env["ir.model"].search([("model", "=like", "epd.%")])
            if is_english(model.name)
        ]
        for model, names in TRANSLATED.items():
            for record in self._ours(model):
                for name in names:
                    if is_english(record[name] or ""):
                        leaks.append(f"{model} {record.id}: {record[name]!r}")
        self.assertFalse(leaks)

    def test_constraints_speak_russian(self):
        leaks = [
            f"{constraint.name}: {constraint.message!r}"
            for constraint in self._ours("ir.model.constraint")
            if constraint.message and is_english(constraint.message)
        ]
        self.assertFalse(leaks)

    def test_messages(self):
        """Each literal of the code has its Russian, with the same placeholders in it."""
        path = Path(__file__).parents[2] / "i18n" / "ru.po"
        problems = []
        for entry in polib.pofile(str(path)):
            if entry.obsolete:
                continue
            if entry.fuzzy or not entry.msgstr:
                problems.append(f"not translated: {entry.msgid!r}")
            elif re.fullmatch(r"object\..*|[a-z]+_[a-z_]+", entry.msgid):
                continue  # an expression that names a file, a column of a table for programs
            elif entry.msgid == entry.msgstr and is_english(entry.msgid):
                problems.append(f"same as English: {entry.msgid!r}")
            elif Counter(PLACEHOLDER.findall(entry.msgid)) != Counter(
                PLACEHOLDER.findall(entry.msgstr)
            ):
                problems.append(f"other placeholders: {entry.msgid!r}")
        self.assertFalse(problems)
