import json
import re

from markupsafe import Markup
from odoo import api, models
from odoo.exceptions import UserError

from ...tools import payment_qr, receipt_data, receipt_pdf, receipt_view

# parts of a page left free when the first layout ran over its edge
SPARE = (0.12, 0.3)


class EpdPaymentDocument(models.Model):
    """Snapshot → PDF → saved document. The file is made from the snapshot alone."""

    _inherit = "epd.payment.document"

    @api.model
    def _get_engine(self):
        """Return the rendering engine (a seam: another engine can be plugged in here)."""
        return receipt_pdf.find_engine()

    @api.model
    def _check_engine(self, engine):
        """Refuse to start what cannot end well: no binary, no font, no room.

        :raise UserError: saying what to install or free
        """
        texts = {
            "binary_missing": self.env._(
                "The program wkhtmltopdf is not found on the server, so receipts cannot be "
                "made. Ask the administrator to install it or to set WKHTMLTOPDF."
            ),
            "binary_old": self.env._(
                "The program wkhtmltopdf on the server is too old: receipts come out too large. "
                "Ask the administrator to install version 0.12.4 or later."
            ),
            "font_missing": self.env._(
                "The server has no font with Russian letters. Ask the administrator to install "
                "the fonts DejaVu or Liberation."
            ),
            "no_temp_dir": self.env._("The server has no folder for temporary files."),
            "no_space": self.env._("The server's disk is full. Free some space and try again."),
        }
        problems = engine.check_ready()
        if problems:
            raise UserError("\n".join(texts[problem.code] for problem in problems))

    @api.model
    def _receipt_html(self, view, token, zoom):
        """Return the whole HTML of one receipt.

        :param view: what ``tools.receipt_view.view`` makes of a snapshot
        :param token: proof token of ``tools.receipt_pdf``
        :param zoom: of the engine
        """
        values = {
            "v": view,
            "zoom": zoom,
            "qr": payment_qr.payment_qr_data_uri,
            "token": Markup(receipt_pdf.token_html(token)),
        }
        body = (
            self.env["ir.qweb"]
            .with_context(lang="ru_RU")
            ._render("epd_mailing.receipt_doc", values, raise_if_not_found=True)
        )
        return f"<!DOCTYPE html>\n{body}"

    @api.model
    def _render_snapshots(self, snapshots, sample=False, engine=None, rebuilt=""):
        """Render ``{key: snapshot}`` and return ``{key: RenderResult}``."""
        engine = engine or self._get_engine()
        # lazy: a page is made here while the engine's processes work on those before
        results = engine.render(self._prepare_jobs(snapshots.items(), engine, sample, rebuilt))
        for spare in SPARE:  # texts taller than reckoned: laid out again with more room
            again = [(key, snapshots[key]) for key, result in results.items() if result.overflow]
            if again:
                jobs = self._prepare_jobs(again, engine, sample, rebuilt, spare)
                results |= engine.render(jobs)
        return results

    @api.model
    def _prepare_jobs(self, items, engine, sample, rebuilt, spare=0.0):
        for key, snapshot in items:
            token = receipt_pdf.make_token(key)
            view = receipt_view.view(snapshot, sample=sample, rebuilt=rebuilt, spare=spare)
            html = self._receipt_html(view, token, engine.zoom)
            yield receipt_pdf.RenderJob(key, html, token, len(view["pages"]))

    @api.model
    def _form_documents(self, accounts, period, form, mode="missing", run=None, reason=None):
        """Form, render and save the documents of a slice of accounts, in one transaction.

        :param mode: ``missing`` / ``changed`` / ``all``, see ``epd.billing.run``
        :return: ``{account_id: (document or None, problem or None)}``
        """
        answer, snapshots, previous = {}, {}, self._get_live(accounts, period, form)
        if mode == "missing":
            done = {doc.account_id.id: doc for doc in previous}
            answer = {key: (doc, self._already("already_saved")) for key, doc in done.items()}
            accounts = accounts.filtered(lambda account: account.id not in done)
            previous = self.browse()
        before = {doc.account_id.id: doc for doc in previous}
        versions = self._get_last_versions(accounts, period, form)
        for key, (snapshot, problem) in self._build_snapshots(accounts, period, form).items():
            if problem:
                answer[key] = None, problem
            elif mode == "changed" and before.get(key, self)._same_source(snapshot):
                answer[key] = before[key], self._already("unchanged")
            else:
                number = self._make_number(snapshot, form, versions.get(key, 0) + 1)
                snapshots[key] = {**snapshot, "number": number}
        results = self._render_snapshots(snapshots) if snapshots else {}
        if any(result.pdf is None for result in results.values()):
            self._check_ready()  # a fault of the machine concerns all, not these accounts
        good = {}
        for key, result in results.items():
            if result.pdf is None:
                answer[key] = None, self._render_problem(result.error)
            else:
                good[key] = result
        saved = self._save_rendered(good, snapshots, before, versions, period, form, run, reason)
        return answer | {doc.account_id.id: (doc, None) for doc in saved}

    @api.model
    def _get_live(self, accounts, period, form):
        return self.search(
            [
                ("account_id", "in", accounts.ids),
                ("period_id", "=", period.id),
                ("form", "=", form),
                ("state", "=", "saved"),
            ]
        )

    @api.model
    def _get_last_versions(self, accounts, period, form):
        domain = [
            ("account_id", "in", accounts.ids),
            ("period_id", "=", period.id),
            ("form", "=", form),
        ]
        groups = self._read_group(domain, ["account_id"], ["version:max"])
        return {account.id: version for account, version in groups}

    @api.model
    def _already(self, code):
        texts = {
            "already_saved": self.env._("The document of this period is saved already."),
            "unchanged": self.env._("Nothing has changed since the document was saved."),
        }
        return {"code": code, "text": texts[code]}

    @api.model
    def _render_problem(self, error):
        return {
            "code": "render",
            "text": self.env._(
                "The receipt could not be made (%(error)s). Press “Try Errors Again”; if it "
                "stays, tell the administrator.",
                error=error,
            ),
        }

    @api.model
    def _make_number(self, snapshot, form, version):
        """Return the printed number: account, month, form and version."""
        start = snapshot["period"]["start"]
        mark = {"receipt": "К", "epd": "Е", "capital_repair": "КР"}[form]
        return f"{snapshot['account']['number']}-{start[5:7]}{start[2:4]}-{mark}{version}"

    @api.model
    def _make_file_name(self, number, period):
        """Return an ASCII file name: UniSender documents nothing about others."""
        plain = re.sub(r"[^A-Za-z0-9]+", "_", number).strip("_") or "account"
        return f"receipt_{plain}_{period.date_start:%Y_%m}.pdf"

    @api.model
    def _source_digest(self, snapshot):
        """Return the hash of what the accountant entered: lines, balances and readings."""
        source = {
            "blocks": [
                {"payee": block["payee"], "lines": block["lines"], "balance": block["balance"]}
                for block in snapshot["blocks"]
            ],
            "readings": snapshot["readings"],
        }
        return receipt_data.digest(receipt_data.canonical(source))

    def _same_source(self, snapshot):
        return bool(self) and self.source_sha256 == self._source_digest(snapshot)

    @api.model
    def _save_rendered(self, good, snapshots, before, versions, period, form, run, reason):
        """Store the proved files with their snapshots; the versions they replace step back."""
        if not good:
            return self.browse()
        replaced = self.browse([before[key].id for key in good if key in before])
        if replaced:
            replaced._supersede(reason or self.env._("A newer version was saved"))
            replaced.flush_recordset()  # one live version: the old one steps back first
        accounts = self.env["epd.personal.account"].browse(good)
        digests = self._get_charge_digests(accounts.ids, period.ids)
        documents = self._through_gate().create(
            [
                self._prepare_saved_vals(
                    account, good[account.id], snapshots[account.id], period, form, run
                )
                | {
                    "version": versions.get(account.id, 0) + 1,
                    "charges_sha256": digests.get((account.id, period.id), ""),
                }
                for account in accounts
            ]
        )
        self.env["ir.attachment"].sudo().create(
            [
                {
                    "name": document.pdf_name,
                    "res_model": self._name,
                    "res_id": document.id,
                    "res_field": "pdf_file",
                    "type": "binary",
                    "raw": good[document.account_id.id].pdf,
                    "mimetype": "application/pdf",
                    "company_id": period.company_id.id,
                }
                for document in documents
            ]
        )
        documents.invalidate_recordset(["pdf_file"])
        return documents

    @api.model
    def _prepare_saved_vals(self, account, result, snapshot, period, form, run):
        text = receipt_data.canonical(snapshot)
        return {
            "company_id": period.company_id.id,
            "account_id": account.id,
            "partner_id": account.partner_id.id,
            "period_id": period.id,
            "form": form,
            "run_id": run.id if run else False,
            "state": "saved",
            "saved_at": self.env.cr.now(),
            "saved_by": (run.user_id or self.env.user).id if run else self.env.uid,
            "snapshot": text,
            "snapshot_version": snapshot["schema"],
            "snapshot_sha256": receipt_data.digest(text),
            "source_sha256": self._source_digest(snapshot),
            "pdf_name": self._make_file_name(account.number, period),
            "pdf_sha256": receipt_data.digest(result.pdf),
            "pdf_size": len(result.pdf),
            "page_count": result.pages,
            "total_due": float(snapshot["total"]["due"]),
            "total_charged": float(snapshot["total"]["charged"]),
            "present_by": period.present_by,
            "pay_by": period.pay_by,
        }

    def _supersede(self, reason):
        """Step back for a newer version; letters that have not gone are withdrawn."""
        self._move("superseded", state_reason=reason)
        self.letter_ids._withdraw(reason)

    def _load_snapshot(self):
        """Return the snapshot as a dict, checked against its hash."""
        self.ensure_one()
        if receipt_data.digest(self.snapshot or "") != self.snapshot_sha256:
            raise UserError(self.env._("The data of the document %s are damaged.", self.name))
        return json.loads(self.snapshot)
