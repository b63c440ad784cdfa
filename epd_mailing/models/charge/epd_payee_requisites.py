import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_datetime

from ...tools.receipt_data import canonical


@dataclass(frozen=True)
class RequisitesChange:
    """A payee whose requisites are not those that the last documents of a company were saved with.

    :param payee: ``res.partner.bank``, with all rights
    :param company: ``res.company`` whose documents they are
    :param before: requisites of the last documents (of ``_epd_payee_values``), None: never printed
    :param is_provided: provisions of the company name it
    :param changed_by: ``res.users``, empty where it was done past the program
    :param changed_at: naive datetime of UTC, or None
    """

    payee: Any
    company: Any
    before: dict[str, str] | None
    is_provided: bool
    changed_by: Any
    changed_at: datetime | None

    def describe(self) -> str:
        """Return the payee, what differs, who changed it and when, in the user's language."""
        env, after = self.payee.env, self.payee._epd_payee_values()
        if self.before is None and self.is_provided:
            what = env._("documents were paid to another account until now")
        elif self.before is None:
            what = env._("no provision names it, and no document was saved with it before")
        else:
            what = self.payee._epd_describe_difference(self.before, after)
        zone = self.company._epd_zone()
        moment = self.changed_at and format_datetime(env, self.changed_at, tz=zone)
        return env._(
            "%(payee)s, account %(account)s: %(what)s (changed by %(user)s, %(moment)s)",
            payee=after["name"] or "—",
            account=after["personal_acc"] or "—",
            what=what,
            user=self.changed_by.name or "—",
            moment=moment or "—",
        )


