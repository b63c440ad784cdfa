import json
import re
from datetime import date

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...tools import receipt_data

CONTRACT = 1
PAGE = 500  # rows of one answer at most
ACCOUNTS_A_CALL = 500
FILE_BYTES = 4 * 2**20  # of a file for the printer in one answer
# characters that JSON can carry and the database cannot keep
UNKEPT = re.compile("[\0\ud800-\udfff]")


class ApiRefusal(UserError):
    """A call that is refused as a whole: code for the program, text for people."""

    def __init__(self, code, text, record=""):
        super().__init__(text)
        self.code, self.record = code, record


class EpdApi(models.AbstractModel):
    """The door for programs (XML-RPC, JSON-2): one facade, so that its contract is one thing.

    The models behind may change; these names, arguments and answers do not within a contract
    number. Every answer is ``{"status": "ok" | "refused", "problems": [...], ...}`` of JSON types
    without ``null``: money and volumes are decimal texts, moments ISO texts in UTC, ids of the
    service texts; a problem is ``{"code", "text", "record"}``. A refused call changed nothing and
    may be repeated under the same key. Rights and states are checked inside. See ``docs/api.md``.
    """

    _name = "epd.api"
    _description = "Interface for Programs"

    @api.model
    def get_contract(self):
        """Return the contract number and the limits of the calls."""
        return self._api_answer(
            lambda: {
                "contract": CONTRACT,
                "page": PAGE,
                "accounts_per_call": ACCOUNTS_A_CALL,
                "file_bytes": FILE_BYTES,
            }
        )

    # --- how a call is answered ------------------------------------------------------------------

    @api.model
    def _api_answer(self, work):
        """Do ``work`` whole or not at all; a refusal becomes an answer.

        :param work: function without arguments, returns the further fields of the answer
        :raise AccessError: when the user is no operator
        """
        if not self.env.user.has_group("epd_mailing.group_epd_operator"):
            raise AccessError(self.env._("Only operators of payment documents may do this."))
        try:
            with self.env.cr.savepoint():
                answer = work()
        except AccessError:
            raise
        except ApiRefusal as error:
            return self._api_refuse(error.code, str(error), error.record)
        except UserError as error:
            return self._api_refuse("refused", str(error))
        return {"status": "ok", "problems": [], **answer}

    @api.model
    def _api_refuse(self, code, text, record=""):
        return {"status": "refused", "problems": [self._api_problem(code, text, record)]}

    @api.model
    def _api_problem(self, code, text, record=""):
        return {"code": code, "text": text, "record": record}

    @api.model
    def _api_once(self, key, method, request, work):
        """Do ``work`` once for a key; the same call again gets the same answer.

        :param key: the caller's own, 1 to 100 characters
        :param request: plain data of the call; other data under a used key are refused
        """
        return self._api_answer(lambda: self._api_remembered(key, method, request, work))

    @api.model
    def _api_remembered(self, key, method, request, work):
        if not isinstance(key, str) or not 1 <= len(key.strip()) <= 100:
            raise ApiRefusal(
                "key_missing", self.env._("Give each call a key of 1 to 100 characters.")
            )
        digest = receipt_data.digest(json.dumps([method, request], sort_keys=True))
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
                company=self.env.company.id,
                key=key,
                method=method,
                digest=digest,
                uid=self.env.uid,
            )
        )
        calls = self.env["epd.api.call"].sudo()
        if fresh:
            answer = work()
            calls.browse(fresh[0][0]).answer = json.dumps(answer, ensure_ascii=False)
            return answer
        known = calls.search([("company_id", "=", self.env.company.id), ("key", "=", key)])
        if known.request_sha256 != digest:
            raise ApiRefusal(
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

    # --- finding what a call is about --------------------------------------------------------------

    @api.model
    def _api_record(self, model, record_id, code):
        """Return the record of the caller's company, or refuse with ``code``."""
        record = self.env[model].browse(record_id if isinstance(record_id, int) else 0).exists()
        if record:
            record.check_access("read")
        if not record or record.company_id != self.env.company:
            raise ApiRefusal(
                code, self.env._("There is no such record in this company."), str(record_id)
            )
        return record

    @api.model
    def _api_period(self, month, make=False):
        """Return the billing period of a month ``YYYY-MM``."""
        if not isinstance(month, str) or not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month):
            raise ApiRefusal(
                "period_wrong", self.env._("Write the billing period like 2026-03."), str(month)
            )
        periods = self.env["epd.billing.period"]
        start = date.fromisoformat(f"{month}-01")
        domain = [("company_id", "=", self.env.company.id), ("date_start", "=", start)]
        period = periods.search(domain)
        if not period and make:
            period = periods.create({"company_id": self.env.company.id, "date_start": start})
        if not period:
            raise ApiRefusal(
                "period_unknown",
                self.env._("There is no billing period %s yet. Give its charges first.", month),
                month,
            )
        return period

    @api.model
    def _api_choice(self, value, allowed, code):
        if value not in allowed:
            raise ApiRefusal(
                code, self.env._("One of these is expected: %s.", ", ".join(allowed)), str(value)
            )
        return value

    @api.model
    def _api_text(self, value, name, size=0):
        """Return a text as it came, or refuse what would be cut (to ``size``) or cannot be kept."""
        if not isinstance(value, str) or UNKEPT.search(value):
            raise ApiRefusal("not_a_text", self.env._("“%s” is a text.", name))
        if size and len(value) > size:
            raise ApiRefusal(
                "too_long",
                self.env._("“%(name)s” has at most %(size)s characters.", name=name, size=size),
            )
        return value

    @api.model
    def _api_page(self, records, domain, after, limit):
        """Return ``(records, next)`` of one page by ascending id; ``next`` is 0 at the end."""
        if not isinstance(after, int) or not isinstance(limit, int) or not 1 <= limit <= PAGE:
            raise ApiRefusal("page_wrong", self.env._("Ask for 1 to %s rows at a time.", PAGE))
        found = records.search([*domain, ("id", ">", after)], order="id", limit=limit + 1)
        more = len(found) > limit
        found = found[:limit]
        return found, found[-1:].id if more else 0

    @api.model
    def _api_moment(self, moment):
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else ""

    @api.model
    def _api_day(self, day):
        return fields.Date.to_string(day) or ""

    @api.model
    def _api_money(self, amount):
        return f"{amount or 0:.2f}"
