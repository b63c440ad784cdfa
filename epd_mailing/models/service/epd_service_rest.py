from datetime import datetime, time, timedelta

from odoo import fields, models
from odoo.tools import SQL

from ...tools.unisender import errors

FIRST_REST = 60  # seconds; doubled with each error in a row
LONGEST_REST = 900
ERRORS_TO_PAUSE = 8
# answers of a limit in a row, each after a rest of a minute and more: it is not the minute's
LIMITS_TO_DAY = 3
DAY_BEGINS = timedelta(minutes=5)  # after midnight: the service's clock need not be ours
DAY_AGAIN = timedelta(hours=1)  # the day's number may be counted from another hour


class EpdServiceRest(models.AbstractModel):
    """An account that rests after errors and limits of its service, for all workers and hosts alike.

    Needs ``company_id``, ``last_error``, ``_describe_error`` and the states of ``epd.unisender.account``.
    """

    _name = "epd.service.rest"
    _description = "Rests After Errors of a Service"
    _inherit = ["epd.state.gate"]

    wait_until = fields.Datetime(string="Rests Until", readonly=True, copy=False)
    wait_reason = fields.Char(string="Rests Because", readonly=True, copy=False)
    fault_count = fields.Integer(string="Errors in a Row", readonly=True, copy=False)
    limit_count = fields.Integer(string="Answers of a Limit in a Row", readonly=True, copy=False)
    day_limit_at = fields.Datetime(string="Day's Letters Used Up At", readonly=True, copy=False)

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | {
            "wait_until",
            "wait_reason",
            "fault_count",
            "limit_count",
            "day_limit_at",
        }

    def _get_rested_vals(self):
        """Return the values of an account that need not rest."""
        return {
            "fault_count": 0,
            "limit_count": 0,
            "day_limit_at": False,
            "wait_reason": False,
            "wait_until": False,
        }

    def _lock_row(self):
        """Lock this row, after whoever has it; a clash is tried again and leaves no error in the log.

        Events that are kept meanwhile refer to the row, and do not wait.

        :raise psycopg2.errors.SerializationFailure: it was changed since this transaction began
        """
        table = SQL.identifier(self._table)
        self.env.cr.execute(
            SQL("SELECT FROM %s WHERE id = %s FOR NO KEY UPDATE", table, self.id),
            log_exceptions=False,
        )

    def _back_off(self, reason):
        """Let the queue of this account wait, longer with each error in a row.

        :return: True after so many errors without one letter going that a person has to look
        """
        self.ensure_one()
        self._lock_row()
        count = self.fault_count + 1
        seconds = min(LONGEST_REST, FIRST_REST * 2 ** (count - 1))
        self._unlocked().write(
            {
                "fault_count": count,
                "limit_count": 0,
                "wait_reason": reason,
                "wait_until": fields.Datetime.now() + timedelta(seconds=seconds),
                "last_error": reason,
            }
        )
        return count >= ERRORS_TO_PAUSE

    def _rest_at_limit(self, error, some_went=False):
        """Let the queue wait after the answer of a limit; for the next day if it is the day's.

        A limit is no error that a person has to deal with, so the mailings do not pause.

        :param error: ``tools.unisender.errors.RateLimited``
        :param some_went: other letters of the same moment were taken
        """
        self.ensure_one()
        self._lock_row()
        now, count = fields.Datetime.now(), 1 if some_went else self.limit_count + 1
        vals = {"limit_count": count}
        named = isinstance(error, errors.DayLimit)
        if named or count >= LIMITS_TO_DAY:
            known = self.day_limit_at and now - self.day_limit_at < timedelta(hours=20)
            next_day = self._get_next_day()
            # named once: the whole day; named again or guessed: the count may begin at another hour
            until = next_day if named and not known else min(next_day, now + DAY_AGAIN)
            reason = self._describe_error(
                error if named else errors.DayLimit(error.code, error.message)
            )
            vals |= {"day_limit_at": now}
        else:
            until = now + timedelta(seconds=FIRST_REST * 2 ** (count - 1))
            reason = self._describe_error(error)
        self._unlocked().write({**vals, "wait_until": until, "wait_reason": reason})

    def _get_next_day(self):
        """Return when the office's next day has begun (naive UTC)."""
        company = self.company_id
        midnight = datetime.combine(company._epd_today() + timedelta(days=1), time())
        return company._epd_utc_time(midnight + DAY_BEGINS)

    def _recover(self):
        """A letter went: the service works again."""
        self.fetch(["fault_count", "limit_count", "wait_until"])
        if self.fault_count or self.limit_count or self.wait_until:
            self._lock_row()
            self._unlocked().write({**self._get_rested_vals(), "last_error": False})

    def _set_error(self, error):
        """Wrong key, no money, unconfirmed sender: nothing goes until a person corrects it.

        :param error: ``tools.unisender.errors.UniSenderError``
        :return: what it means to the office
        """
        text = self._describe_error(error)
        self._can_move("error")._unlocked()._move("error", last_error=text)
        return text
