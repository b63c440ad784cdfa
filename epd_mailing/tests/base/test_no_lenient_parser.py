import ast
import re
from pathlib import Path

from odoo.tests import tagged
from odoo.tests.common import BaseCase
from odoo.tools import mail

ADDON = Path(__file__).parents[2]
READER = "tools/address_text.py"

# each of them looks *for* an address in a text, or reads it in a way of its own: whatever Odoo's
# tools have to do with e-mail, and what stands elsewhere
LENIENT = {name for name in dir(mail) if "email" in name and name != "email"} | {
    "email_formatted",
    "find_or_create",
    "getaddresses",
    "mail_validate",
    "parse_contact_from_email",
    "parseaddr",
    "_find_or_create_from_emails",
    "_mail_find_partner_from_emails",
    "_partner_find_from_emails",
    "_partner_find_from_emails_single",
}
# modules that read addresses, and where one of them is used nevertheless
READERS = ("email", "email_validator", "flanker", "validate_email", "odoo.addons.mail.tools")
USERS = {
    (READER, "email_validator"),
    ("tools/unisender_go/client.py", "email.header"),  # writes the name of a sender
}
# texts with the sign, beside those for people: all else may be an address read by hand
KNOWN_TEXTS = {
    # of addresses in their normal form
    ("models/run/account_counts.py", "split_part(email_normalized, '@', 2)"),
    ("models/run/epd_readiness_accounts.py", "x@"),
    # samples, and separators of the payment code
    ("tools/message.py", "office@uk-demo.example.com"),
    ("tools/payment_qr.py", "|#;:^_~{}!$%&()*+,/@"),
    # the moment of background work, and wide letters
    ("models/base/epd_work_engine.py", "@"),
    ("tools/receipt_pages.py", "ЖМФШЩЫЮWM@%"),
    ("tools/table_file/kinds.py", "ivanov@example.com"),
    ("tools/table_file/kinds.py", "petrova@example.com"),
    # whether what is looked for may be a part of an address
    ("models/account/epd_personal_account.py", "@"),
    # a rule of style sheets
    ("tools/letter_html.py", r"@import\s+(?:url\(\s*)?[\"']?([^\"');\s]+)"),
    # XPath
    ("models/start/epd_settings.py", ".//div[@name='settings']"),
    ("models/start/epd_settings.py", "//app[@name='epd_mailing']//setting"),
    ("models/start/epd_settings.py", ".//field/@name"),
    ("models/start/sample_office.py", "record[@id='"),
}
WORD = re.compile(r"\w+")


def find_readers(name, source):
    """Yield what reads addresses in a Python file, past ``tools/address_text.py``.

    :param name: path of the file in the addon
    """
    tree = ast.parse(source)
    spoken = set()  # docstrings, and texts for people
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            spoken.add(node.value)
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
            if called in ("_", "_lt"):
                spoken.update(node.args)
    for node in ast.walk(tree):
        for used in _get_names(node):
            if used in LENIENT:
                yield used
        for module in _get_modules(node):
            if _reads(module) and (name, module) not in USERS:
                yield module
        if isinstance(node, ast.Constant) and node not in spoken and name != READER:
            text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
            if not isinstance(text, str) or (name, text) in KNOWN_TEXTS:
                continue
            if "@" in text or "\\x40" in text:
                yield text
            yield from LENIENT.intersection(WORD.findall(text))


def _get_names(node):
    if isinstance(node, ast.alias):
        return [node.name]
    return [getattr(node, "attr", None), getattr(node, "id", None)]


def _get_modules(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        if _reads(node.module):
            return [node.module]
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _reads(module):
    return any(module == each or module.startswith(f"{each}.") for each in READERS)


@tagged("post_install", "-at_install", "epd_mailing")
class TestNoLenientParser(BaseCase):
    """One strict reading of addresses in the whole product: ``tools/address_text.py``."""

    def sources(self, suffix):
        for path in sorted(ADDON.rglob(f"*{suffix}")):
            inside = path.relative_to(ADDON)
            if inside.parts[0] not in ("tests", "i18n"):
                yield inside.as_posix(), path.read_text()

    def test_nothing_else_reads_an_address(self):
        found = [
            f"{name}: {what}"
            for name, source in self.sources(".py")
            for what in find_readers(name, source)
        ]
        self.assertFalse(found, "read it by tools.address_text")

    def test_nor_do_views_and_scripts(self):
        found = [
            f"{name}: {word}"
            for suffix in (".xml", ".js")
            for name, source in self.sources(suffix)
            for word in sorted(LENIENT.intersection(WORD.findall(source)))
        ]
        found += [
            f"{name}: {line.strip()}"
            for name, source in self.sources(".js")
            for line in source.splitlines()
            # names of modules begin with the sign, and so does a rule of style sheets
            if "@" in re.sub(r"""["']@[\w/-]+["']|@import\b""", "", line)
            and not line.lstrip().startswith("*")
        ]
        self.assertFalse(found, "read it by tools.address_text")

    def test_it_cannot_be_got_round(self):
        for source in (
            "from odoo.tools import email_normalize",
            "from odoo.tools import email_normalize as read",
            "from odoo import tools\ntools.email_split(text)",
            "from odoo.tools import mail\nmail.email_split_and_normalize(text)",
            "getattr(tools, 'email_normalize')(text)",
            "self.env['res.partner'].find_or_create(text)",
            "partner.email_formatted",
            "partners.mapped('email_formatted')",
            "from email.utils import parseaddr",
            "import email.utils",
            "import email",
            "from email import utils",
            "from email.headerregistry import Address",
            "from email_validator import validate_email",
            "import email_validator as reader",
            "from odoo.addons.mail.tools.mail_validation import mail_validate",
            "from odoo.addons.mail import tools",
            "text.split('@')",
            "'@' in text",
            "AT = '@'\ntext.partition(AT)",
            "re.search(r'[^ ]+@[^ ]+', text)",
            "PATTERN = re.compile(rb'(.*)@(.*)')",
            "re.findall(f'{WORD}@{WORD}', text)",
            "re.search(r'\\w+\\x40', text)",
            "cr.execute(\"SELECT substring(email FROM '[^ ]+@.*')\")",
        ):
            with self.subTest(source):
                self.assertTrue(list(find_readers("models/x.py", source)))
        for source in (
            "self.env._('there is no @')",
            '"""Odoo\'s email_normalize guesses: a@x.ru."""',
            "address.email_normalized",
            "from ...tools.address_text import read_addresses",
        ):
            with self.subTest(source):
                self.assertFalse(list(find_readers("models/x.py", source)))
