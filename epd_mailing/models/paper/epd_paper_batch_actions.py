from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class EpdPaperBatch(models.Model):
    """What a clerk does with a batch for the printer. Joining is in ``epd_paper_batch_work``."""

    _inherit = "epd.paper.batch"

    def _check_user_may(self):
        self.check_access("write")
        return self.sudo()._through_gate()

    def _get_accounts_query(self):
        """Return SQL of the accounts of the chosen lists; None when all are meant."""
        self.ensure_one()
        if not self.list_ids:
            return None
        lists = self.list_ids.with_company(self.company_id)
        chosen = fields.Domain.OR([entry._get_domain(self.period_id) for entry in lists])
        chosen &= fields.Domain("company_id", "=", self.company_id.id)
        return self.env["epd.personal.account"].sudo()._search(chosen).select()

    def action_build(self):
        """«Make the File»: note down which receipts are printed and hand them to the queue.

        :raise UserError: when there is nothing to print
        """
        for batch in self._check_user_may():
            batch._check_movable("building")
            batch._take_in_documents()
            if not batch.pending_count:
                raise UserError(batch._why_nothing())
            batch._move("building", started_at=fields.Datetime.now(), pause_reason=False)
        self._wake_worker()
        return True

    def _check_movable(self, target):
        if self - self._can_move(target):
            self._move(target)  # raises, with the states in words

    def _why_nothing(self):
        if self.error_count:
            return self.env._(
                "All receipts left are of a previous responsible person. Re-issue these "
                "documents first."
            )
        if self.unsent_count:
            return self.env._(
                "There is nothing to print. %s receipts can go by e-mail and stand in no mailing "
                "yet: make a mailing, or tick “Also Those Not Mailed Yet”.",
                self.unsent_count,
            )
        return self.env._(
            "There is nothing to print: every saved receipt goes by e-mail or is printed already."
        )

    def _take_in_documents(self):
        """Make a row for each receipt to print: one statement, for 100 000 accounts too.

        The order is that of the carrier's way: building, entrance, premises. A document of a
        previous responsible person is noted down as left out, never printed.
        """
        self.ensure_one()
        documents = self.env["epd.payment.document"].sudo()
        scope = self.period_id, self.form, self._get_accounts_query()
        self.line_ids.filtered(lambda line: line.state == "error").unlink()
        self.env.flush_all()
        # two batches of a period are made one after the other, so that their numbers differ
        self.env.cr.execute(
            SQL("SELECT id FROM epd_billing_period WHERE id = %s FOR UPDATE", self.period_id.id)
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO epd_paper_batch_line
                       (batch_id, company_id, document_id, account_id, building_id, sequence,
                        state, is_live, is_presented, problem_text,
                        create_uid, write_uid, create_date, write_date)
                SELECT %(batch)s, %(company)s, document.id, account.id, account.building_id,
                       row_number() OVER (
                           ORDER BY building.name, building.id, COALESCE(account.entrance, 0),
                                    account.premises_sort, account.premises, account.number,
                                    document.form),
                       CASE WHEN own THEN 'pending' ELSE 'error' END, own, FALSE,
                       CASE WHEN own THEN NULL ELSE %(reason)s END,
                       %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                  FROM epd_payment_document document
                  JOIN epd_personal_account account ON account.id = document.account_id
                  JOIN epd_building building ON building.id = account.building_id
                 CROSS JOIN LATERAL (
                       SELECT document.partner_id IS NOT DISTINCT FROM account.partner_id AS own
                       ) payer
                 WHERE document.id IN (%(documents)s)
                    ON CONFLICT DO NOTHING
                """,
                batch=self.id,
                company=self.company_id.id,
                reason=self.env._(
                    "The document is of the previous responsible person. Re-issue it."
                ),
                uid=self.env.uid,
                documents=documents._get_paper_query(*scope, with_unsent=self.with_unsent),
            )
        )
        self.invalidate_recordset()
        counts = documents._count_not_printed(*scope)
        last = self.search(
            [("period_id", "=", self.period_id.id), ("number", ">", 0)],
            order="number desc",
            limit=1,
        )
        self.write(
            {
                "number": self.number or last.number + 1,
                "unsent_count": 0 if self.with_unsent else counts["unsent"],
                "unknown_count": counts["unknown"],
            }
        )

    def action_stop(self):
        """Stop after the file in work."""
        self._check_user_may()._move(
            "paused", pause_reason=self.env._("Stopped by %(user)s", user=self.env.user.name)
        )
        return True

    def action_resume(self):
        """Go on where the work stopped."""
        self._check_user_may()._move("building", pause_reason=False)
        self._wake_worker()
        return True

    def action_mark_printed(self, presented_on=None):
        """«Printed and Handed Over»: these receipts count as presented on that day.

        :param presented_on: date or text ``YYYY-MM-DD``; nothing means today by the office's zone
        :raise UserError: when the file is not ready, or the day has not come
        """
        for batch in self._check_user_may():
            office = batch.with_context(tz=batch.company_id.epd_tz or "UTC")
            today = fields.Date.context_today(office)
            day = fields.Date.to_date(presented_on) or today
            if day > today:
                raise UserError(self.env._("Record the handing over on its day, not beforehand."))
            if batch.started_at and day < fields.Date.context_today(office, batch.started_at):
                raise UserError(
                    self.env._("The receipts cannot be handed over before their file was made.")
                )
            batch._move("printed", presented_on=day, presented_by=self.env.uid)
            batch._present()
        return True

    def _present(self):
        """Mark receipts and documents as presented: two statements, as the compute would say.

        ``delivery_state`` becomes ``paper`` unless a letter did better (see its compute).
        """
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE epd_paper_batch_line SET is_presented = TRUE"
                " WHERE batch_id = %s AND state = 'done'",
                self.id,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE epd_payment_document SET delivery_state = 'paper'
                 WHERE delivery_state IN ('none', 'failed', 'unknown', 'pending', 'sent')
                   AND id IN (SELECT document_id FROM epd_paper_batch_line
                               WHERE batch_id = %s AND is_presented)
                """,
                self.id,
            )
        )
        self.env["epd.paper.batch.line"].invalidate_model(["is_presented"])
        self.env["epd.payment.document"].invalidate_model(["delivery_state"])

    def action_cancel(self):
        """Give the batch up before it is handed over; its receipts may be printed anew."""
        batches = self._check_user_may()
        batches._move("cancelled", finished_at=fields.Datetime.now())
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE epd_paper_batch_line SET is_live = FALSE WHERE batch_id IN %s",
                tuple(batches.ids) or (0,),
            )
        )
        self.env["epd.paper.batch.line"].invalidate_model(["is_live"])
        return True

    def action_download(self):
        """Open the file for printing; with several files, their list."""
        self.ensure_one()
        self.check_access("read")
        if len(self.part_ids) == 1:
            return self.part_ids.action_download()
        return {
            "type": "ir.actions.act_window",
            "res_model": "epd.paper.batch.part",
            "view_mode": "list",
            "domain": [("batch_id", "=", self.id)],
            "name": self.env._("Files for the Printer"),
        }

    def action_open_lines(self):
        """Open the receipts of the batch."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_paper_batch_line_action"
        )
        return {**action, "domain": [("batch_id", "=", self.id)], "context": {}}


class EpdBillingRun(models.Model):
    """From a run to the printer."""

    _inherit = "epd.billing.run"

    def action_make_paper(self):
        """«Paper Receipts»: a draft batch of the run's period, form and lists."""
        self.ensure_one()
        self.check_access("write")
        batch = self.env["epd.paper.batch"].create(
            {
                "company_id": self.company_id.id,
                "period_id": self.period_id.id,
                "form": self.form,
                "run_id": self.id,
                "list_ids": [(6, 0, self.list_ids.ids)],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": batch._name,
            "res_id": batch.id,
            "view_mode": "form",
        }
