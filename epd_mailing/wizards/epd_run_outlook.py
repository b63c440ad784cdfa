from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.epd_billing_run_outlook import MENDS, NOTHING, WHOLE_RUN

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
        outlook = self.create({"run_id": run.id, "operation": operation})
        return outlook.action_refresh()

    def action_refresh(self):
        """Look again: what was mended meanwhile is gone from the page."""
        self.ensure_one()
        self.line_ids.unlink()
        look = self._look_at_documents if self.operation == "prepare" else self._look_at_letters
        lines, values = look()
        self.env["epd.run.outlook.line"].create([{**line, "outlook_id": self.id} for line in lines])
        self.write(values)
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
        problems = run._find_problems()
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
            lines.append(
                self._line("go", text, outlook["already"], DOCUMENTS, "mail_already_sent")
            )
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


class EpdRunOutlookLine(models.TransientModel):
    """One number of the page: it opens its records, and has the button that mends them."""

    _name = "epd.run.outlook.line"
    _description = "Number of the Page “Who Gets What”"
    _order = "id"

    outlook_id = fields.Many2one("epd.run.outlook", required=True, index=True, ondelete="cascade")
    severity = fields.Selection(
        [("go", "As planned"), ("warning", "Warning"), ("error", "Error")], readonly=True
    )
    text = fields.Text(string="What Will Happen", readonly=True)
    count = fields.Integer(string="How Many", readonly=True)
    res_model = fields.Char(readonly=True)
    what = fields.Char(readonly=True)
    mend = fields.Selection(
        [
            ("address", "Add Addresses"),
            ("consent", "Record Consents"),
            ("reissue", "Issue Again"),
            ("save", "Save the Documents"),
            ("changed", "Save the Changed Ones Too"),
        ],
        readonly=True,
    )

    def action_open(self):
        """Open the records that the number counts, those of this moment."""
        self.ensure_one()
        run = self.outlook_id.run_id
        views = {
            PEOPLE: "epd_mailing.epd_personal_account_action",
            DOCUMENTS: "epd_mailing.epd_payment_document_action",
        }
        action = {"type": "ir.actions.act_window", "view_mode": "list,form"}
        if self.res_model in views:
            action = self.env["ir.actions.act_window"]._for_xml_id(views[self.res_model])
        domain = [("behind", "=", f"{run.id}:{self.what}")]
        if self.what.startswith("find_"):
            domain = [("id", "in", self._find_again())]
        return {
            **action,
            "name": self.text,
            "res_model": self.res_model,
            "domain": domain,
            "context": {},
            "target": "current",
        }

    def _find_again(self):
        """Return the ids of a finding; what was mended meanwhile is not among them."""
        code = self.what.removeprefix("find_")
        found = [p for p in self.outlook_id.run_id._find_problems() if p["code"] == code]
        return found[0]["ids"] if found else []

    def action_mend(self):
        """Open what mends this: the place to add addresses, to record consents, to save anew."""
        self.ensure_one()
        run = self.outlook_id.run_id
        if self.mend == "save":
            return run.action_confirm_prepare()
        if self.mend == "changed":
            run.mode = "changed"
            return self.outlook_id.action_refresh()
        if self.mend in ("address", "consent"):
            action = self.env["ir.actions.act_window"]._for_xml_id(
                "epd_mailing.epd_personal_account_repair_action"
            )
            return {
                **action,
                "domain": [("behind", "=", f"{run.id}:{self.what}")],
                "target": "current",
            }
        return self.action_open()
