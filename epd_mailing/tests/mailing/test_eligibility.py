from datetime import date

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from odoo.tests import tagged

from ...models.mailing.letter_queue import LetterQueue, db_now
from ...models.run.drilldown import RunDrilldown
from ..sending_common import SendingCommon

# a letter goes, though the policy is the strict one; a situation differs from it in a few things
GOOD = {
    "policy": "strict",
    "document": "saved",
    "file": True,
    "payer": "same",
    "channel": "email",
    "consents": [(0, ("given", "copy"), "own")],
    "addresses": [("active", "good")],
    "sent_before": False,
}
CONSENTS = st.lists(
    # days after the first of February (the cut-off day is the 20th: 55 and 70 do not count), what was said, by whom
    st.tuples(
        st.sampled_from([0, 45, 55, 70]),
        st.sampled_from([("given", "instead"), ("given", "copy"), ("withdrawn", "copy")]),
        st.sampled_from(["own", "own", "other", "nobody"]),
    ),
    max_size=3,
)
ADDRESSES = st.lists(
    st.tuples(
        st.sampled_from(["active", "active", "bounced", "unsubscribed", "closed"]),
        st.sampled_from(["good", "good", "malformed"]),
    ),
    max_size=3,
)
ANY = {
    "policy": st.sampled_from(["paper_too", "email_only", "strict"]),
    "document": st.sampled_from(["saved", "superseded", "draft"]),
    "file": st.booleans(),
    "payer": st.sampled_from(["same", "other"]),
    "channel": st.sampled_from(["email", "both", "paper"]),
    "consents": CONSENTS,
    "addresses": ADDRESSES,
    "sent_before": st.sampled_from([False, "sent", "unknown", "skipped"]),
}
SITUATION = st.one_of(
    *(st.fixed_dictionaries({name: one}) for name, one in ANY.items()),
    st.fixed_dictionaries({"consents": CONSENTS, "addresses": ADDRESSES}),
    st.fixed_dictionaries({}, optional=ANY),
).map(lambda changes: {**GOOD, **changes})
# what changes between the writing of a letter and its call
CHANGE = st.sampled_from(
    ["nothing", "nothing", "document", "file", "payer", "channel", "address", "corrected", "gone"]
)
FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@tagged("post_install", "-at_install", "epd_mailing")
class TestEligibility(SendingCommon):
    """«May this letter go, and if not, why»: all who ask get one answer, and it is the right one.

    The expected answers are written down here a second time, plainly, one record after another.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account, cls.document = cls.accounts[0], cls.documents[0]
        cls.company.epd_consent_cutoff_day = 20
        cls.stranger = cls.accounts[1].partner_id
        cls.run_ = cls.env["epd.billing.run"].create(
            {
                "period_id": cls.period.id,
                "company_id": cls.company.id,
                "list_ids": [(6, 0, cls.env.ref("epd_mailing.account_list_all_open").ids)],
            }
        )

    # --- situations ------------------------------------------------------------------------------

    def _sql(self, query, *args):
        self.env.flush_all()
        self.env.cr.execute(query, args)
        self.env.invalidate_all()

    def _set_up(self, case):
        """Bring the first account into a situation, by SQL where the program's doors forbid it."""
        self.company.epd_consent_policy = case["policy"]
        self.account.channel = case["channel"]
        for days, (action, kind), who in case["consents"]:
            consent = self.env["epd.delivery.consent"].create(
                {
                    "account_id": self.account.id,
                    "action": action,
                    "kind": kind,
                    "date": date.fromordinal(date(2026, 2, 1).toordinal() + days),
                    "basis": "x",
                }
            )
            partner = {"own": self.account.partner_id, "other": self.stranger}.get(who)
            self._sql(
                "UPDATE epd_delivery_consent SET partner_id = %s WHERE id = %s",
                partner and partner.id,
                consent.id,
            )
        self._sql("DELETE FROM epd_delivery_address WHERE account_id = %s", self.account.id)
        for number, (state, text) in enumerate(case["addresses"]):
            self._sql(
                """INSERT INTO epd_delivery_address
                          (account_id, company_id, partner_id, source, email, email_normalized, state)
                   VALUES (%s, %s, %s, 'manual', %s, %s, %s)""",
                self.account.id,
                self.company.id,
                self.account.partner_id.id,
                f"a{number}@example.com" if text == "good" else "no address",
                f"a{number}@example.com" if text == "good" else None,
                state,
            )
        if case["sent_before"] and self.account.address_ids:
            address = self.account.address_ids[0]
            self.env["epd.mailing.letter"]._unlocked().create(
                {
                    "mailing_id": self._make_mailing(self.documents[:0]).id,
                    "company_id": self.company.id,
                    "document_id": self.document.id,
                    "account_id": self.account.id,
                    "address_id": address.id,
                    "email_normalized": address.email_normalized or "x@example.com",
                    "send_state": case["sent_before"],
                }
            )
        if case["payer"] == "other":
            self._sql(
                "UPDATE epd_payment_document SET partner_id = %s WHERE id = %s",
                self.stranger.id,
                self.document.id,
            )
        if not case["file"]:
            self._drop_file()
        self._sql(
            "UPDATE epd_payment_document SET state = %s WHERE id = %s",
            case["document"],
            self.document.id,
        )

    def _drop_file(self):
        self._sql(
            "DELETE FROM ir_attachment WHERE res_model = 'epd.payment.document' AND res_id = %s",
            self.document.id,
        )

    # --- the answers, once more ------------------------------------------------------------------

    def _has_file(self):
        return bool(
            self.env["ir.attachment"]
            .sudo()
            .search_count(
                [
                    ("res_model", "=", "epd.payment.document"),
                    ("res_field", "=", "pdf_file"),
                    ("res_id", "=", self.document.id),
                ]
            )
        )

    def _why_of_document(self, is_new):
        document, account = self.document, self.account
        if document.state == "draft":
            return "no_document"
        if document.state != "saved":
            return "document_superseded"
        if not self._has_file():
            return "file_missing"
        if document.partner_id != account.partner_id:
            return "payer_changed"
        if account.channel == "paper":
            return "paper_only"
        if is_new and not account.address_ids:
            return "no_address"
        strict = self.company.epd_consent_policy == "strict"
        return "no_consent" if strict and not self._has_consent() else None

    def _has_consent(self):
        """Tell whether the present payer's last word that counts in the period is a consent."""
        payer = self.account.partner_id
        said = self.account.consent_ids.filtered(
            lambda consent: (
                (not consent.partner_id or consent.partner_id == payer)
                and consent.effective_from <= self.period.date_start
            )
        ).sorted(lambda consent: (consent.date, consent.id))[-1:]
        return said.action == "given"

    def _why_of_address(self, address):
        if not address or address.state == "closed":
            return "address_closed"
        if address.state != "active":
            return f"address_{address.state}"
        return None if address.email_normalized else "malformed_address"

    def _expected(self):
        """Return ``{address or none: reason or None}`` of the letters to be written."""
        why = self._why_of_document(True)
        addresses = self.account.address_ids
        if not addresses:
            return {addresses: why}
        taken = self.document.letter_ids.filtered(
            lambda x: not x.is_test and x.send_state not in ("skipped", "cancelled")
        ).mapped("email_normalized")
        targets = addresses.filtered(lambda a: a.state != "closed") or addresses[-1]
        return {
            address: why
            or self._why_of_address(address)
            or ("already_sent" if address.email_normalized in taken else None)
            for address in targets
        }

    # --- who asks --------------------------------------------------------------------------------

    def _ask_outlook(self):
        """Return the same as the page before a mailing says it."""
        found = {}
        for address, reason in self._expected().items():
            what = f"mail_{reason}" if reason else "mail_go"
            domain = RunDrilldown(self.run_).get_domain(what, "epd.payment.document")
            found[address] = self.document in self.document.search(domain)
        return found

    @FEW
    @given(SITUATION)
    def _check_new(self, case):
        with self.env.cr.savepoint() as point:
            self._set_up(case)
            expected = self._expected()
            targets = self.env["epd.letter.eligibility"]._get_targets(self.document)[
                self.document.id
            ]
            self.assertEqual(
                {target.address_id: target.reason for target in targets},
                {address.id or None: reason for address, reason in expected.items()},
            )
            if self.document.state == "saved":  # the page shows saved documents alone
                self.assertTrue(all(self._ask_outlook().values()), expected)
            letters = self._make_mailing(self.document).letter_ids
            reasons = list(expected.values())
            self.assertEqual(
                sorted(set(letters.mapped(lambda x: x.failure_type or ""))),
                sorted({reason or "" for reason in reasons}),
            )
            self.assertEqual(
                len(letters.filtered(lambda x: x.send_state == "pending")), reasons.count(None)
            )
            point.rollback()
        self.env.invalidate_all()

    def test_outlook_and_writing(self):
        self._check_new()

    def _change(self, change, letter):
        """Do what may happen between the writing of a letter and its call."""
        if change == "document":
            self._sql(
                "UPDATE epd_payment_document SET state = 'superseded' WHERE id = %s",
                self.document.id,
            )
        elif change == "file":
            self._drop_file()
        elif change == "payer":
            self._sql(
                "UPDATE epd_payment_document SET partner_id = %s WHERE id = %s",
                self.stranger.id,
                self.document.id,
            )
        elif change == "channel":
            self.account.channel = "paper"
        elif change == "address":
            letter.address_id._lose("bounced", "x")
        elif change == "corrected":
            self._sql(
                "UPDATE epd_delivery_address SET email_normalized = 'new@example.com' WHERE id = %s",
                letter.address_id.id,
            )
        elif change == "gone":
            self._sql("DELETE FROM epd_delivery_address WHERE id = %s", letter.address_id.id)

    @FEW
    @given(CONSENTS, CHANGE, st.sampled_from(["paper_too", "strict"]), st.booleans())
    def _check_old(self, consents, change, policy, is_test):
        case = {**GOOD, "policy": "paper_too", "consents": consents}
        with self.env.cr.savepoint() as point:
            self._set_up(case)
            mailing = self._make_mailing(self.document)
            letter = mailing.letter_ids._unlocked()
            letter.write({"is_test": is_test})
            mailing._unlocked().write({"state": "sending"})
            self.company.epd_consent_policy = policy
            self._change(change, letter)
            why = self._why_of_document(False) or self._why_of_address(letter.address_id)
            if not why and letter.address_id.email_normalized != letter.email_normalized:
                why = "address_changed"
            if is_test and self.document.state == "saved":
                why = None
            self.assertEqual(self.env["epd.letter.eligibility"]._get_reasons(letter)[letter], why)
            # the last check says the same, whatever the one at the claim has said
            queue = LetterQueue(self.env)
            claimed = queue.claim(mailing, "t", 10)
            # it may have been withdrawn already, for the same reason
            self.assertTrue(claimed or why)
            marked = queue.mark_sending(letter, "t", self.unisender, db_now(self.env))
            self.assertEqual(bool(marked), why is None)
            point.rollback()
        self.env.invalidate_all()

    def test_claim_and_last_check(self):
        self._check_old()
