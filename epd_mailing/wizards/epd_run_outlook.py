from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.run.epd_billing_run_outlook import MENDS, NOTHING, WHOLE_RUN

PEOPLE = "epd.personal.account"
DOCUMENTS = "epd.payment.document"
ADDRESSES = "epd.delivery.address"


class EpdRunOutlook(models.TransientModel):
    """The page before «Save for Sending» and «Make a Mailing»: who gets what, and what to mend."""

    _name = "epd.run.outlook"
    _description = "Who Gets What"

    run_id = fields.Many2one("epd.billing.run", required=True, readonly=True, ondelete="cascade")
    operation = fields.Selection(
        [("prepare", "Save the Documents"), ("mail", "Make a Mailing")],
        required=True,
        readonly=True,
    )
    line_ids = fields.One2many("epd.run.outlook.line", "outlook_id", readonly=True)
    go_count = fields.Integer(readonly=True, help="Documents to be made, or letters to be written.")
    blocked_count = fields.Integer(
        string="Accounts Left Without a Document", readonly=True, help="Because of errors."
    )
    is_blocked = fields.Boolean(readonly=True, help="Nothing can begin until it is mended.")

    @api.model
    def _open_for(self, run, operation):
        asked = [("create_uid", "=", self.env.uid), ("run_id", "=", run.id)]
        # a page that was closed before it was looked at is looked for no more
        self.search([*asked, ("operation", "=", operation), ("state", "=", "looking")]).unlink()
        outlook = self.create({"run_id": run.id, "operation": operation})
        return outlook.action_refresh()

    def _look(self):
        """Return what :meth:`_write_page` takes: the numbers of this moment."""
        return self._look_at_documents() if self.operation == "prepare" else self._look_at_letters()

    def _write_page(self, lines, values):
        self.line_ids.unlink()
        self.env["epd.run.outlook.line"].create([{**line, "outlook_id": self.id} for line in lines])
        self.write(values)

    def _reopen(self):
        titles = {
            "prepare": self.env._("Save for Sending: What Will Happen"),
            "mail": self.env._("Make a Mailing: Who Gets What"),
        }
        return {
            "type": "ir.actions.act_window",
            "name": titles[self.operation],
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def _line(self, severity, text, count, model, what, mend=False):
        return {
            "severity": severity,
            "text": text,
            "count": count,
            "res_model": model,
            "what": what,
            "mend": mend,
        }

    # --- documents -------------------------------------------------------------------------------

    def _look_at_documents(self):
        run = self.run_id
        accounts = self.env[PEOPLE]
        counts = {
            what: accounts.search_count(run._get_prepare_domain(what))
            for what in ("new", "kept", "bare")
        }
        problems = run._find_problems(on_step=self._show_share)
        blocked = run.sudo()._count_blocked(problems)
        lines = [
            self._line("go", text, counts[what], PEOPLE, f"prepare_{what}")
            for what, text in self._get_prepare_texts().items()
            if counts[what] or what == "new"
        ]
        for problem in problems:
            if problem["code"] == "no_charges":  # said above, as «prepare_bare»
                continue
            mend = problem["code"] == "outdated" and "changed"
            line = self._line(
                problem["severity"],
                problem["text"],
                len(problem["ids"]),
                problem["model"],
                f"find_{problem['code']}",
                mend,
            )
            lines.append(line)
        redone = run.mode != "missing" and counts["kept"]
        return lines, {
            "go_count": counts["new"] + redone,
            "blocked_count": blocked,
            "is_blocked": any(
                problem["severity"] == "error" and problem["code"] in WHOLE_RUN
                for problem in problems
            ),
        }

    def _get_prepare_texts(self):
        kept = {
            "missing": self.env._("Accounts that have their document already: it stays as it is."),
            "changed": self.env._(
                "Accounts that have their document already: a new version is saved where the "
                "charges have changed."
            ),
            "all": self.env._("Accounts whose document is saved anew, as the next version."),
        }
        return {
            "new": self.env._("Accounts that get a document."),
            "kept": kept[self.run_id.mode],
            "bare": self.env._(
                "Accounts without charges and balance in the period: they get no document."
            ),
        }

    # --- letters ---------------------------------------------------------------------------------

    def _look_at_letters(self):
        outlook = self.run_id.get_outlook()
        lines = [
            self._line(
                "go",
                self.env._("By e-mail: letters with the receipt."),
                outlook["letters"],
                DOCUMENTS,
                "mail_go",
            ),
            self._line(
                "go",
                self.env._("Addresses that these letters go to."),
                outlook["addresses"],
                ADDRESSES,
                "mail_go",
            ),
            self._line(
                "go",
                self.env._("On paper: accounts without a working address or without consent."),
                outlook["paper"],
                PEOPLE,
                "mail_paper",
            ),
        ]
        if outlook["already"]:
            text = self.env._("Sent before: no second letter is written.")
            lines.append(self._line("go", text, outlook["already"], DOCUMENTS, "mail_already_sent"))
        lines += self._get_reason_lines(outlook)
        return lines, {
            "go_count": outlook["letters"],
            "blocked_count": outlook["no_document"]
            + sum(outlook["reasons"].get(reason, 0) for reason in NOTHING),
            "is_blocked": False,
        }

    def _get_reason_lines(self, outlook):
        labels = dict(
            self.env["epd.mailing.letter"]._fields["failure_type"]._description_selection(self.env)
        )
        lines = []
        if outlook["no_document"]:
            text = self.env._("Nothing: no saved document.")
            count = outlook["no_document"]
            lines.append(self._line("error", text, count, PEOPLE, "mail_no_document", "save"))
        for reason, count in sorted(outlook["reasons"].items(), key=lambda item: -item[1]):
            nothing = reason in NOTHING
            text = (
                self.env._("Nothing: %(reason)s.", reason=labels[reason])
                if nothing
                else self.env._("No letter, paper instead: %(reason)s.", reason=labels[reason])
            )
            severity = "error" if nothing else "warning" if MENDS.get(reason) else "go"
            model = DOCUMENTS if nothing else PEOPLE
            mend = MENDS.get(reason)
            lines.append(self._line(severity, text, count, model, f"mail_{reason}", mend))
        return lines

    # --- yes -------------------------------------------------------------------------------------

    def action_confirm(self):
        """Do what the page says."""
        self.ensure_one()
        if self.is_blocked:
            raise UserError(self.env._("First mend what is marked as an error on this page."))
        if self.operation == "mail":
            return self.run_id.action_make_mailing()
        self.run_id.action_prepare()
        return {"type": "ir.actions.act_window_close"}
