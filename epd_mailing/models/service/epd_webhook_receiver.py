import secrets
from datetime import timedelta

import psycopg2
from odoo import api, fields, models
from odoo.addons.base.models.res_partner import _tz_get
from odoo.fields import NO_ACCESS
from odoo.tools import consteq

from ...tools.unisender import hosts

CALL_NOTED = timedelta(minutes=1)  # webhook calls are noted no more often


class EpdWebhookReceiver(models.AbstractModel):
    """An account whose service reports events to us: our address there, its calls, their time zone.

    Needs ``base_url``, ``_call_or_raise``, ``_get_client``, ``_get_service``, ``_for_office`` and
    ``_notify_manager``. What a call says is read by ``epd.letter.event``.
    """

    _name = "epd.webhook.receiver"
    _description = "Receives the Events of a Service"
    _inherit = ["epd.field.guard"]

    webhook_token = fields.Char(groups=NO_ACCESS, copy=False)
    webhook_state = fields.Selection(
        [("off", "Off"), ("on", "On")], default="off", required=True, readonly=True, copy=False
    )
    webhook_on_at = fields.Datetime(readonly=True, copy=False)
    webhook_called_at = fields.Datetime(string="Last Genuine Call", readonly=True, copy=False)
    webhook_rejected_at = fields.Datetime(string="Last Rejected Call", readonly=True, copy=False)
    webhook_rejected_reason = fields.Char(string="Rejected Because", readonly=True, copy=False)
    webhook_silent_at = fields.Datetime(
        string="No Calls Since",
        readonly=True,
        copy=False,
        help="Letters change at UniSender and no call reports it. Until one comes, the contacts are asked.",
    )
    webhook_renewed_at = fields.Datetime(readonly=True, copy=False)
    webhook_warning = fields.Text(compute="_compute_webhook_warning")
    event_tz = fields.Selection(
        _tz_get,
        string="Time Zone of Events",
        required=True,
        default="UTC",
        help="The zone of the times in UniSender's events, which name none.",
    )
    event_offset = fields.Integer(
        string="Events Differ By, h",
        readonly=True,
        copy=False,
        help="Whole hours by which the times of events differ from the hour they came.",
    )

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | {
            "webhook_token",
            "webhook_state",
            "webhook_on_at",
            "webhook_called_at",
            "webhook_rejected_at",
            "webhook_rejected_reason",
            "webhook_silent_at",
            "webhook_renewed_at",
            "event_offset",
        }

    def write(self, vals):
        if "event_tz" in vals and not self._is_unlocked():
            # what was reported in the old zone is settled by the new one
            self.sudo()._unlocked().write({"event_offset": 0})
        return super().write(vals)

    def _get_webhook_url(self):
        """Return our address for UniSender's events; the token is the account's own secret."""
        self.ensure_one()
        account = self.sudo()
        if not account.webhook_token:
            account._unlocked().write({"webhook_token": secrets.token_urlsafe(24)})
        return f"{account.get_base_url()}/epd_mailing/webhook/{account.webhook_token}"

    @api.model
    def _find_by_webhook_token(self, token):
        """Return the account whose webhook is switched on under ``token``, or nothing."""
        if not token or len(token) < 20:
            return self.browse()
        found = self.with_context(active_test=False).search(
            [("webhook_token", "=", token), ("webhook_state", "=", "on")], limit=1
        )
        return found if found and consteq(found.webhook_token, token) else self.browse()

    @api.depends("base_url", "webhook_state")
    def _compute_webhook_warning(self):
        for account in self:
            ours = account.get_base_url()
            account.webhook_warning = (
                False
                if hosts.is_loopback(account.base_url or "") or hosts.is_public(ours)
                else self.env._(
                    "UniSender cannot call %(url)s: this address is not reachable from the "
                    "internet. Set “web.base.url” to the public address of this Odoo; until then "
                    "the statuses are asked, and their times are less exact.",
                    url=ours,
                )
            )

    # --- switching it on and off -------------------------------------------------------------------

    def action_webhook_on(self):
        """Have UniSender report events to this Odoo.

        :return: True, or a notice when UniSender cannot reach the address
        """
        self.check_access("write")
        for account in self.sudo():
            account._call_or_raise(account._register_webhook)
            account._unlocked().write(
                {
                    "webhook_state": "on",
                    "webhook_on_at": fields.Datetime.now(),
                    "webhook_silent_at": False,
                }
            )
        warnings = [account.webhook_warning for account in self if account.webhook_warning]
        return self._warn(warnings[0]) if warnings else True

    @api.model
    def _warn(self, message):
        """Return the action that shows a warning and the form as it is now."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _register_webhook(self, client):
        """Tell the service our address; known already, it is switched on again."""
        self.ensure_one()
        client.set_hook(self._get_webhook_url())
        self._unlocked().write({"webhook_renewed_at": fields.Datetime.now()})

    def action_webhook_off(self):
        """Stop UniSender's reports; polling goes on."""
        self.check_access("write")
        notes = []
        for account in self.sudo():
            url, client = account._get_webhook_url(), account._get_client()
            account._get_service().ask_aside(
                lambda client=client, url=url: client.remove_hook(url), account.name, notes
            )
            # off in any case: what the service still sends is not taken, and it gives up after a day
            # https://www.unisender.com/ru/support/api/common/sistema-uvedomlenij-o-sobytiyah-webhooks/, seen 2026-11-26
            account._unlocked().write({"webhook_state": "off", "webhook_silent_at": False})
        return self._warn(notes[0]) if notes else True

    # --- what its calls tell -----------------------------------------------------------------------

    def _note_webhook_call(self, rejected=False):
        """Keep when the last genuine call came, or the last rejected one and why.

        At most one a minute is noted, so that a stranger's calls cost next to nothing.

        :param rejected: the reason, for the screen; nothing for a genuine call
        """
        self.ensure_one()
        now = fields.Datetime.now()
        name = "webhook_rejected_at" if rejected else "webhook_called_at"
        if self[name] and now - self[name] < CALL_NOTED and not self.webhook_silent_at:
            return
        vals = {name: now}
        vals |= {"webhook_rejected_reason": rejected} if rejected else {"webhook_silent_at": False}
        # by itself: calls come several at once, and to be the second at the account's row would have
        # Odoo begin the whole call anew, after a pause
        with self.env.registry.cursor() as cr:
            account = self.with_env(self.env(cr=cr))
            if account._claim_note():
                account._unlocked().write(vals)

    def _claim_note(self):
        """Lock the row, unless somebody else has it: then they note the same, or the next call does."""
        try:
            self.env.cr.execute(
                "SELECT id FROM epd_unisender_account WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED",
                (self.id,),
                log_exceptions=False,
            )
            return bool(self.env.cr.fetchone())
        except psycopg2.errors.SerializationFailure:
            self.env.cr.rollback()
            return False

    def _note_offset(self, hours):
        """Tell a manager, once, that the times of events are of another zone.

        :param hours: whole hours by which they differ
        """
        self.ensure_one()
        if not hours or hours == self.event_offset:
            return
        account = self._for_office()
        account._unlocked().write({"event_offset": hours})
        account._notify_manager(
            account.env._("UniSender's times are of another zone"),
            account.env._(
                "The times in UniSender's events differ by %(hours)+d h from the hour they came. "
                "They are not used: such facts are shown as “not later than”. Choose the zone in "
                "“Time Zone of Events” of the UniSender account; new events are then exact.",
                hours=hours,
            ),
        )

    def _trust_zone(self):
        """A time came that fits its receipt: the zone is the right one."""
        self.ensure_one()
        if self.event_offset:
            self._unlocked().write({"event_offset": 0})
