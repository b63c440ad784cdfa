from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import requisites
from ..document.epd_payment_document import FORMS


class EpdGisPlacement(models.Model):
    """Under which identifier (ИПД) the bill of a month stands in ГИС ЖКХ, and since when.

    The identifier is printed in the head of the document (order 43/pr, section 1). One that comes
    after a document was saved changes nothing saved: it shows beside the document, and the next
    version prints it.
    """

    _name = "epd.gis.placement"
    _description = "Placement in the State System"
    _inherit = ["epd.field.guard"]
    _order = "period_id, account_id, form"
    _rec_name = "gis_document_id"
    _check_company_auto = True

    account_id = fields.Many2one(
        "epd.personal.account", required=True, index=True, ondelete="restrict", check_company=True
    )
    period_id = fields.Many2one(
        "epd.billing.period", required=True, index=True, ondelete="restrict", check_company=True
    )
    form = fields.Selection(FORMS, required=True, default="epd")
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    gis_document_id = fields.Char(
        string="GIS Document Identifier",
        required=True,
        size=18,
        help="ИПД: 18 characters, the identifier of the service (ИЖКУ) and five more.",
    )
    placed_on = fields.Date(help="The day it was placed in ГИС ЖКХ.")

    _bill_uniq = models.Constraint(
        "unique(account_id, period_id, form)",
        "The placement of this bill is entered already.",
    )

    @api.constrains("gis_document_id")
    def _check_gis_document_id(self):
        for placement in self:
            codes = [p.code for p in requisites.check_document_id(placement.gis_document_id)]
            if "gis_length" in codes:
                raise ValidationError(
                    self.env._(
                        "The identifier “%s” of a bill in ГИС ЖКХ must have 18 characters.",
                        placement.gis_document_id,
                    )
                )

    @api.model
    def _get_domain_of(self, documents):
        """Return the domain of the placements of the bills that documents are.

        :param documents: domain of ``epd.payment.document``
        """
        found = self.env["epd.payment.document"].sudo()._search(documents)
        query = SQL(
            "(SELECT placement.id FROM epd_gis_placement placement"
            "   JOIN epd_payment_document document ON document.account_id = placement.account_id"
            "    AND document.period_id = placement.period_id AND document.form = placement.form"
            "  WHERE document.id IN %s)",
            found.subselect(),
        )
        return Domain("id", "in", query)

    @api.model
    def _get_placements(self, accounts, period, form):
        """Return ``{account_id: placement}`` of a slice, with one query."""
        found = self.search(
            [
                ("account_id", "in", accounts.ids),
                ("period_id", "=", period.id),
                ("form", "=", form),
            ]
        )
        return {placement.account_id.id: placement for placement in found}
