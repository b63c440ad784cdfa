from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class ResPartnerBank(models.Model):
    """Whose charges are paid to a bank account, and whether its requisites are those of the documents."""

    # provisions and balances stand in this room
    _inherit = "res.partner.bank"  # pylint: disable=consider-merging-classes-inherited

    epd_requisites_change = fields.Text(
        string="Differs from the Last Documents",
        compute="_compute_epd_requisites_change",
        groups="epd_mailing.group_epd_operator",
        help="No document is saved with other requisites until a manager has confirmed them.",
    )

    def _compute_epd_requisites_change(self):
        journal = self.env["epd.payee.requisites"]
        for payee in self:
            changes = journal._find_changes(self.env.company, payee._origin)
            payee.epd_requisites_change = changes and changes[0].describe() or False

    def action_epd_confirm_requisites(self):
        """Confirm as a manager that receipts may be saved with these requisites.

        :raise AccessError: when the user is no manager of the company
        :raise UserError: when there is nothing to confirm
        """
        self.check_access("read")
        journal = self.env["epd.payee.requisites"]
        changes = journal._find_changes(self.env.company, self)
        if not changes:
            raise UserError(self.env._("These are the requisites of the last documents."))
        journal._confirm(self.env.company, changes)
        return True

    def _epd_get_owners(self):
        owners = super()._epd_get_owners()
        if not self.ids:
            return owners
        self.env["epd.service.provision"].flush_model(["payee_id", "company_id"])
        self.env["epd.account.balance"].flush_model(["payee_id", "company_id"])
        self.flush_recordset(["partner_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT payee_id, company_id FROM epd_service_provision WHERE payee_id = ANY(%(ids)s)
                 UNION
                SELECT payee.id, company.id
                  FROM res_partner_bank payee
                  CROSS JOIN res_company company
                 WHERE payee.id = ANY(%(ids)s)
                   AND (EXISTS (SELECT 1 FROM epd_account_balance balance
                                 WHERE balance.payee_id = payee.id
                                   AND balance.company_id = company.id)
                        OR (company.partner_id = payee.partner_id
                            AND EXISTS (SELECT 1 FROM epd_service_provision provision
                                         WHERE provision.company_id = company.id)))
                """,
                ids=self.ids,
            )
        )
        companies = self.env["res.company"].sudo()
        for payee_id, company_id in rows:
            payee = self.browse(payee_id)
            owners[payee] = owners.get(payee, companies) | companies.browse(company_id)
        return owners

    def _epd_note_change(self, companies, before, after):
        res = super()._epd_note_change(companies, before, after)
        self.env["epd.payee.requisites"]._note_change(companies, self)
        return res
