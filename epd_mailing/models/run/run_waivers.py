from odoo import fields
from odoo.exceptions import UserError

# errors of readiness that a clerk may lift with a reason, and the jump of sums, which is a warning
LIFTABLE = ("no_balance", "second_form", "sums_jump")


class RunWaivers:
    """What a clerk has lifted for one run: which finding, why, who, when, and how much of it.

    It holds as long as there is no more of it than the clerk saw: with more accounts than that the
    finding stands again. Kept in ``epd.billing.run.waivers``, said in the chatter.

    :param run: ``epd.billing.run``
    """

    def __init__(self, run):
        run.ensure_one()
        self.run, self.env = run, run.env

    def get(self, code):
        """Return ``{"reason", "user", "at", "count"}`` of a finding that is lifted, or nothing."""
        return (self.run.waivers or {}).get(code)

    def is_lifted(self, code, count=None):
        """Tell whether a finding is lifted.

        :param count: how many records it has now; nothing means any number
        """
        waiver = self.get(code)
        return bool(waiver) and (count is None or count <= waiver["count"])

    def describe(self, code):
        """Return who lifted a finding and why."""
        waiver = self.get(code)
        return self.env._("Lifted by %(user)s: %(reason)s", **waiver)

    def lift(self, code, reason, count):
        """Lift a finding.

        :raise UserError: when it cannot be lifted, is not there, or no reason is given
        """
        if code not in LIFTABLE or not count:
            raise UserError(self.env._("There is nothing here that could be lifted."))
        if not (reason or "").strip():
            raise UserError(self.env._("Say why it is right as it is."))
        waiver = {
            "reason": reason.strip(),
            "user": self.env.user.name,
            "at": fields.Datetime.to_string(fields.Datetime.now()),
            "count": count,
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
            if self.env["epd.run.readiness"]._count_liftable(self.run, code) <= waiver["count"]
        }
        if kept != (self.run.waivers or {}):
            self._write(kept)

    def _write(self, waivers):
        self.run.sudo()._unlocked().write({"waivers": waivers or False})
