from odoo import api, fields, models

from ..document.epd_payment_document import FORMS
from ..mailing.mailing_figures import LETTER_COUNTS
from .epd_api import ApiRefusal

MODES = ("missing", "changed", "all")
COUNTS = ("account_count", "pending_count", "saved_count", "skipped_count", "error_count")
NUMBERS_A_CALL = 5000


class EpdApi(models.AbstractModel):
    """The steps of a month: documents, mailing, sending, figures."""

    _inherit = "epd.api"

    @api.model
    def prepare_documents(self, key, period, form="epd", mode="missing", reason="", numbers=()):
        """Have the documents of a month formed and saved; the queue does it.

        :param form: ``receipt``, ``epd`` or ``capital_repair``
        :param mode: ``missing``, ``changed`` (missing and changed since) or ``all`` (new versions)
        :param reason: why saved documents are issued again; required for ``all``
        :param numbers: account numbers, up to 5000; empty means all open accounts
        :return: ``run`` (id) and the fields of :meth:`get_run`
        """
        request = [period, form, mode, reason, list(numbers)]
        return self._api_once(
            key,
            "prepare_documents",
            request,
            lambda: self._api_prepare(key, period, form, mode, reason, list(numbers)),
        )

    @api.model
    def _api_prepare(self, key, month, form, mode, reason, numbers):
        run = self.env["epd.billing.run"].create(
            {
                "company_id": self.env.company.id,
                "period_id": self._api_period(month).id,
                "form": self._api_choice(form, [name for name, _label in FORMS], "form_unknown"),
                "mode": self._api_choice(mode, MODES, "mode_unknown"),
                "reason": reason,
                "list_ids": [(6, 0, self._api_list(key, numbers).ids)],
            }
        )
        run.action_prepare()
        return self._api_run(run)

    @api.model
    def _api_list(self, key, numbers):
        if not numbers:
            return self.env.ref("epd_mailing.account_list_all_open")
        if len(numbers) > NUMBERS_A_CALL:
            raise ApiRefusal(
                "too_many", self.env._("Give at most %s account numbers.", NUMBERS_A_CALL)
            )
        company = ("company_id", "=", self.env.company.id)
        accounts = self.env["epd.personal.account"].search([company, ("number", "in", numbers)])
        missing = set(numbers) - set(accounts.mapped("number"))
        if missing:
            raise ApiRefusal(
                "account_unknown",
                self.env._("There is no personal account with this number."),
                min(missing),
            )
        return self.env["epd.account.list"].create(
            {
                "name": key,
                "kind": "fixed",
                "company_id": self.env.company.id,
                "account_ids": [(6, 0, accounts.ids)],
            }
        )

    @api.model
    def _api_run(self, run):
        return {
            "run": run.id,
            "state": run.state,
            "pause_reason": run.pause_reason or "",
            **{name: run[name] for name in COUNTS},
        }

    @api.model
    def get_run(self, run):
        """Return how far the preparation is: ``state`` and counts of accounts."""
        return self._api_answer(
            lambda: self._api_run(self._api_record("epd.billing.run", run, "run_unknown"))
        )

    @api.model
    def check_readiness(self, run):
        """Return what stands in the way of the documents of a run as ``problems``.

        ``record`` is ``model/id`` of the first record behind the finding; ``findings`` counts all.
        """

        def work():
            found = self._api_record("epd.billing.run", run, "run_unknown").check_readiness()
            return {
                "problems": [
                    self._api_problem(
                        entry["code"], entry["text"], f"{entry['model']}/{entry['ids'][0]}"
                    )
                    for entry in found
                ],
                "findings": [
                    {
                        "code": entry["code"],
                        "severity": entry["severity"],
                        "count": entry["count"],
                    }
                    for entry in found
                ],
            }

        return self._api_answer(work)

    @api.model
    def list_run_problems(self, run, after=0, limit=500):
        """Return why accounts of a run have no document, a page at a time.

        :param after: ``next`` of the page before, 0 for the first
        """

        def work():
            lines, following = self._api_page(
                self.env["epd.billing.run.line"],
                [
                    ("run_id", "=", self._api_record("epd.billing.run", run, "run_unknown").id),
                    ("state", "in", ("error", "skipped")),
                ],
                after,
                limit,
            )
            return {
                "problems": [
                    self._api_problem(
                        line.problem_code or "", line.problem_text or "", line.account_id.number
                    )
                    for line in lines
                ],
                "next": following,
            }

        return self._api_answer(work)

    # --- mailing -----------------------------------------------------------------------------------

    @api.model
    def make_mailing(self, key, run, unisender_account="", template="", subject="", body=""):
        """Make a draft mailing of the run's documents that have no live letter yet.

        :param unisender_account: registration e-mail; empty means the company's active one
        :param template: name of a message template; empty means the company's first
        :param subject: instead of the template's; with ``body``
        :return: ``mailing`` (id) and the fields of :meth:`get_mailing`
        """
        request = [run, unisender_account, template, subject, body]
        return self._api_once(
            key, "make_mailing", request, lambda: self._api_make_mailing(*request)
        )

    @api.model
    def _api_make_mailing(self, run, unisender_account, template, subject, body):
        record = self._api_record("epd.billing.run", run, "run_unknown")
        if record.state not in ("done", "paused"):
            raise ApiRefusal(
                "run_not_done", self.env._("The documents are still being made."), str(run)
            )
        vals = {}
        if unisender_account:
            vals["unisender_account_id"] = self._api_named(
                "epd.unisender.account", unisender_account, "unisender_account_unknown"
            )
        if template:
            vals["template_id"] = self._api_named(
                "epd.message.template", template, "template_unknown"
            )
        mailing = self.env["epd.mailing"].browse(record.action_make_mailing()["res_id"])
        mailing.write(vals)
        if subject or body:
            mailing.write({"subject": subject, "body": body})
        return self._api_mailing(mailing)

    @api.model
    def _api_named(self, model, name, code):
        domain = [("company_id", "=", self.env.company.id), ("name", "=", name)]
        found = self.env[model].search(domain, limit=1)
        if not found:
            raise ApiRefusal(code, self.env._("There is no such record in this company."), name)
        return found.id

    @api.model
    def _api_mailing(self, mailing):
        mailing.invalidate_recordset()
        return {
            "mailing": mailing.id,
            "state": mailing.state,
            "scheduled_at": self._api_moment(mailing.scheduled_at),
            "wait_reason": mailing.wait_reason or mailing.fill_problem or "",
            "documents_waiting": mailing.fill_left,
            **{name: mailing[name] for name in LETTER_COUNTS},
        }

    @api.model
    def _api_step(self, mailing, states, step):
        """Take a step unless the mailing is where it leads already: safe to call again."""

        def work():
            record = self._api_record("epd.mailing", mailing, "mailing_unknown")
            if record.state not in states:
                step(record)
            return self._api_mailing(record)

        return self._api_answer(work)

    @api.model
    def get_mailing(self, mailing):
        """Return state and counts of a mailing, quickly: nothing is asked of the service."""
        return self._api_step(
            mailing, ("draft", "scheduled", "sending", "paused", "done", "cancelled"), None
        )

    @api.model
    def schedule_mailing(self, mailing, at):
        """Set when the mailing starts, or move the date.

        :param at: ISO moment in UTC, ``2026-04-02T06:00:00Z``; one that has come means now
        """
        try:
            when = fields.Datetime.to_datetime((at or "").removesuffix("Z").replace("T", " "))
        except (ValueError, AttributeError):
            when = None
        if not when:
            text = self.env._("Write the moment like 2026-04-02T06:00:00Z, in UTC.")
            return self._api_answer(lambda: self._api_raise("moment_wrong", text, str(at)))
        return self._api_step(
            mailing, ("sending", "paused", "done"), lambda record: record.action_schedule(when)
        )

    @api.model
    def _api_raise(self, code, text, record=""):
        raise ApiRefusal(code, text, record)

    @api.model
    def send_mailing(self, mailing):
        """Start a draft mailing as soon as the queue gets to it; a paused one goes on.

        A planned one keeps its time, so that a repeated call never sends before the day: with a
        moment that has come, :meth:`schedule_mailing` starts it now.
        """

        def step(record):
            if record.state == "paused":
                record.action_resume()
            else:
                record.action_send()

        return self._api_step(mailing, ("scheduled", "sending", "done"), step)

    @api.model
    def pause_mailing(self, mailing):
        """Stop after the letters in flight."""
        return self._api_step(mailing, ("paused",), lambda record: record.action_pause())

    @api.model
    def cancel_mailing(self, mailing):
        """Give the mailing up: what has not gone does not go any more."""
        return self._api_step(mailing, ("cancelled",), lambda record: record.action_cancel())

    @api.model
    def get_mailing_statistics(self, mailing, refresh=False):
        """Return the figures of a mailing: counts, ``reasons``, ``buildings``.

        :param refresh: ask UniSender first
        """

        def work():
            record = self._api_record("epd.mailing", mailing, "mailing_unknown")
            if refresh:
                record.action_refresh()
            found = record.get_statistics()
            return {
                **self._api_mailing(record),
                "refreshed_at": self._api_moment(record.refreshed_at),
                "reasons": found["reasons"],
                "buildings": [
                    {
                        "name": building["name"],
                        "states": [
                            {"state": state, "count": count}
                            for state, count in building["states"].items()
                        ],
                    }
                    for building in found["buildings"]
                ],
            }

        return self._api_answer(work)
