from odoo import fields, models
from odoo.exceptions import UserError


class EpdPersonalAccount(models.Model):
    """A new responsible person takes the account over."""

    _inherit = "epd.personal.account"

    def _change_owner(self, partner, date, basis):
        """Close the earlier person's addresses, withdraw his letters, name the new person.

        The earlier person never gets the next bill: his addresses are closed for good, letters
        that have not gone are withdrawn, and documents saved in his name are not mailed any more.

        :param partner: ``res.partner`` who answers for the account from ``date`` on
        :param date: day of the change, not in the future
        :param basis: what it rests on (extract from the register, application)
        :raise UserError: when nothing would change, or the day has not come
        """
        self.ensure_one()
        self.check_access("write")
        if partner == self.partner_id:
            raise UserError(self.env._("%s is the responsible person already.", partner.name))
        if date > fields.Date.context_today(self):
            raise UserError(self.env._("Record the change on its day or later, not beforehand."))
        before = self.partner_id
        old = self.address_ids.filtered(lambda address: address.state != "closed")
        emails = ", ".join(filter(None, old.mapped("email")))
        old._close(self.env._("New responsible person since %(date)s", date=f"{date:%d.%m.%Y}"))
        letters = self.env["epd.mailing.letter"].search(
            [("account_id", "=", self.id), ("send_state", "in", ("pending", "claimed"))]
        )
        letters._withdraw(self.env._("New responsible person"))
        self.partner_id = partner
        self.message_post(
            body=self.env._(
                "New responsible person since %(date)s: %(before)s → %(after)s. Basis: %(basis)s. "
                "Closed addresses: %(emails)s. Letters withdrawn: %(letters)s.",
                date=f"{date:%d.%m.%Y}",
                before=before.name or "—",
                after=partner.name,
                basis=basis,
                emails=emails or "—",
                letters=len(letters.filtered(lambda letter: not letter.is_test)),
            )
        )
        return True
