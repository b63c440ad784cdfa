from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import message
from ...tools.delivery_state import LETTER_OUTCOMES
from .letter_writer import LetterWriter
from .receipt_link import LINK_PATH, make_link

# letters that may still arrive by themselves, or that a person has to decide about
UNSETTLED = ("pending", "claimed", "sending", "unknown")
NOT_ARRIVED = ("bounced", "rejected")


# pylint: disable-next=consider-merging-classes-inherited  # the document room knows no letters
class EpdPaymentDocument(models.Model):
    """What became of a document on its way to the payer, and sending it alone."""

    _inherit = "epd.payment.document"

    letter_ids = fields.One2many("epd.mailing.letter", "document_id")
    letters_text = fields.Text(
        string="What Became of the Letters",
        compute="_compute_letters_text",
        help="Address, status and time of each letter.",
    )

    @api.depends("letter_ids.state", "letter_ids.is_test")
    def _compute_delivery_state(self):
        return super()._compute_delivery_state()

    def _get_delivery_outcomes(self):
        outcomes = super()._get_delivery_outcomes()
        groups = self.env["epd.mailing.letter"]._read_group(
            [("document_id", "in", self.ids), ("is_test", "=", False)],
            ["document_id"],
            ["state:array_agg"],
        )
        for document, states in groups:
            known = [LETTER_OUTCOMES[state] for state in states if state in LETTER_OUTCOMES]
            outcomes.setdefault(document.id, []).extend(known)
        return outcomes

    @api.model
    def _get_left_sql(self):
        return SQL(
            "(%s OR EXISTS (SELECT 1 FROM epd_mailing_letter letter"
            " WHERE letter.document_id = document.id AND NOT letter.is_test"
            " AND letter.send_state IN ('sending', 'sent', 'unknown')))",
            super()._get_left_sql(),
        )

    def _stop_delivery(self, reason):
        self.letter_ids._withdraw(reason)
        return super()._stop_delivery(reason)

    @api.model
    def _get_purge_domain(self, company, before):
        links_end = relativedelta(days=max(1, company.epd_link_days))
        return [
            # the link in a letter still leads to it
            ("letter_ids", "not any", [("sending_at", ">", fields.Datetime.now() - links_end)]),
            *super()._get_purge_domain(company, before),
        ]

    @api.model
    def _get_unreached_domain(self):
        """Return the domain of live documents that reached nobody, and are under way nowhere."""
        return Domain("state", "=", "saved") & Domain("delivery_state", "in", ("none", "failed"))

    def _render_letter(self, letter, mailing):
        """Return the message of one letter: plain data of the saved document in the template.

        :raise tools.message.TemplateError: when the template does not work for it
        """
        return mailing._render_text(self._get_letter_data(letter))

    def _get_letter_data(self, letter=None):
        """Return the fields of ``tools.message.FIELDS`` for this document, from its snapshot."""
        self.ensure_one()
        labels = dict(self._fields["form"]._description_selection(self.env))
        # a preview has no letter, and no link that works
        days = self.company_id.epd_link_days
        link = make_link(letter, days) if letter else f"{self.get_base_url()}{LINK_PATH}…"
        return message.letter_values(self._load_snapshot(), labels[self.form], link)

    @api.depends("letter_ids.state")
    def _compute_letters_text(self):
        letters = self.env["epd.mailing.letter"].search_fetch(
            [("document_id", "in", self.ids), ("is_test", "=", False)],
            ["document_id", "email", "state", "sent_at", "delivered_at", "opened_at", "clicked_at"],
            order="id",
        )
        lines = {}
        for letter in letters:
            lines.setdefault(letter.document_id.id, []).append(self._describe_letter(letter))
        for document in self:
            document.letters_text = "\n".join(lines.get(document.id, ()))

    def _describe_letter(self, letter):
        """Return address, status and time of a letter in one line."""
        labels = dict(letter._fields["state"]._description_selection(self.env))
        moment = letter.clicked_at or letter.opened_at or letter.delivered_at or letter.sent_at
        when = f" {letter.company_id._epd_show_moment(moment)}" if moment else ""
        return f"{letter.email or '—'}: {labels[letter.state].lower()}{when}"

    def action_show(self):
        """Show the saved receipt and what became of its letters, without leaving the account."""
        self.ensure_one()
        self.check_access("read")
        return self._get_records_action(
            name=self.name,
            views=[(self.env.ref("epd_mailing.epd_payment_document_view_form_show").id, "form")],
            target="new",
            context={"dialog_size": "extra-large"},
        )

    # --- sending it alone ------------------------------------------------------------------------

    def action_confirm_send(self):
        """«Send»: ask to which addresses, and say which of them have had it.

        :raise UserError: saying why no letter can go
        """
        self.ensure_one()
        self._check_operator()
        self._check_can_go()
        return self.env["epd.receipt.send"]._get_records_action(
            name=self.env._("Send the Receipt"),
            target="new",
            context={"default_document_id": self.id},
        )

    def action_send_alone(self, address_ids=None, again=False):
        """Send this one document to addresses of its account now.

        :param address_ids: ids of ``epd.delivery.address``; nothing means those that have not had
            it, and all of them when it is to go ``again``
        :param again: it may go once more to an address that has had it
        :raise UserError: saying why no letter can go, or which ones went before
        """
        self.ensure_one()
        self._check_operator()
        targets = self._check_can_go()
        had = self._get_had()
        if address_ids is not None:
            targets = targets.filtered(lambda address: address.id in address_ids)
        elif not again:
            targets = targets.filtered(lambda a: a.email_normalized not in had) or targets
        if not targets:
            raise UserError(self.env._("Choose an address to which the receipt is to go."))
        before = [had[email] for email in targets.mapped("email_normalized") if email in had]
        if before and not again:
            raise UserError(
                self.env._(
                    "The receipt has gone already: %(letters)s. Say if it is to go once more.",
                    letters="; ".join(map(self._describe_letter, before)),
                )
            )
        # who stands at the counter waits for no morning
        self._make_single_mailing(targets).action_send_now(at_any_hour=True)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(document)s is on its way to %(emails)s.",
                    document=self.name,
                    emails=", ".join(targets.mapped("email")),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _get_last_letters(self):
        """Return ``{address: last letter}`` of the letters with this document, withdrawn ones not."""
        self.ensure_one()
        letters = self.letter_ids.filtered(
            lambda letter: not letter.is_test and letter.send_state not in ("skipped", "cancelled")
        )
        return {letter.email_normalized: letter for letter in letters.sorted("id")}

    def _get_had(self):
        """Return ``{address: letter}`` of the addresses to which this document has gone."""
        return {
            email: letter
            for email, letter in self._get_last_letters().items()
            if letter.state not in NOT_ARRIVED
        }

    def _check_can_go(self):
        """Return the addresses to which this document can go now.

        :raise UserError: saying why there is none
        """
        if self.state != "saved":
            raise UserError(
                self.env._("Only a saved, live document is sent. Open its new version.")
            )
        found = self.env["epd.letter.eligibility"]._get_targets(self)[self.id]
        targets = self.account_id.address_ids.browse(
            target.address_id for target in found if target.can_go_again
        )
        if not targets:
            letters = self.env["epd.mailing.letter"]
            reasons = {
                letters._describe_reason(target.reason)["failure_reason"] for target in found
            }
            raise UserError(
                self.env._(
                    "The document cannot go by e-mail: %(reasons)s. Print it, or correct the "
                    "addresses of the account.",
                    reasons=", ".join(sorted(reasons)),
                )
            )
        last = self._get_last_letters()
        waiting = {a: last[a] for a in last if last[a].send_state in UNSETTLED}
        if all(address.email_normalized in waiting for address in targets):
            raise UserError(
                self.env._(
                    "A letter with this document has not been settled yet: %(letters)s. See the "
                    "tab “Letters” of the document.",
                    letters="; ".join(map(self._describe_letter, waiting.values())),
                )
            )
        return targets.filtered(lambda address: address.email_normalized not in waiting)

    def _make_single_mailing(self, targets):
        """Return a draft mailing of this document to ``targets``: its letters repeated, or first ones."""
        last = self._get_last_letters()
        repeats = {
            last[address.email_normalized]: address
            for address in targets
            if address.email_normalized in last
        }
        mailings = self.env["epd.mailing"].with_company(self.company_id)
        if repeats:
            before = max(repeats, key=lambda letter: letter.id).mailing_id
            mailing = before.copy()
            mailing.sudo()._unlocked().write({"parent_id": before.id, "repeat_kind": "asked"})
        else:
            template = self.env["epd.message.template"].search(
                [("company_id", "=", self.company_id.id)], limit=1
            )
            mailing = mailings.create(
                {
                    "company_id": self.company_id.id,
                    "period_id": self.period_id.id,
                    "template_id": template.id,
                }
            )
        asked = self.env._("At the payer's request")
        reason = f"{asked} ({self.env.user.name})"
        writer = LetterWriter(mailing)
        if repeats:
            writer.repeat(list(repeats.items()), reason)
        first = targets.filtered(lambda address: address not in repeats.values())
        self.env["epd.mailing.letter"].sudo()._unlocked().create(
            [vals for vals in writer.prepare(self.sudo()) if vals.get("address_id") in first.ids]
        )
        return mailing