class EpdPayeeRequisites(models.Model):
    """Journal of payees' requisites in a company: each change, and each acceptance for receipts.

    The last accepted row of a payee is what documents may be saved with. The first is accepted with
    the first documents, when a provision (a manager's) names the payee; every further one by a manager,
    and so is a payee that takes another's place once there are documents.
    Rows are only added, by the program alone.
    """

    _name = "epd.payee.requisites"
    _description = "Requisites of a Payee"
    _inherit = ["epd.field.guard"]
    _order = "id desc"
    _rec_name = "payee_id"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    payee_id = fields.Many2one(
        "res.partner.bank", required=True, readonly=True, index=True, ondelete="restrict"
    )
    requisites = fields.Text(required=True, readonly=True, help="As printed, JSON.")
    changed_by = fields.Many2one("res.users", readonly=True)
    changed_at = fields.Datetime(readonly=True)
    is_replacement = fields.Boolean(
        readonly=True,
        help="A provision of a service that is charged already was given to this payee.",
    )
    accepted_by = fields.Many2one(
        "res.users", readonly=True, help="Empty: with the first documents of the payee."
    )
    accepted_at = fields.Datetime(readonly=True)

    _guarded_fields = (
        "requisites",
        "changed_by",
        "changed_at",
        "is_replacement",
        "accepted_by",
        "accepted_at",
    )

    # --- what differs -------------------------------------------------------------------------------

    @api.model
    def _get_accepted(self, company, payees=None):
        """Return ``{payee id: requisites as canonical JSON}`` that documents may be saved with.

        :param payees: ``res.partner.bank``; nothing means all of the company
        """
        domain = [("company_id", "=", company.id), ("accepted_at", "!=", False)]
        if payees is not None:
            domain.append(("payee_id", "in", payees.ids))
        rows = self.sudo().search_fetch(domain, ["payee_id", "requisites"], order="id")
        return {row.payee_id.id: row.requisites for row in rows}

    @api.model
    def _get_provided(self, company):
        """Return the payees that provisions of the company name."""
        provisions = self.env["epd.service.provision"].sudo()
        groups = provisions._read_group([("company_id", "=", company.id)], ["payee_id"])
        return self.env["res.partner.bank"].sudo().union(*(payee for (payee,) in groups))

    @api.model
    def _get_replacing(self, company):
        """Return the payees that took another's place in a provision of the company."""
        rows = self.sudo()._read_group(
            [("company_id", "=", company.id), ("is_replacement", "=", True)], ["payee_id"]
        )
        return self.env["res.partner.bank"].sudo().union(*(payee for (payee,) in rows))

    @api.model
    def _find_changes(self, company, payees):
        """Return the payees whose requisites want a manager's confirmation.

        :param company: ``res.company`` whose documents are to be saved
        :param payees: ``res.partner.bank``
        :return: list of :class:`RequisitesChange`
        """
        payees = payees.sudo()
        accepted, changes = self._get_accepted(company, payees), []
        differing = payees.filtered(
            lambda payee: accepted.get(payee.id) != canonical(payee._epd_payee_values())
        )
        if not differing:
            return []
        provided = self._get_provided(company)
        replacing = self._get_replacing(company)
        for payee in differing:
            before = accepted.get(payee.id)
            if before is None and payee in provided - replacing:
                continue
            row = self.sudo().search(
                [("company_id", "=", company.id), ("payee_id", "=", payee.id)], limit=1
            )
            known = row.requisites == canonical(payee._epd_payee_values())
            changes.append(
                RequisitesChange(
                    payee,
                    company,
                    json.loads(before) if before else None,
                    payee in provided,
                    row.changed_by if known else row.changed_by.browse(),
                    row.changed_at if known else None,
                )
            )
        return changes

    @api.model
    def _find_unaccepted(self, company, printed):
        """Return those of the requisites about to be printed that no manager stands behind.

        :param company: ``res.company``
        :param printed: list of dicts of ``_epd_payee_values``, of the blocks of documents
        :return: set of canonical JSON texts
        """
        wanted = {canonical(values) for values in printed}
        accepted = self._get_accepted(company)
        unknown = wanted - set(accepted.values())
        if unknown:
            for payee in self._get_provided(company) - self._get_replacing(company):
                text = canonical(payee._epd_payee_values())
                if text in unknown and payee.id not in accepted:
                    self._add(company, payee, accepted_at=fields.Datetime.now())
                    unknown.discard(text)
        return unknown

    # --- rows ---------------------------------------------------------------------------------------

    def _add(self, company, payee, **vals):
        return (
            self.sudo()
            ._unlocked()
            .create(
                {
                    "company_id": company.id,
                    "payee_id": payee.id,
                    "requisites": canonical(payee._epd_payee_values()),
                    **vals,
                }
            )
        )

    @api.model
    def _note_change(self, companies, payee):
        """Write down who has just changed a payee, for each company that pays there."""
        now = fields.Datetime.now()
        for company in companies:
            self._add(company, payee, changed_by=self.env.uid, changed_at=now)

    @api.model
    def _note_replacement(self, company, payee):
        """Write down who has given charges of a company to a payee of whom no document tells yet."""
        accepted = self._get_accepted(company)
        if accepted and payee.id not in accepted:
            self._add(
                company,
                payee,
                changed_by=self.env.uid,
                changed_at=fields.Datetime.now(),
                is_replacement=True,
            )

    @api.model
    def _confirm(self, company, changes):
        """Let documents of the company be saved with the present requisites.

        :param changes: list of :class:`RequisitesChange` as shown to the manager
        :return: what was confirmed, as text
        :raise AccessError: when the user is no manager of the company
        """
        user = self.env.user
        if not (
            user.has_group("epd_mailing.group_epd_manager") and company in user.sudo().company_ids
        ):
            raise AccessError(
                self.env._("Only a manager of the company confirms the requisites of payees.")
            )
        text = "\n".join(change.describe() for change in changes)
        for change in changes:
            self._add(
                company,
                change.payee,
                changed_by=change.changed_by.id,
                changed_at=change.changed_at,
                accepted_by=user.id,
                accepted_at=fields.Datetime.now(),
            )
            change.payee.with_user(user).sudo()._message_log(
                body=self.env._("Confirmed for receipts: %s", change.describe())
            )
        return text
