from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.document.outdated_figures import describe_outdated
from ..models.run.epd_run_readiness import get_jump_sizes
from ..models.run.readiness_rules import WHOLE_RUN
from ..models.run.run_outlook import MENDS, NOTHING, RunOutlook
from ..models.run.run_scope import RunScope
from ..models.run.run_waivers import LIFTABLE, RunWaivers

PEOPLE = "epd.personal.account"
DOCUMENTS = "epd.payment.document"
ADDRESSES = "epd.delivery.address"
# of the rules of readiness, those that also matter when the documents are saved already
BEFORE_LETTERS = ("archived_payer", "archived_building", "doubtful_email")
LISTED_JUMPS = 20  # houses and services; further ones are counted only
AT_ONCE = 10_000  # accounts whose page is computed while the clerk waits: below a second


class EpdRunOutlook(models.TransientModel):
    """The page before «Save for Sending» and «Create a Mailing»: who gets what, and what to correct.

    It comes about at once, or in the background for a whole city.

    =========  =====================================================================
    state      set by
    =========  =====================================================================
    looking    opening or «Check Again»; the cron checks, the page shows the progress
    ready      the numbers are on the page, with the time they are of
    failed     the check ended with an error; the page shows it
    =========  =====================================================================
    """

    _name = "epd.run.outlook"
    _description = "Who Gets What"
    _rec_name = "run_id"
    _inherit = ["epd.readable.targets", "epd.state.gate", "epd.live", "epd.background.work"]

    _work_cron = "epd_mailing.ir_cron_outlook"
    _work_states = ("looking",)
    _transitions = {
        "looking": ("looking", "ready", "failed"),
        "ready": ("looking",),
        "failed": ("looking",),
    }
    _guarded_fields = (
        "go_count",
        "blocked_count",
        "is_blocked",
        "jump_count",
        "progress",
        "looked_at",
        "failure_text",
    )

    run_id = fields.Many2one("epd.billing.run", required=True, readonly=True, ondelete="cascade")
    operation = fields.Selection(
        [("prepare", "Save the Documents"), ("mail", "Create a Mailing")],
        required=True,
        readonly=True,
    )
    line_ids = fields.One2many("epd.run.outlook.line", "outlook_id", readonly=True)
    go_count = fields.Integer(
        readonly=True, help="Documents to be created, or letters to be written."
    )
    blocked_count = fields.Integer(
        string="Accounts Left Without a Document", readonly=True, help="Because of errors."
    )
    requisites_text = fields.Text(
        string="Requisites That Differ",
        readonly=True,
        help="Payees whose requisites are not those of the last documents: old, new, who and when.",
    )
    is_blocked = fields.Boolean(readonly=True, help="Nothing can begin until it is corrected.")
    jump_count = fields.Integer(
        string="Sums That Jumped", readonly=True, help="And that nobody has lifted with a reason."
    )
    user_id = fields.Many2one(related="create_uid", string="Opened By")
    company_id = fields.Many2one(related="run_id.company_id")
    state = fields.Selection(
        [("looking", "Being Checked"), ("ready", "Ready"), ("failed", "Check Failed")],
        required=True,
        default="looking",
        readonly=True,
        index=True,
    )
    progress = fields.Float(readonly=True, help="Percent of what is to be checked.")
    looked_at = fields.Datetime(string="As Of", readonly=True)
    failure_text = fields.Text(string="Reason", readonly=True)

    @api.model
    def _open_for(self, run, operation):
        asked = [("create_uid", "=", self.env.uid), ("run_id", "=", run.id)]
        # a page that was closed before its check began is not checked any more
        self.search([*asked, ("operation", "=", operation), ("state", "=", "looking")]).unlink()
        outlook = self.create({"run_id": run.id, "operation": operation})
        return outlook.action_refresh()

    def action_refresh(self):
        """Check again: what was corrected meanwhile is gone from the page."""
        self.ensure_one()
        accounts = self.env["epd.personal.account"]
        limit = AT_ONCE + 1
        if accounts.search_count(RunScope(self.run_id).get_domain(), limit=limit) < limit:
            return self.action_check_now()
        self._move("looking", failure_text=False)
        self._unlocked().progress = 0
        self._wake_worker()
        return self._reopen()

    def action_check_now(self):
        """Check while the clerk waits, whatever the number of accounts."""
        self.ensure_one()
        self.run_id.check_access("write")
        self._move("looking", failure_text=False)
        self._finish(*self._compute_page())
        return self._reopen()

    def _reopen(self):
        titles = {
            "prepare": self.env._("Save for Sending: What Will Happen"),
            "mail": self.env._("Create a Mailing: Who Gets What"),
        }
        return self._get_records_action(
            name=titles[self.operation], target="new", context={"dialog_size": "extra-large"}
        )

    def action_confirm(self):
        """Do what the page says, once it says it.

        :raise UserError: while the numbers are not there, or something has to be corrected first
        """
        self.ensure_one()
        if self.state != "ready":
            raise UserError(self.env._("Wait until the check is finished."))
        if self.is_blocked:
            raise UserError(self.env._("First correct what is marked as an error on this page."))
        if self.operation == "mail":
            return self.run_id.action_make_mailing()
        self.run_id.action_prepare()
        return {"type": "ir.actions.act_window_close"}

    def action_confirm_requisites(self):
        """«Confirm the Requisites»: what the page shows, as a manager, then check again.

        :raise UserError: when they have changed since the page was made
        """
        self.ensure_one()
        if self._describe_requisites() != (self.requisites_text or ""):
            raise UserError(
                self.env._("The requisites have changed since. Press “Check Again” and compare.")
            )
        self.run_id.action_confirm_requisites()
        return self.action_refresh()

    def _describe_requisites(self, sums=None):
        changes = self.env["epd.run.readiness"]._get_requisites_changes(self.run_id, sums)
        return "\n".join(change.describe() for change in changes)

    # --- finding the numbers ---------------------------------------------------------------------

    def _compute_page(self):
        """Return the arguments of :meth:`_write_page`: the numbers of this moment."""
        return (
            self._compute_documents_page()
            if self.operation == "prepare"
            else self._compute_letters_page()
        )

    def _write_page(self, lines, values):
        self.line_ids.unlink()
        self.env["epd.run.outlook.line"].create([{**line, "outlook_id": self.id} for line in lines])
        self._unlocked().write(values)

    def _finish(self, lines, values):
        self._write_page(lines, values)
        self._move("ready", looked_at=fields.Datetime.now(), progress=100)

    # --- in the background -----------------------------------------------------------------------

    @api.model
    def _cron_look(self):
        """Check for all pages that wait, each as the user who opened it."""
        self._run_work()

    def _work_as(self):
        return self._for_user().with_context(epd_in_background=True)

    def _work(self, in_budget):
        found = self._compute_page()
        self.invalidate_recordset(["state"])
        if self.try_lock_for_update().state == "looking":  # else the clerk did not wait
            self._finish(*found)

    def _pause_for_error(self, error):
        """Say on the page why there are no numbers on it."""
        self._can_move("failed")._move("failed", failure_text=self._get_error_text(error))

    def _show_share(self, share):
        """Show how much (0…1) of :meth:`_compute_page` is done, when somebody waits for the background."""
        if self.env.context.get("epd_in_background"):
            self._unlocked().progress = 100 * share
            self._notify_screens()
            self.env["ir.cron"]._commit_progress()

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

    def _compute_documents_page(self):
        run = self.run_id
        counts = RunScope(run).count_prepare()
        readiness = self.env["epd.run.readiness"]
        sums = readiness._get_control_sums(run, for_rules=True)
        problems = readiness._find_problems(run, on_step=self._show_share, sums=sums)
        blocked = readiness._count_blocked(run, problems)
        lines = [
            self._line("go", text, counts[what], PEOPLE, f"prepare_{what}")
            for what, text in self._get_prepare_texts().items()
            if counts[what] or what == "new"
        ]
        if counts["bare"]:
            # nothing planned is «as planned» when nobody gets a receipt
            lines[-1]["severity"] = "warning" if counts["new"] or counts["kept"] else "error"
        jump_lines, jumps = self._get_jump_lines(sums)
        lines += self._get_sum_lines(sums) + jump_lines
        for problem in problems:
            if problem["code"] == "no_charges":  # said above, as «prepare_bare»
                continue
            mend = problem["code"] == "outdated" and "changed"
            text = problem["text"]
            if mend:
                documents = self.env[DOCUMENTS].browse(problem["ids"])
                text = f"{describe_outdated(documents)} {text}"
            line = self._line(
                problem["severity"],
                text,
                len(problem["ids"]),
                problem["model"],
                f"find_{problem['code']}",
                mend,
            )
            lines.append(self._explain_liftable(line, problem))
        redone = run.mode != "missing" and counts["kept"]
        return lines, {
            "requisites_text": self._describe_requisites(sums),
            "go_count": counts["new"] + redone,
            "blocked_count": blocked,
            "is_blocked": any(
                problem["severity"] == "error" and problem["code"] in WHOLE_RUN
                for problem in problems
            ),
            "jump_count": jumps,
        }

    def _explain_liftable(self, line, problem):
        """Return the line of a finding with its sum, who lifted it, or the button that lifts it."""
        code, run = problem["code"], self.run_id
        if code == "no_balance":
            missing = self.env["epd.run.readiness"]._get_missing_balances(run)
            line["amount"] = float(sum(missing.values()))
        if code in LIFTABLE and problem["severity"] == "error":
            line["mend"] = "lift"
        elif code in LIFTABLE and RunWaivers(run).get(code):
            line["text"] = f"{line['text']} {RunWaivers(run).describe(code)}"
        return line

    def _get_sum_lines(self, sums):
        """Return the lines of the control sums: charges and balances of all accounts."""
        labels = {
            "opening": self.env._("Debt (+) or advance (−) at the start, in all."),
            "paid": self.env._("Paid, in all."),
            "due": self.env._("Due with the balances, in all."),
        }
        lines = [self._sum_line("go", self.env._("Charged, in all."), sums.charged)]
        lines += [self._sum_line("go", labels[name], sums.balances[name]) for name in labels]
        return lines

    def _get_jump_lines(self, sums):
        """Return ``(lines of what jumped, how many jumps stand)``."""
        waivers, lines = RunWaivers(self.run_id), []
        jumps = sums.find_jumps()
        lifted = waivers.is_lifted("sums_jump", get_jump_sizes(jumps))
        counts = sums.count_accounts(jumps[:LISTED_JUMPS])
        for jump, count in counts.items():
            what = f"jump_{jump.kind}-{jump.record.id}"
            line = self._sum_line(
                "go" if lifted else "warning", self._describe_jump(jump), jump.sums
            )
            line |= {
                "res_model": PEOPLE,
                "what": what,
                "count": count,
                "mend": False if lifted else "lift",
            }
            if lifted:
                line["text"] = f"{line['text']} {waivers.describe('sums_jump')}"
            lines.append(line)
        return lines, 0 if lifted else len(jumps)

    def _sum_line(self, severity, text, sums):
        line = self._line(severity, text, 0, False, False)
        return {**line, "amount": float(sums.now), "previous": float(sums.before)}

    def _describe_jump(self, jump):
        values = {"name": jump.record.display_name, "sums": jump.sums.describe(self.env)}
        if jump.kind == "building":
            return self.env._("The house %(name)s jumped: %(sums)s", **values)
        return self.env._("The service “%(name)s” jumped: %(sums)s", **values)

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

    def _compute_letters_page(self):
        outlook = RunOutlook(self.run_id).get_counts()
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
        # of the control sums only what jumped: the balances are not asked for
        sums = self.env["epd.run.readiness"]._get_control_sums(self.run_id)
        jump_lines, jumps = self._get_jump_lines(sums)
        lines += [self._sum_line("go", self.env._("Due in these receipts."), outlook["sums"])]
        lines += jump_lines
        lines += self._get_reason_lines(outlook)
        lines += self._get_warning_lines()
        return lines, {
            "requisites_text": False,
            "go_count": outlook["letters"],
            "blocked_count": outlook["no_document"]
            + sum(outlook["reasons"].get(reason, 0) for reason in NOTHING),
            "is_blocked": False,
            "jump_count": jumps,
        }

    def _get_warning_lines(self):
        """Return what is to be checked before letters go: changed documents, doubtful addresses."""
        run, lines = self.run_id, []
        outdated = RunScope(run).get_outdated_documents()
        if outdated:
            text, count = describe_outdated(outdated), len(outdated)
            lines.append(self._line("warning", text, count, DOCUMENTS, "outdated", "again"))
        for problem in self.env["epd.run.readiness"]._find_problems(run, codes=BEFORE_LETTERS):
            lines.append(
                self._line(
                    problem["severity"],
                    problem["text"],
                    len(problem["ids"]),
                    problem["model"],
                    f"find_{problem['code']}",
                )
            )
        return lines

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
