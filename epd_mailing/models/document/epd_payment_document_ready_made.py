from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools import receipt_data


class EpdPaymentDocument(models.Model):
    """Documents whose file came ready-made from another program.

    They are frozen like our own. The snapshot says where the file came from, and holds the figures of
    the charges where they are there; what the file itself prints is not read out of it.
    """

    _inherit = "epd.payment.document"

    is_ready_made = fields.Boolean(
        string="Ready-made", readonly=True, copy=False, help="The file came from another program."
    )

    @api.model
    def _gate_names(self):
        return super()._gate_names() | {"is_ready_made"}

    @api.model
    def _save_ready_made(self, files, period, form, order, accounts):
        """Save files of another program as the documents of their accounts, in this transaction.

        :param files: ``{account_id: object with pdf, pages, name}``
        :param order: ``epd.receipt.import`` they came with
        :return: the documents
        """
        live = self._get_live(accounts, period, form)
        if live and not order.replace_saved:
            raise UserError(
                self.env._(
                    "A document was saved since the check: %s. Check the archive again.",
                    live[0].name,
                )
            )
        versions = self._get_last_versions(accounts, period, form)
        built = self._build_snapshots(accounts, period, form)
        bare = self._build_bare_snapshots(
            accounts.filtered(lambda account: not built[account.id][0]), period, form
        )
        snapshots = {}
        for key, file in files.items():
            snapshot = built[key][0]
            snapshots[key] = {
                **(snapshot or bare[key]),
                "number": self._make_number(snapshot or bare[key], form, versions.get(key, 0) + 1),
                "ready_made": {
                    "file": file.name,
                    "file_sha256": receipt_data.digest(file.pdf),
                    "archive": order.file_name or "",
                    "archive_sha256": order.file_sha256 or "",
                    "figures": "charges" if snapshot else "none",
                },
            }
        before = {document.account_id.id: document for document in live}
        reason = self.env._("Replaced by a ready-made receipt")
        return self._save_rendered(files, snapshots, before, versions, period, form, None, reason)

    @api.model
    def _build_bare_snapshots(self, accounts, period, form):
        """Return ``{account_id: snapshot}`` without blocks: who and when, but no figures."""
        data = self._read_slice(accounts, period)
        data["placements"] = self.env["epd.gis.placement"]._get_placements(accounts, period, form)
        head = {
            "schema": receipt_data.SCHEMA,
            "form": form,
            "period": self._snapshot_period(period),
            "issuer": self._snapshot_issuer(period.company_id),
        }
        return {account.id: self._snapshot_account(account, data, head, []) for account in accounts}

    @api.model
    def _prepare_saved_vals(self, account, result, snapshot, period, form, run):
        vals = super()._prepare_saved_vals(account, result, snapshot, period, form, run)
        return {**vals, "is_ready_made": "ready_made" in snapshot}

    def _rebuild_pdf(self):
        if self.is_ready_made:
            raise UserError(
                self.env._(
                    "The receipt %s was made by another program and cannot be made again here.",
                    self.name,
                )
            )
        return super()._rebuild_pdf()
