from odoo import fields
from odoo.exceptions import UserError

from ...tools.money import to_decimal

# errors of readiness that a clerk may lift with a reason, and the jump of sums, which is a warning
LIFTABLE = ("no_balance", "second_form", "sums_jump")


class RunWaivers:
    """What a clerk has lifted for one run: which finding, why, who, when, and how much of it.

    It holds for the month, the form and the records that the clerk saw: with another account, or with
    a sum that moved further, the finding stands again. Kept in ``epd.billing.run.waivers``, said in the
    chatter.

    :param run: ``epd.billing.run``
    """

    def __init__(self, run):
        run.ensure_one()
        self.run, self.env = run, run.env

    def get(self, code):
        """Return what was lifted of a finding in this month and form, or nothing.

        :return: dict ``reason``, ``user``, ``at``, ``count``, ``scope`` and ``seen``
            (``{record: size}``, see :meth:`~.epd_run_readiness.EpdRunReadiness._find_liftable`)
        """
        waiver = (self.run.waivers or {}).get(code)
        return waiver if waiver and waiver.get("scope") == self._get_scope() else None

    def _get_scope(self):
        return [self.run.period_id.id, self.run.form]

    def is_lifted(self, code, sizes=None):
        """Tell whether a finding is lifted.

        :param sizes: ``{record: size}`` of what it has now; nothing means whatever it has
        """
        waiver = self.get(code)
        if not waiver:
            return False
        seen = waiver["seen"]
        return all(
            key in seen and to_decimal(size) <= to_decimal(seen[key])
            for key, size in (sizes or {}).items()
        )

    def get_seen_ids(self, code):
        """Return the ids of the records that were lifted (a set)."""
        waiver = self.get(code)
        return {int(key) for key in waiver["seen"]} if waiver else set()

    def describe(self, code):
        """Return who lifted a finding and why."""
        waiver = self.run.waivers[code]
        return self.env._("Lifted by %(user)s: %(reason)s", **waiver)

    def lift(self, code, reason, sizes):
        """Lift a finding.

        :param sizes: ``{record: size}`` of what it has now
        :raise UserError: when it cannot be lifted, is not there, or no reason is given
        """
        if code not in LIFTABLE or not sizes:
            raise UserError(self.env._("There is nothing here that could be lifted."))
        if not (reason or "").strip():
            raise UserError(self.env._("Say why it is right as it is."))
        waiver = {
            "reason": reason.strip(),
            "user": self.env.user.name,
            "at": fields.Datetime.to_string(fields.Datetime.now()),
            "count": len(sizes),
            "scope": self._get_scope(),
            "seen": sizes,
        }
        self._write({**(self.run.waivers or {}), code: waiver})
        self.run.message_post(
            body=self.env._(
                "%(what)s (%(count)s): lifted. Reason: %(reason)s",
                what=self.env["epd.run.readiness"]._describe_rule(code),
                **waiver,
            )
        )

    def drop_outgrown(self):
        """Forget what was lifted and has grown since: it stands again."""
        kept = {
            code: waiver
            for code, waiver in (self.run.waivers or {}).items()
            if self.is_lifted(code, self.env["epd.run.readiness"]._find_liftable(self.run, code))
        }
        if kept != (self.run.waivers or {}):
            self._write(kept)

    def _write(self, waivers):
        self.run.sudo()._unlocked().write({"waivers": waivers or False})
