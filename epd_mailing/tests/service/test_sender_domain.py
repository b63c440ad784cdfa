from unittest.mock import patch

import dns.resolver
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..go_common import GoCommon
from ..name_server import Names


@tagged("post_install", "-at_install", "epd_mailing")
class TestSenderDomain(GoCommon):
    """«Check the Sender's Domain»: a name server on this machine is asked, over a real socket."""

    def setUp(self):
        super().setUp()
        self.names = Names()
        self.names.start()
        self.addCleanup(self.names.socket.close)
        change = patch.object(dns.resolver, "default_resolver", self.names.resolver)
        change.start()
        self.addCleanup(change.stop)

    def _check(self, account):
        action = account.with_user(self.manager).action_check_domain()
        wizard = self.env[action["res_model"]].with_user(self.manager).browse(action["res_id"])
        return wizard, {line.kind: line for line in wizard.line_ids}

    def test_what_to_put_is_said(self):
        wizard, lines = self._check(self.go_account)
        self.assertFalse(wizard.is_ready)
        self.assertEqual(wizard.domain, "uk-demo.example.com")
        self.assertEqual(set(lines), {"verification", "dkim", "spf", "dmarc"})
        self.assertEqual(lines["dkim"].put, "v=DKIM1; k=rsa; p=MIGfMA0G")
        self.assertEqual(lines["dkim"].host, "us._domainkey.uk-demo.example.com")
        self.assertIn("include:spf.unisender.ru", lines["spf"].put)

    def test_all_is_in_order_in_the_end(self):
        wizard, _lines = self._check(self.go_account)
        self.names.zone = {
            "uk-demo.example.com": [
                "unisender-go-validate-hash=0123456789abcdef",
                "v=spf1 include:spf.unisender.ru ~all",
            ],
            "us._domainkey.uk-demo.example.com": ["v=DKIM1; k=rsa; p=MIGfMA0G"],
            "_dmarc.uk-demo.example.com": ["v=DMARC1; p=none"],
        }
        again = self.env["epd.sender.domain"].browse(wizard.action_check_again()["res_id"])
        self.assertTrue(again.is_ready)
        self.assertEqual(set(again.line_ids.mapped("state")), {"ok"})

    def test_what_go_has_not_seen_is_not_in_order(self):
        self.names.zone = {
            "uk-demo.example.com": [
                "unisender-go-validate-hash=0123456789abcdef",
                "v=spf1 include:spf.unisender.ru ~all",
            ],
            "us._domainkey.uk-demo.example.com": ["v=DKIM1; k=rsa; p=MIGfMA0G"],
            "_dmarc.uk-demo.example.com": ["v=DMARC1; p=none"],
        }
        self.go.dkim = False
        wizard, lines = self._check(self.go_account)
        self.assertFalse(wizard.is_ready)
        self.assertEqual((lines["dkim"].state, lines["verification"].state), ("waiting", "ok"))

    def test_a_domain_that_go_does_not_know_is_registered(self):
        self.go_account.sender_email = "office@new.example.com"
        _wizard, lines = self._check(self.go_account)
        self.assertIn("domain/get-dns-records", self.go.calls)
        self.assertEqual(lines["dkim"].put, "v=DKIM1; k=rsa; p=MIGfMA0G")

    def test_the_classic_service_has_its_own_words(self):
        _wizard, lines = self._check(self.unisender)
        self.assertEqual(set(lines), {"spf", "dmarc"}, "the key of DKIM stands in its cabinet")
        self.assertIn("include:spf.unisender.com", lines["spf"].put)

    def test_who_may_ask(self):
        with self.assertRaises(AccessError):
            self.go_account.with_user(self.operator).action_check_domain()

    def test_a_service_that_does_not_answer_is_told(self):
        self.go.wrong_server = True
        with self.assertRaises(UserError):
            self.go_account.with_user(self.manager).action_check_domain()
