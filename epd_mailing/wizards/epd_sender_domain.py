from odoo import Command, api, fields, models

from ..tools import address_text, sender_domain


class EpdSenderDomain(models.TransientModel):
    """«Check the Sender's Domain»: the records of DNS that letters need, and what to put there."""

    _name = "epd.sender.domain"
    _description = "Sender's Domain"
    _inherit = ["epd.readable.targets"]

    account_id = fields.Many2one("epd.unisender.account", required=True, ondelete="cascade")
    domain = fields.Char(readonly=True)
    is_ready = fields.Boolean(readonly=True)
    line_ids = fields.One2many("epd.sender.domain.line", "wizard_id", readonly=True)

    @api.model
    def _open(self, account):
        """Ask the service and DNS; return the action that shows the answer.

        :raise UserError: the service rejected the call or did not answer
        """
        domain = address_text.get_domain(account.sender_email)
        wanted = account.sudo()._call_or_raise(
            lambda client: account._get_service().get_wanted_records(client, domain)
        )
        records = sender_domain.check_domain(domain, wanted)
        wizard = self.create(
            {
                "account_id": account.id,
                "domain": domain,
                "is_ready": all(record.state == sender_domain.OK for record in records),
                "line_ids": [
                    Command.create(
                        {
                            "kind": record.kind,
                            "host": record.host,
                            "put": record.put,
                            "found": "\n".join(record.present),
                            "state": record.state,
                        }
                    )
                    for record in records
                ],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Sender's Domain"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_check_again(self):
        """Ask once more: a change in DNS takes from minutes to a day to be seen."""
        self.ensure_one()
        return self.account_id.action_check_domain()


class EpdSenderDomainLine(models.TransientModel):
    """One record of DNS, as it is and as it should be."""

    _name = "epd.sender.domain.line"
    _description = "Record of a Sender's Domain"
    _inherit = ["epd.readable.targets"]

    wizard_id = fields.Many2one("epd.sender.domain", required=True, ondelete="cascade")
    kind = fields.Selection(
        [
            ("verification", "Confirmation of the domain"),
            ("dkim", "DKIM: signature"),
            ("spf", "SPF: who may send"),
            ("dmarc", "DMARC: what to do with others"),
        ],
        string="Record",
        readonly=True,
    )
    host = fields.Char(string="Name (TXT)", readonly=True)
    put = fields.Char(string="Put Into DNS", readonly=True)
    found = fields.Text(string="Stands There Now", readonly=True)
    state = fields.Selection(
        [
            ("ok", "In order"),
            ("missing", "Missing"),
            ("wrong", "To be changed"),
            ("unknown", "DNS did not answer"),
            ("waiting", "In DNS, not yet seen by the service"),
        ],
        readonly=True,
    )
