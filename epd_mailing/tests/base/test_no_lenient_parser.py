import ast
from pathlib import Path

from odoo.tests import tagged
from odoo.tests.common import BaseCase

# each of them looks *for* an address in a text, or reads it in a way of its own
LENIENT = {
    "email_normalize",
    "email_normalize_all",
    "email_split",
    "email_split_and_format",
    "email_split_and_format_normalize",
    "email_split_tuples",
    "email_domain_extract",
    "email_domain_normalize",
    "email_re",
    "single_email_re",
    "mail_header_msgid_re",
    "parseaddr",
    "getaddresses",
    "parse_contact_from_email",
    "_mail_find_partner_from_emails",
}
ADDON = Path(__file__).parents[2]


@tagged("post_install", "-at_install", "epd_mailing")
class TestNoLenientParser(BaseCase):
    """One strict reading of addresses in the whole product: ``tools/address_text.py``."""

    def sources(self):
        for path in ADDON.rglob("*.py"):
            inside = path.relative_to(ADDON).parts
            if inside[0] not in ("tests", "i18n"):
                yield path, path.read_text()

    def test_no_lenient_parser_is_used(self):
        found = []
        for path, text in self.sources():
            for node in ast.walk(ast.parse(text)):
                name = getattr(node, "attr", None) or getattr(node, "id", None)
                if isinstance(node, ast.alias):
                    name = node.name
                if name in LENIENT:
                    found.append(f"{path.relative_to(ADDON)}: {name}")
        self.assertFalse(found, "read it by tools.address_text")

    def test_no_regex_of_our_own_reads_an_address(self):
        found = []
        for path, text in self.sources():
            for node in ast.walk(ast.parse(text)):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                owner = getattr(node.func.value, "id", "")
                if owner not in ("re", "regex") or not node.args:
                    continue
                pattern = node.args[0]
                if isinstance(pattern, ast.Constant) and "@" in str(pattern.value):
                    found.append(f"{path.relative_to(ADDON)}: {pattern.value}")
        self.assertFalse(found, "read it by tools.address_text")

    def test_only_one_module_asks_the_library(self):
        users = [
            str(path.relative_to(ADDON))
            for path, text in self.sources()
            if "validate_email" in text
        ]
        self.assertEqual(users, ["tools/address_text.py"])
