from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..base.shown_rows import find_shown
from ..base.thread import QUIET
from ..document.outdated_figures import describe_outdated
from .epd_mailing_letter import LEFT
from .letter_mend import LOST
from .letter_writer import LetterWriter
from .mailing_estimate import MailingEstimate
from .mailing_files import MailingFiles
from .mailing_message import MailingMessage, get_constant_words
from .mailing_readiness import MailingReadiness
from .mailing_repeat import REPEAT_KINDS, MailingRepeat
from .mailing_report import MailingReport
from .mailing_test import MailingTest
from .mailing_withdrawal import MailingWithdrawal
from .outdated_letters import OutdatedLetters

# a moment this little past is «now», not a mistake
NOW = timedelta(minutes=1)
OVER = ("done", "cancelled")  # nothing more goes out
TEXT = ("subject", "preheader", "body", "body_format", "template_id")


class EpdMailing(models.Model):
    """A mailing: saved documents to their payers' addresses through one UniSender account.

    ==========  ====================================================================
    state       set by
    ==========  ====================================================================
    draft       creation, «Unschedule»
    scheduled   «Schedule», «Send» (at once)
    sending     the cron, when the time has come
    paused      «Pause», or an error that needs a person (key, money, sender)
    done        no letter pending, claimed or sending
    cancelling  the clerk, before done, while its many letters are being withdrawn; none goes
    cancelled   the clerk, before done; what was sent is reported
    ==========  ====================================================================
    """

    _name = "epd.mailing"
    _description = "Mailing"
    _inherit = [
        "epd.live",
        "epd.mailing.filling",
        "epd.mailing.figures",
        "epd.letter.text",
        "epd.thread",
        "mail.activity.mixin",
        "epd.state.gate",
    ]
    _order = "id desc"
    _check_company_auto = True

    _transitions = {
        "draft": ("scheduled", "cancelling", "cancelled"),
        "scheduled": ("draft", "sending", "paused", "cancelling", "cancelled"),
        "sending": ("paused", "done", "cancelling", "cancelled"),
        "paused": ("scheduled", "sending", "cancelling", "cancelled"),
        "done": ("sending",),
        "cancelling": ("cancelled",),
        "cancelled": (),
    }
    _guarded_fields = (
        "scheduled_at",
        "started_at",
        "finished_at",
        "wait_reason",
        "wait_until",
        "parent_id",
        "repeat_kind",
        "at_any_hour",
        "report_due_at",
    )
    # what was agreed on may be edited only while nothing has been handed over
    _draft_fields = (
        "unisender_account_id",
        "subject",
        "preheader",
        "body",
        "body_format",
        "attachment_ids",
        "template_id",
        "period_id",
        "company_id",
    )

    name = fields.Char(compute="_compute_name", store=True)
    repeat_kind = fields.Selection(
        REPEAT_KINDS, string="Repeat Of", readonly=True, copy=False, help="Which letters go again."
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    unisender_account_id = fields.Many2one(
        "epd.unisender.account",
        string="UniSender Account",
        index=True,
        ondelete="restrict",
        check_company=True,
        default=lambda self: self.env["epd.unisender.account"].search(
            [("company_id", "=", self.env.company.id), ("state", "=", "active")], limit=1
        ),
    )
    period_id = fields.Many2one(
        "epd.billing.period", index=True, ondelete="restrict", check_company=True
    )
    parent_id = fields.Many2one(
        "epd.mailing",
        string="Repeats",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The mailing some of whose letters are sent again.",
    )
    child_ids = fields.One2many("epd.mailing", "parent_id", string="Repeated By")
    template_id = fields.Many2one("epd.message.template", check_company=True)
    subject = fields.Char(compute="_compute_message", store=True, readonly=False)
    preheader = fields.Char(compute="_compute_preheader", store=True, readonly=False)
    body = fields.Text(compute="_compute_message", store=True, readonly=False)
    body_format = fields.Selection(
        [("html", "HTML"), ("text", "Plain text")],
        compute="_compute_body_format",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    attachment_ids = fields.Many2many(
        "ir.attachment",
        string="Files for All",
        copy=False,
        help="Go with every letter beside the payer's own receipt, such as a notice of the house.",
    )
    files_text = fields.Char(string="Size of the Files", compute="_compute_files_text")
    active = fields.Boolean(
        default=True, copy=False, help="A mailing that is over can be put into the archive."
    )
    color = fields.Integer(copy=False)
    user_id = fields.Many2one(
        "res.users",
        string="Prepared By",
        default=lambda self: self.env.user,
        readonly=True,
        copy=False,
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("scheduled", "Scheduled"),
            ("sending", "Sending"),
            ("paused", "Paused"),
            ("done", "Sent"),
            ("cancelling", "Being Cancelled"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
        group_expand="_expand_states",
    )
    responsible_id = fields.Many2one(
        "res.users",
        default=lambda self: self.env.user,
        copy=False,
        check_company=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Gets a report of the mailing a day after it went.",
    )
    report_due_at = fields.Datetime(string="Report Due", readonly=True, copy=False)
    at_any_hour = fields.Boolean(
        readonly=True,
        copy=False,
        help="Goes in the quiet hours of the office too: a person said so.",
    )
    scheduled_at = fields.Datetime(string="Planned For", readonly=True, copy=False, tracking=True)
    started_at = fields.Datetime(readonly=True, copy=False)
    finished_at = fields.Datetime(readonly=True, copy=False)
    wait_reason = fields.Text(string="Waiting Because", readonly=True, copy=False)
    wait_until = fields.Datetime(readonly=True, copy=False)
    letter_ids = fields.One2many(
        "epd.mailing.letter", "mailing_id", domain=[("is_test", "=", False)], copy=False
    )
    test_letter_ids = fields.One2many(
        "epd.mailing.letter", "mailing_id", domain=[("is_test", "=", True)], copy=False
    )
    shown_letter_ids = fields.One2many(
        "epd.mailing.letter",
        string="Letters Shown",
        compute="_compute_shown_letter_ids",
        help="The first letters of the mailing, those that did not arrive before the others.",
    )
    plan_text = fields.Char(string="Begins", compute="_compute_plan_text")
    eta_text = fields.Char(string="Time Left", compute="_compute_estimate")
    late_count = fields.Integer(
        string="Late Letters",
        compute="_compute_estimate",
        help="Letters that the limits of the UniSender account do not let out by the present-by "
        "day of the billing period.",
    )
    late_text = fields.Char(compute="_compute_estimate")
    reissued_count = fields.Integer(string="Issued Again Since", compute="_compute_reissued_count")
    outdated_count = fields.Integer(
        string="Changed After Saving",
        compute="_compute_outdated",
        help="Documents of letters that have not gone.",
    )
    outdated_text = fields.Char(compute="_compute_outdated")
    outdated_blocks = fields.Boolean(
        compute="_compute_outdated", help="They do not go until they are issued again."
    )

    @api.depends("period_id.name", "subject", "template_id.name", "repeat_kind")
    def _compute_name(self):
        for mailing in self:
            subject = get_constant_words(mailing.subject or "") or mailing.template_id.name
            names = filter(None, (subject, mailing.period_id.name))
            name = ", ".join(names) or self.env._("New mailing")
            mailing.name = MailingRepeat(mailing).name(name) if mailing.repeat_kind else name

    @api.depends("scheduled_at", "state")
    @api.depends_context("lang", "tz")
    def _compute_plan_text(self):
        for mailing in self:
            begin = mailing.state == "scheduled" and mailing.scheduled_at
            mailing.plan_text = begin and mailing.company_id._epd_describe_moment(begin)

    def _get_quiet_end(self):
        """Return when letters may go again (naive UTC) while it is quiet in the office, else nothing."""
        now = fields.Datetime.now()
        free = now if self.at_any_hour else self.company_id._epd_after_quiet(now)
        return free if free > now else None

    def _get_preview_document(self):
        """Return the chosen receipt, or the first of the mailing."""
        chosen, saved = super()._get_preview_document(), self._origin
        return chosen or (MailingMessage(saved).get_document() if saved else chosen)

    def _expand_states(self, states, domain):
        """Show these columns of the kanban even empty; the exceptional ones when there are any."""
        usual = ("draft", "scheduled", "sending", "done")
        return [key for key, _label in self._fields["state"].selection if key in {*usual, *states}]

    @api.depends("template_id")
    def _compute_message(self):
        for mailing in self:
            template = mailing.template_id
            mailing.subject = template.subject or mailing.subject
            mailing.body = template.body or mailing.body

    # each by itself: a value given for one field of a compute keeps the others from being computed
    # https://github.com/odoo/odoo/pull/65731, seen 2026-11-26
    @api.depends("template_id")
    def _compute_preheader(self):
        for mailing in self:
            template = mailing.template_id
            mailing.preheader = template.preheader if template else mailing.preheader

    @api.depends("template_id")
    def _compute_body_format(self):
        for mailing in self:
            mailing.body_format = mailing.template_id.body_format or mailing.body_format or "html"

    @api.depends("attachment_ids", "unisender_account_id")
    def _compute_files_text(self):
        for mailing in self:
            mailing.files_text = MailingFiles(mailing).describe_size()

    @api.depends("letter_ids.state")
    def _compute_shown_letter_ids(self):
        odd = Domain("state", "in", (*LOST, "unknown"))
        for mailing in self:
            own = Domain("mailing_id", "=", mailing._origin.id) & Domain("is_test", "=", False)
            mailing.shown_letter_ids = find_shown(self.env["epd.mailing.letter"], own, odd)

    @api.depends("letter_ids.state", "state", "scheduled_at", "unisender_account_id", "period_id")
    def _compute_estimate(self):
        for mailing in self:
            estimate = MailingEstimate(mailing)
            mailing.eta_text = estimate.eta_text
            mailing.late_count = estimate.late_count
            mailing.late_text = estimate.late_text

    @api.depends("letter_ids.send_state", "company_id.epd_outdated_policy")
    def _compute_outdated(self):
        for mailing in self:
            documents = mailing._get_outdated_documents()
            mailing.outdated_count = len(documents)
            mailing.outdated_text = describe_outdated(documents) if documents else False
            mailing.outdated_blocks = bool(documents) and (
                mailing.company_id.epd_outdated_policy == "block"
            )

    def _get_outdated_documents(self):
        """Return the documents of waiting letters that were changed after they were saved."""
        return OutdatedLetters(self).get_documents()

    def action_open_outdated(self):
        """Open the documents of this mailing that were changed after they were saved."""
        documents = self._get_outdated_documents()
        return documents._get_records_action(
            name=self.env._("Changed After Saving"),
            views=[(False, "list"), (False, "form")],
            domain=[("id", "in", documents.ids)],
        )

    def action_reissue_outdated(self):
        """«Issue Again»: save new versions of what has changed, and write the letters with them.

        :raise UserError: when they are too many for one go, or none of them can be made
        """
        self.ensure_one()
        mailing = self._check_and_unlock()
        OutdatedLetters(mailing).reissue()
        return True

    @api.depends("letter_ids.document_id.state")
    def _compute_reissued_count(self):
        for mailing in self:
            mailing.reissued_count = (
                len(MailingRepeat(mailing).get_reissued())
                if mailing.state == "done" and mailing.id
                else 0
            )

    @api.model_create_multi
    def create(self, vals_list):
        mailings = super().create(vals_list)
        mailings.filtered(lambda mailing: not mailing.active)._check_over()
        for mailing in mailings.filtered("attachment_ids"):
            MailingFiles(mailing).adopt()
        return mailings

    def copy(self, default=None):
        copies = super().copy(default)
        for mailing, other in zip(self, copies, strict=True):
            MailingFiles(mailing).copy_to(other)
        return copies

    def write(self, vals):
        if "active" in vals and not vals["active"]:
            self._check_over()
        frozen = set(self._draft_fields).intersection(vals)
        if frozen and self.filtered(lambda m: m.state not in ("draft", "scheduled")):
            raise UserError(
                self.env._(
                    "The mailing has begun: its message and account are not changed any more. "
                    "Duplicate it to write another one."
                )
            )
        res = super().write(vals)
        if frozen.intersection(TEXT):
            # it leaves by itself, at night perhaps: whoever makes a mistake sees it now
            MailingReadiness(self.filtered(lambda m: m.state == "scheduled")).check_text()
        if "attachment_ids" in vals:
            for mailing in self:
                MailingFiles(mailing).adopt()
        return res

    def _check_over(self):
        """Check that nothing more goes out: what is in the archive, nobody watches.

        :raise UserError: for a mailing that is not over
        """
        if self.filtered(lambda mailing: mailing.state not in OVER):
            raise UserError(
                self.env._(
                    "Only a mailing that was sent or cancelled goes into the archive. Cancel it "
                    "first, or wait until its letters have gone."
                )
            )

    def _move(self, target, **vals):
        # one that goes on (an address was corrected) is in work again
        return super()._move(target, **vals if target in OVER else {**vals, "active": True})

    @api.ondelete(at_uninstall=False)
    def _unlink_except_begun(self):
        if self.filtered(lambda m: m.state not in ("draft", "cancelled") or m.started_at):
            raise UserError(
                self.env._("A mailing that has begun is kept as a proof. It is not deleted.")
            )
        if self._get_letters_that_left():
            raise UserError(
                self.env._(
                    "A test letter of this mailing has left the house, so the mailing is kept. "
                    "Cancel it instead."
                )
            )

    def unlink(self):
        """Delete mailings of which nothing has gone, and their letters with them."""
        self.check_access("unlink")
        self._unlink_except_begun()
        letters = self.env["epd.mailing.letter"].sudo().search([("mailing_id", "in", self.ids)])
        letters._unlocked().unlink()
        return super().unlink()

    def _get_letters_that_left(self):
        """Return letters of these mailings, test ones too, that went or may have gone."""
        return (
            self.env["epd.mailing.letter"]
            .sudo()
            .search(
                Domain("mailing_id", "in", self.ids)
                & (
                    Domain("send_state", "in", LEFT)
                    | Domain("sending_at", "!=", False)
                    | Domain("event_ids", "!=", False)
                )
            )
        )

    # --- what a clerk or a program does ------------------------------------------------------------

    def action_confirm_send(self):
        """«Send»: say how many letters go to how many addresses, and when, before they do.

        :raise UserError: when the mailing is not whole
        """
        self.ensure_one()
        self.check_access("write")
        MailingReadiness(self).check()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send the Mailing"),
            "res_model": "epd.mailing.send",
            "view_mode": "form",
            "target": "new",
            "context": {"default_mailing_id": self.id},
        }

    def action_schedule(self, scheduled_at=None, at_any_hour=False):
        """Set when the mailing starts, and hand it to the queue; again to move the date.

        A moment in the quiet hours of the office is put off to their end.

        :param scheduled_at: datetime or text ``YYYY-MM-DD HH:MM:SS``, UTC; nothing or a moment
            that has passed means now
        :param at_any_hour: it may go in the quiet hours too
        :raise UserError: when the mailing is not whole or has begun
        """
        mailings = self._check_and_unlock()
        MailingReadiness(mailings).check()
        now = fields.Datetime.now()
        when = max(fields.Datetime.to_datetime(scheduled_at) or now, now)
        asked = fields.Datetime.to_datetime(scheduled_at)
        for mailing in mailings:
            begin = when if at_any_hour else mailing.company_id._epd_after_quiet(when)
            vals = {
                "scheduled_at": begin,
                "at_any_hour": bool(at_any_hour),
                "wait_reason": False,
                "wait_until": False,
            }
            if mailing.state == "scheduled":
                mailing.write(vals)
            else:
                mailing._move("scheduled", **vals)
            if asked and asked < now - NOW:
                mailing.message_post(
                    body=self.env._("The planned time has passed, so sending begins now.")
                )
        self._wake_sender(when)
        return True

    def action_send(self):
        """«Send»: hand it to the queue. One that is planned keeps its time, others start now."""
        now = fields.Datetime.now()
        planned = self.filtered(lambda m: m.state == "scheduled" and (m.scheduled_at or now) > now)
        MailingReadiness(planned._check_and_unlock()).check()
        return (self - planned).action_send_now()

    def action_send_now(self, at_any_hour=False):
        """«Send Now»: start as soon as the queue gets to it, whatever was planned.

        :param at_any_hour: also in the quiet hours of the office
        """
        return self.action_schedule(at_any_hour=at_any_hour) if self else True

    def action_choose_documents(self):
        """«Add Receipts»: ask which saved documents the mailing is to take."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Add Receipts"),
            "res_model": "epd.mailing.fill",
            "view_mode": "form",
            "target": "new",
            "context": {"default_mailing_id": self.id},
        }

    def action_unschedule(self):
        """Take a scheduled mailing back to draft."""
        self._check_and_unlock()._move("draft", scheduled_at=False, at_any_hour=False)
        return True

    def action_pause(self):
        """Stop after the letters in flight; what was sent is reported."""
        for mailing in self._check_and_unlock():
            mailing._move(
                "paused",
                wait_reason=self.env._("Paused by %(user)s", user=self.env.user.name),
                wait_until=False,
            )
            mailing.message_post(body=mailing._get_progress_line())
        return True

    def action_resume(self):
        """Go on sending (or waiting for the planned time).

        :raise UserError: when it is not paused, or its account or message does not work
        """
        mailings = self._check_and_unlock()
        mailings._check_in_state("paused", self.env._("Only a paused mailing can go on."))
        readiness = MailingReadiness(mailings)
        readiness.check_account()
        readiness.check_text()
        now = fields.Datetime.now()
        for mailing in mailings:
            early = mailing._must_wait()
            mailing._move(
                "scheduled" if early else "sending",
                wait_reason=False,
                wait_until=False,
                started_at=False if early else mailing.started_at or now,
            )
        self._wake_sender()
        return True

    def _must_wait(self):
        """Tell whether the mailing waits for its planned time or for its letters."""
        now = fields.Datetime.now()
        early = not self.started_at and (self.scheduled_at or now) > now
        return bool(self.fill_left) or early

    def action_cancel(self):
        """Give the mailing up: cancel what is not sent or not written yet, report what was sent.

        Many letters are withdrawn in the background; none of them goes out meanwhile.
        """
        for mailing in self._check_and_unlock():
            MailingWithdrawal(mailing).begin()
        return True

    def _get_progress_line(self):
        """Return one line of what has gone and what has not."""
        self.ensure_one()
        return self.env._(
            "Sent: %(sent)s, rejected: %(failed)s, outcome unknown: %(unknown)s, still to go: "
            "%(pending)s.",
            sent=self.sent_count,
            failed=self.failed_count,
            unknown=self.unknown_count,
            pending=self.pending_count,
        )

    # --- letters -----------------------------------------------------------------------------------

    def _add_documents(self, documents):
        """Write a letter for each address of the documents' accounts, see :meth:`LetterWriter.add`."""
        return LetterWriter(self).add(documents)

    def _takes_letters(self):
        """Tell whether nothing has gone yet."""
        return self.state in ("draft", "scheduled") or (
            self.state == "paused" and not self.started_at
        )

    def _get_awaited_cron(self):
        if self.state in ("scheduled", "sending"):
            return "epd_mailing.ir_cron_send"
        return super()._get_awaited_cron()

    @api.model
    def _get_work_domain(self):
        return super()._get_work_domain() | Domain("state", "=", "cancelling")

    def _work_slice(self):
        if self.state != "cancelling":
            return super()._work_slice()
        # the row is the claim here too
        return MailingWithdrawal(self).take_slice() if self.try_lock_for_update() else None

    def _work_left(self):
        if self.state != "cancelling":
            return super()._work_left()
        return MailingWithdrawal(self).count()

    def _pause_for_error(self, error):
        if self.state != "cancelling":
            super()._pause_for_error(error)
            return
        # it goes on with the next cron run; nothing of it goes out, whatever happens
        text = self._get_error_text(error)
        if self.wait_reason != text:
            self._show_wait(text, False)
            self.message_post(body=text)

    def _for_office(self):
        # what became of each letter stands in its row
        return super()._for_office().with_context(tracking_disable=QUIET)

    # --- sending again -----------------------------------------------------------------------------

    def action_resend_failed(self):
        """Make a linked draft mailing of the letters that did not arrive."""
        return self._action_resend("failed", ("bounced", "rejected"), self.env._("Not delivered"))

    def action_resend_unopened(self):
        """Make a linked draft mailing of the letters that nobody opened."""
        return self._action_resend("unopened", ("sent", "delivered"), self.env._("Not opened"))

    def action_resend_reissued(self):
        """Make a linked draft mailing of the new versions of documents issued again since.

        :raise UserError: when there is none without a letter
        """
        self.ensure_one()
        self.check_access("write")
        return MailingRepeat(self).of_reissued()._get_records_action()

    def _action_resend(self, kind, states, reason):
        self.ensure_one()
        self.check_access("write")
        letters = self.env["epd.mailing.letter"].search(
            [("mailing_id", "=", self.id), ("state", "in", states), ("is_test", "=", False)]
        )
        return MailingRepeat(self).of_letters(letters, reason, kind)._get_records_action()

    def action_save_template(self):
        """«Save as Template»: keep the text of this mailing for the next ones."""
        self.ensure_one()
        self.check_access("read")
        template = MailingMessage(self).save_template()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "The template “%s” is saved. It stands in “Message Templates”.", template.name
                ),
            },
        }

    # --- a test letter -----------------------------------------------------------------------------

    def _send_test_letter(self, email, document_id=None):
        """Put a test letter with a real receipt into the queue.

        It goes to the user's own address, or to one of the office that a manager has allowed on the
        UniSender account: no other way leads from a payer's receipt to an address that is not theirs.

        :param email: where it goes
        :param document_id: whose receipt; nothing takes the first of the mailing
        :return: id of the letter
        :raise UserError: saying what is missing, or to whom a test letter may go
        """
        self.ensure_one()
        letter = MailingTest(self._check_and_unlock()).send(
            email, MailingMessage(self).get_document(document_id)
        )
        return letter.id

    def _get_test_addresses(self):
        """Return the normal forms of the addresses that this user's test letters may go to."""
        return MailingTest(self.sudo()).get_addresses()

    def action_send_test(self):
        """«Test Letter»: ask where to and with whose receipt."""
        self.ensure_one()
        self.check_access("write")
        return self.env["epd.mailing.test"]._get_records_action(
            name=self.env._("Test Letter"),
            target="new",
            context={
                "default_mailing_id": self.id,
                "default_document_id": MailingMessage(self).get_document().id,
            },
        )

    # --- what the sender writes --------------------------------------------------------------------

    @api.model
    def _cron_send(self):
        """Send what is due (the job's code)."""
        self.env["epd.mailing.sender"]._run()

    @api.model
    def _cron_report(self):
        """Report the mailings that ended a day ago to their responsible persons (the job's code)."""
        due = self.with_context(active_test=False).search(
            [("report_due_at", "<=", fields.Datetime.now()), ("state", "=", "done")]
        )
        for mailing in due.try_lock_for_update():
            MailingReport(mailing._for_office()).send()

    def _wake_sender(self, at=None):
        self.env["epd.work.engine"]._wake("epd_mailing.ir_cron_send", at)

    @api.model
    def _get_due_domain(self):
        """Return the domain of the mailings whose time has come and whose letters are written."""
        return (
            Domain("state", "=", "scheduled")
            & Domain("scheduled_at", "<=", fields.Datetime.now())
            & Domain("fill_left", "=", 0)
        )

    def _show_wait(self, reason, until):
        """Say on the mailing why it waits; written only when it says something new.

        Not where another worker, or a person, has the row just now: the next look says it.
        """
        known = self.wait_until
        same_time = known == until or (
            known and until and abs(known - until) < timedelta(seconds=60)
        )
        is_new = (self.wait_reason or False) != (reason or False) or (reason and not same_time)
        if is_new and self._try_lock():
            self._unlocked().write({"wait_reason": reason, "wait_until": until})

    def _pause(self, reason):
        """Pause for an error that a person has to correct, and notify a manager."""
        mailing = self._can_move("paused")
        if mailing.state == "sending":
            mailing._move("paused", wait_reason=reason, wait_until=False)
            mailing.message_post(body=reason)
            manager = self.env["epd.delivery.address"]._get_office_user(self)
            mailing.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("The mailing stands still"),
                note=reason,
                user_id=manager.id,
            )
        waiting = self.env["epd.mailing.letter"].search(
            [
                ("mailing_id", "=", self.id),
                ("is_test", "=", True),
                ("send_state", "=", "pending"),
            ]
        )
        for letter in waiting:
            letter._unlocked()._move("cancelled", failure_type="withdrawn", failure_reason=reason)
