from odoo import api, models
from odoo.fields import Domain

from ...tools.delivery_state import PRESENTED
from ..charge.control_sums import KINDS
from .run_annulment import RunAnnulment
from .run_outlook import RunOutlook
from .run_scope import RunScope

# a number over the documents of a run → which of them it counts
DOCUMENTS = {
    "saved": Domain.TRUE,
    "mailed": Domain("delivery_state", "!=", "none"),
    "presented": Domain("delivery_state", "in", PRESENTED),
    "waiting": Domain("delivery_state", "not in", PRESENTED),
}
MAIL_COLUMNS = {
    "epd.personal.account": "account_id",
    "epd.payment.document": "document_id",
    "epd.delivery.address": "address_id",
}


class RunDrilldown:
    """Leads from the numbers of one run to their records, see ``epd.behind``.

    :param run: ``epd.billing.run`` with the rights of who looks
    """

    def __init__(self, run):
        self.run = run
        self.env = run.env
        self.scope = RunScope(run)

    def get_domain(self, what, model):
        """Return the domain of the records that a number counts; of an unknown one, none.

        :param what: the number, see the buttons that open it
        :param model: name of the model in which they are looked for
        """
        name, _sep, detail = what.partition("_")
        if name == "mail":
            return self._get_mail_domain(detail, model)
        if name == "outdated" and model == "epd.payment.document":
            return Domain("id", "in", self.scope.get_outdated_documents().ids)
        if name == "find":
            readiness = self.env["epd.run.readiness"]
            return Domain("id", "in", readiness._find_ids(self.run, detail, model))
        if name == "jump" and model == "epd.personal.account":
            return self._get_jump_domain(detail)
        if name == "annul" and model == "epd.payment.document":
            return RunAnnulment(self.run).get_domain(detail == "left")
        if what == "late" and model == "epd.personal.account":
            return self.scope.get_late_domain()
        if name == "prepare" and model == "epd.personal.account":
            return self.scope.get_prepare_domain(detail)
        return self._get_step_domain(what, model)

    def _get_jump_domain(self, detail):
        """Return the domain of the accounts behind a jump, ``building-<id>`` or ``service-<id>``."""
        kind, _sep, record_id = detail.partition("-")
        if kind not in KINDS or not record_id.isdecimal():
            return Domain.FALSE
        sums = self.env["epd.run.readiness"]._get_control_sums(self.run)
        return Domain("id", "in", sums.get_accounts_query(kind, int(record_id)))

    def _get_mail_domain(self, what, model):
        outlook, column = RunOutlook(self.run), MAIL_COLUMNS.get(model)
        if what == "no_document" and column == "account_id":
            return outlook.get_undocumented_domain()
        return Domain("id", "in", outlook.get_ids_query(what, column)) if column else Domain.FALSE

    def _get_step_domain(self, what, model):
        """Return the domain of the records that a number of the four steps counts."""
        if model == "epd.mailing.letter" and what == "letters":
            return self.scope.get_letter_domain()
        if model == "epd.personal.account" and what == "scope":
            return self.scope.get_domain()
        if model == "epd.personal.account" and what == "uncharged":
            return self.scope.get_uncharged_domain()
        if model == "epd.payment.document" and what in DOCUMENTS:
            return self.scope.get_document_domain() & DOCUMENTS[what]
        return Domain.FALSE


class EpdDrilldown(models.AbstractModel):
    """The numbers of a run's screen lead to the records behind them (this room does the counting)."""

    _inherit = "epd.behind"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _get_drilldown_domain(self, res_id, what):
        """Return what the run says, for who may read it."""
        run = self.env["epd.billing.run"].browse(res_id)
        if res_id and run.exists() and run.has_access("read"):
            return RunDrilldown(run).get_domain(what, self._name)
        return super()._get_drilldown_domain(res_id, what)
