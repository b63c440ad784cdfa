from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .sample_office import SampleOffice


class EpdSampleRemoval(models.TransientModel):
    """«Take the Sample Out»: says what goes with it, and does it."""

    _name = "epd.sample.removal"
    _description = "Removal of the Sample Office"

    text = fields.Text(compute="_compute_text")

    def _compute_text(self):
        self.text = self._describe()

    @api.model
    def _describe(self):
        """Return what goes, with what was entered into the sample meanwhile."""
        if not self.env.user.has_group("epd_mailing.group_epd_manager"):
            return self.env._("A manager takes the sample out.")
        office = SampleOffice(self.env)
        company = office.find()
        if not company:
            return self.env._("There is no sample office in this database.")
        texts = [
            self.env._(
                "The company %s and all that is in it will be deleted. Nothing of your own companies "
                "is touched.",
                company.name,
            )
        ]
        counts = office.count_typed()
        if counts:
            texts += [
                "",
                self.env._("What was added since it was put in goes with it, for good:"),
                *(f"• {self._get_label(model)}: {count}" for model, count in counts.items()),
            ]
        return "\n".join(texts)

    @api.model
    def _get_label(self, model):
        if not model:
            return self.env._("other rows")
        return self.env["ir.model"].sudo()._get(model).name

    def action_take_out(self):
        """Take the sample out and go back to the user's own company.

        :raise AccessError: when the user is no manager
        :raise UserError: when somebody works in the sample alone
        """
        self.check_access("read")
        if not self.env.user.has_group("epd_mailing.group_epd_manager"):
            raise AccessError(self.env._("A manager takes the sample out."))
        office = SampleOffice(self.env)
        if not office.find():
            raise UserError(self.env._("There is no sample office in this database."))
        office.take_out()
        self.env.invalidate_all()
        return self.env["epd.setup.step"]._switch_to(self.env.user.company_id)
