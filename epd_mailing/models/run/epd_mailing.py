from odoo import fields, models

from .run_scope import RunScope


# pylint: disable-next=consider-merging-classes-inherited  # the mailing room knows no runs
class EpdMailing(models.Model):
    """The run that a mailing was made of: its letters are those of the run's documents."""

    _inherit = "epd.mailing"

    run_id = fields.Many2one(
        "epd.billing.run", index="btree_not_null", ondelete="set null", check_company=True
    )

    def _get_fill_domain(self):
        domain = super()._get_fill_domain()
        return domain | RunScope(self.run_id).get_mailing_domain() if self.run_id else domain
