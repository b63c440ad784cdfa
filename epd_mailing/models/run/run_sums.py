from ..charge.control_sums import ControlSums
from ..document.document_sums import compare_documents
from .run_scope import RunScope


class RunSums:
    """The control sums of a run, in words, beside those of the month before.

    :param run: ``epd.billing.run``; a new one too, as a form has it
    """

    def __init__(self, run):
        self.run, self.env = run, run.env

    def describe(self):
        """Return a line for charges, balances and saved documents; nothing without accounts."""
        run, scope = self.run, RunScope(self.run)
        if not (run.period_id and (run.list_ids or scope.has_rows)):
            return False
        program = self.env(su=True)
        sums = ControlSums(program, run.period_id, scope.get_query())
        texts = [self.env._("Charged: %s", sums.charged.describe(self.env))]
        texts.append(self.env._("Due with the balances: %s", self._say(sums.balances["due"])))
        documents = self.env["epd.payment.document"].sudo()._search(scope.get_document_domain())
        saved = compare_documents(program, run.period_id, documents.subselect())
        if saved.now:
            texts.append(self.env._("Due in the saved documents: %s", self._say(saved)))
        return "\n".join(texts)

    def _say(self, sums):
        return sums.describe(self.env)
