"""How a call of a program is answered, and how what it is about is found."""

import json
import re
from datetime import date

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...tools import receipt_data

PAGE = 500  # rows of one answer at most
ACCOUNTS_A_CALL = 500
FILE_BYTES = 4 * 2**20  # of a file for the printer in one answer
# characters that JSON can carry and PostgreSQL cannot keep in a text (NUL, lone surrogates):
# https://www.postgresql.org/docs/current/datatype-character.html, seen 2026-11
UNKEPT = re.compile("[\0\ud800-\udfff]")


class CallRejected(UserError):
    """A call, or an account or a line of it, that is rejected.

    :param code: for the program
    :param text: for people, in the user's language
    :param record: what of the call it is about: an account number, ``number/section/line``
    """

    def __init__(self, code, text, record=""):
        super().__init__(text)
        self.code, self.record = code, record

    def as_problem(self, record=None):
        """Return the problem as an answer holds it.

        :param record: instead of the own one
        """
        return make_problem(self.code, str(self), self.record if record is None else record)


def make_problem(code, text, record=""):
    """Return a problem as an answer holds it."""
    return {"code": code, "text": text, "record": record}


def format_moment(moment):
    """Return a moment (naive, UTC) as an ISO text, nothing as an empty one."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else ""


def format_day(day):
    """Return a day as an ISO text, nothing as an empty one."""
    return fields.Date.to_string(day) or ""


def is_kept(value):
    """Return whether a value is a text that the database can keep."""
    return isinstance(value, str) and not UNKEPT.search(value)


class Calls:
    """What the calls of every area have in common. A plain class: it lives as long as one call.

    :param env: environment of the caller, whose company is the present one
    """

    def __init__(self, env):
        self.env = env
        self.company = env.company

    # --- how a call is answered -------------------------------------------------------------------

    def answer(self, work):
        """Do ``work`` whole or not at all; a rejection becomes an answer.

        :param work: function without arguments, returns the further fields of the answer
        :return: dict with ``status`` («ok» or «rejected») and ``problems``
        :raise AccessError: when the user is no operator
        """
        if not self.env.user.has_group("epd_mailing.group_epd_operator"):
            raise AccessError(self.env._("Only operators of payment documents may do this."))
        try:
            with self.env.cr.savepoint():
                answer = work()
        except AccessError:
            raise
        except CallRejected as error:
            return {"status": "refused", "problems": [error.as_problem()]}
        except UserError as error:
            return {"status": "refused", "problems": [make_problem("refused", str(error))]}
        return {"status": "ok", "problems": [], **answer}

    def answer_once(self, key, method, request, work):
        """Do ``work`` once for a key; the same call again gets the same answer.

        :param key: the caller's own, 1 to 100 characters
        :param method: name of the call
        :param request: plain data of the call; other data under a used key are rejected
        :param work: as :meth:`answer` takes it
        """
        return self.answer(lambda: self._do_once(key, method, request, work))

    def _do_once(self, key, method, request, work):
        if not isinstance(key, str) or not 1 <= len(key.strip()) <= 100:
            raise CallRejected(
                "key_missing", self.env._("Give each call a key of 1 to 100 characters.")
            )
        digest = receipt_data.digest(json.dumps([method, request], sort_keys=True))
        call_id = self._claim_key(key, method, digest)
        calls = self.env["epd.api.call"].sudo()
        if call_id:
            answer = work()
            calls.browse(call_id).answer = json.dumps(answer, ensure_ascii=False)
            return answer
        known = calls.search([("company_id", "=", self.company.id), ("key", "=", key)])
        if known.request_sha256 != digest:
            raise CallRejected(
                "key_reused",
                self.env._(
                    "The key “%(key)s” was used for another call (%(method)s of %(time)s UTC) with "
                    "other data. Take a new key.",
                    key=key,
                    method=known.method,
                    time=f"{known.create_date:%Y-%m-%d %H:%M:%S}",
                ),
                key,
            )
        return json.loads(known.answer)

    def _claim_key(self, key, method, digest):
        """Return the id of the call's row, 0 when the key was used before."""
        # the row is the lock: a call at the same moment waits here, and then finds the answer
        fresh = self.env.execute_query(
            SQL(
                """
                INSERT INTO epd_api_call (company_id, key, method, request_sha256, user_id,
                                          create_uid, write_uid, create_date, write_date)
                VALUES (%(company)s, %(key)s, %(method)s, %(digest)s, %(uid)s, %(uid)s, %(uid)s,
                        now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')
                    ON CONFLICT (company_id, key) DO NOTHING RETURNING id
                """,
                company=self.company.id,
                key=key,
                method=method,
                digest=digest,
                uid=self.env.uid,
            )
        )
        return fresh[0][0] if fresh else 0

    # --- finding what a call is about -------------------------------------------------------------

    def get_record(self, model, record_id, code):
        """Return the record of the caller's company, or reject the call with ``code``."""
        record = self.env[model].browse(record_id if isinstance(record_id, int) else 0).exists()
        if record:
            record.check_access("read")
        if not record or record.company_id != self.company:
            raise CallRejected(
                code, self.env._("There is no such record in this company."), str(record_id)
            )
        return record

    def get_period(self, month, create=False):
        """Return the billing period of a month ``YYYY-MM``.

        :param create: whether one that is not there is created
        """
        if not isinstance(month, str) or not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month):
            raise CallRejected(
                "period_wrong", self.env._("Write the billing period like 2026-03."), str(month)
            )
        periods = self.env["epd.billing.period"]
        start = date.fromisoformat(f"{month}-01")
        period = periods.search([("company_id", "=", self.company.id), ("date_start", "=", start)])
        if not period and create:
            period = periods.create({"company_id": self.company.id, "date_start": start})
        if not period:
            raise CallRejected(
                "period_unknown",
                self.env._("There is no billing period %s yet. Give its charges first.", month),
                month,
            )
        return period

    def check_choice(self, value, allowed, code):
        """Return ``value`` when it is one of those allowed, else reject with ``code``."""
        if value not in allowed:
            raise CallRejected(
                code, self.env._("One of these is expected: %s.", ", ".join(allowed)), str(value)
            )
        return value

    def check_text(self, value, name, size=0):
        """Return a text as it came; reject what would be cut (to ``size``) or cannot be kept."""
        if not is_kept(value):
            raise CallRejected("not_a_text", self.env._("“%s” is a text.", name))
        if size and len(value) > size:
            raise CallRejected(
                "too_long",
                self.env._("“%(name)s” has at most %(size)s characters.", name=name, size=size),
            )
        return value

    def check_names(self, entry, allowed):
        """Reject an object of the call that has a field of another name."""
        unknown = set(entry) - set(allowed)
        if unknown:
            raise CallRejected(
                "field_unknown",
                self.env._("This field is not known here: %s.", ", ".join(sorted(unknown))),
            )

    def check_account_count(self, accounts):
        """Reject a list that is none, or of more accounts than a call may have."""
        if not isinstance(accounts, list) or not 1 <= len(accounts) <= ACCOUNTS_A_CALL:
            raise CallRejected(
                "too_many", self.env._("Give 1 to %s accounts in one call.", ACCOUNTS_A_CALL)
            )

    def get_page(self, records, domain, after, limit):
        """Return ``(records, next)`` of one page by ascending id; ``next`` is 0 at the end."""
        if not isinstance(after, int) or not isinstance(limit, int) or not 1 <= limit <= PAGE:
            raise CallRejected("page_wrong", self.env._("Ask for 1 to %s rows at a time.", PAGE))
        found = records.search([*domain, ("id", ">", after)], order="id", limit=limit + 1)
        more = len(found) > limit
        found = found[:limit]
        return found, found[-1:].id if more else 0
