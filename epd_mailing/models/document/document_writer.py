from dataclasses import dataclass

from odoo.tools import split_every

from ...tools import receipt_data
from ...tools.document_number import make_document_number, make_file_name

PART = 60  # accounts formed at once


@dataclass(frozen=True)
class NewVersion:
    """A document about to be stored.

    :param snapshot: dict of ``tools.receipt_data``, with the number that is printed
    :param version: its number among the versions, from 1
    :param replaces: id of the live ``epd.payment.document`` that this one supersedes, or None
    """

    snapshot: dict
    version: int = 1
    replaces: int | None = None


class DocumentWriter:
    """Figures → snapshot → PDF → saved documents of one period and form, slice after slice.

    The file is rendered from the snapshot alone, and both are stored together with their hashes.
    Everything of a slice happens in the transaction of the caller.
    """

    def __init__(self, env, period, form, reason=None, values=None):
        """
        :param period: ``epd.billing.period``
        :param form: one of ``FORMS``
        :param reason: why live documents are issued again; text
        :param values: further field values of the documents (``run_id``, ``saved_by``)
        """
        self.env = env
        self.period = period
        self.form = form
        self.reason = reason or env._("A newer version was saved")
        self.values = values or {}
        self.documents = env["epd.payment.document"]
        self.snapshots = env["epd.document.snapshot"]
        self.renderer = env["epd.receipt.renderer"]

    # --- from the figures ------------------------------------------------------------------------

    def save(self, accounts, mode="missing"):
        """Form, render and save the documents of a slice of accounts.

        :param mode: ``missing`` / ``changed`` / ``all``, see ``epd.billing.run``
        :return: ``{account_id: (document or None, problem or None)}``; a problem is a dict ``code``,
            ``text``
        """
        outcome, new = {}, {}
        accounts |= accounts  # each once, whoever asks: the engine knows a page by its account
        live = self.documents._get_live(accounts, self.period, self.form).grouped("account_id")
        if mode == "missing":
            for account, document in live.items():
                outcome[account.id] = document, self._skip("already_saved")
            accounts = accounts.filtered(lambda account: account not in live)
        formed = self._form(accounts, mode, live, outcome, new)
        results = self.renderer._render_receipts(formed)
        if any(result.pdf is None for result in results.values()):
            self.renderer._check_ready()  # an error of the machine concerns all, not these accounts
        files = {}
        for key, result in results.items():
            if result.pdf is None:
                outcome[key] = None, self.renderer._describe_failure(result.error)
            else:
                files[key] = result
        for document in self.store(files, new):
            outcome[document.account_id.id] = document, None
        return outcome

    def _form(self, accounts, mode, live, outcome, new):
        """Yield (account id, snapshot) of what is to be rendered, formed while the engine works on those before.

        :param live: ``{account: its live document}``
        :param outcome: is given what :meth:`save` returns, for accounts that are not rendered
        :param new: is given ``{account id: NewVersion}`` of those that are
        """
        versions = self._get_last_versions(accounts)
        for part in split_every(PART, accounts.ids, accounts.browse):
            built = self.snapshots._build(part, self.period, self.form)
            unaccepted = self._find_unaccepted(built)
            for account in part:
                snapshot, problem = built[account.id]
                problem = problem or self._check_payees(snapshot, unaccepted)
                if problem:
                    outcome[account.id] = None, problem
                elif (
                    mode == "changed" and account in live and live[account]._says_the_same(snapshot)
                ):
                    outcome[account.id] = live[account], self._skip("unchanged")
                else:
                    new[account.id] = self._number(snapshot, account, versions, live)
                    yield account.id, new[account.id].snapshot

    def _find_unaccepted(self, built):
        """Return the requisites in the snapshots that no manager has accepted."""
        blocks = [
            block["payee"]
            for snapshot, _no in built.values()
            if snapshot
            for block in snapshot["blocks"]
        ]
        company = self.period.company_id
        return blocks and self.env["epd.payee.requisites"]._find_unaccepted(company, blocks)

    def _check_payees(self, snapshot, unaccepted):
        """Return the problem of a document that would send money to requisites unknown so far, or None."""
        for block in snapshot["blocks"]:
            if unaccepted and receipt_data.canonical(block["payee"]) in unaccepted:
                text = self.env._(
                    "The requisites of “%(payee)s”, account %(account)s, are not those of the last "
                    "documents. A manager compares and confirms them: in the run at “Save for "
                    "Sending”, or at the payee's bank account.",
                    payee=block["payee"]["name"],
                    account=block["payee"]["personal_acc"],
                )
                return {"code": "requisites_changed", "text": text}
        return None

    def _skip(self, code):
        texts = {
            "already_saved": self.env._("The document of this period is saved already."),
            "unchanged": self.env._("Nothing has changed since the document was saved."),
        }
        return {"code": code, "text": texts[code]}

    def _get_last_versions(self, accounts):
        domain = [
            ("account_id", "in", accounts.ids),
            ("period_id", "=", self.period.id),
            ("form", "=", self.form),
        ]
        groups = self.documents._read_group(domain, ["account_id"], ["version:max"])
        return {account.id: version for account, version in groups}

    def _number(self, snapshot, account, versions, live):
        """Return the next version of an account's document, its printed number in the snapshot."""
        version = versions.get(account.id, 0) + 1
        number = make_document_number(
            snapshot["account"]["number"], self.period.date_start, self.form, version
        )
        before = live.get(account)
        return NewVersion({**snapshot, "number": number}, version, before and before.id)

    # --- from files of another program -----------------------------------------------------------

    def save_ready_made(self, files, accounts, origin):
        """Save files of another program as the documents of their accounts.

        They are frozen like our own. The snapshot says where the file came from, and holds the
        figures of the charges where they are there; what the file prints is not read out of it.

        :param files: ``{account_id: object with pdf (bytes), pages (int), name}``
        :param origin: dict ``archive`` (name), ``archive_sha256``
        :return: the documents
        """
        live = self.documents._get_live(accounts, self.period, self.form).grouped("account_id")
        versions = self._get_last_versions(accounts)
        built = self.snapshots._build(accounts, self.period, self.form)
        bare = self.snapshots._build_bare(
            accounts.filtered(lambda account: not built[account.id][0]), self.period, self.form
        )
        new = {}
        for account in accounts.browse(files):
            file, snapshot = files[account.id], built[account.id][0]
            came_from = {
                "file": file.name,
                "file_sha256": receipt_data.digest(file.pdf),
                **origin,
                "figures": "charges" if snapshot else "none",
            }
            marked = {**(snapshot or bare[account.id]), "ready_made": came_from}
            new[account.id] = self._number(marked, account, versions, live)
        return self.store(files, new)

    # --- storing ---------------------------------------------------------------------------------

    def store(self, files, new):
        """Store proved files with their snapshots; the live versions they replace are superseded.

        :param files: ``{account_id: object with pdf (bytes) and pages (int)}``
        :param new: ``{account_id: NewVersion}``; there may be more of them than files
        :return: the documents, in the order of the files
        """
        if not files:
            return self.documents.browse()
        accounts = self.env["epd.personal.account"].browse(files)
        replaced = self.documents.browse(
            [new[key].replaces for key in files if new[key].replaces is not None]
        )
        if replaced:
            replaced._supersede(self.reason)
            replaced.flush_recordset()  # one live version at a time: the old one is superseded first
        digests = self.documents._get_charge_digests(accounts.ids, self.period.ids)
        documents = self.documents._unlocked().create(
            [
                {
                    **self._prepare_vals(account, files[account.id], new[account.id]),
                    "charges_sha256": digests.get((account.id, self.period.id), ""),
                }
                for account in accounts
            ]
        )
        self._attach(documents, files)
        # without the right to write guarded fields: callers hand them on
        return documents.with_env(self.env)

    def _prepare_vals(self, account, file, new):
        snapshot = new.snapshot
        text = receipt_data.canonical(snapshot)
        return {
            "company_id": self.period.company_id.id,
            "account_id": account.id,
            "partner_id": account.partner_id.id,
            "period_id": self.period.id,
            "form": self.form,
            "version": new.version,
            "state": "saved",
            "saved_at": self.env.cr.now(),
            "saved_by": self.env.uid,
            "snapshot": text,
            "snapshot_version": snapshot["schema"],
            "snapshot_sha256": receipt_data.digest(text),
            "source_sha256": self.documents._source_digest(snapshot),
            "is_ready_made": "ready_made" in snapshot,
            "pdf_name": make_file_name(
                account.number, account.id, self.period.date_start, self.form, new.version
            ),
            "pdf_sha256": receipt_data.digest(file.pdf),
            "pdf_size": len(file.pdf),
            "page_count": file.pages,
            "engine": getattr(file, "engine", ""),
            "total_due": float(snapshot["total"]["due"]),
            "total_charged": float(snapshot["total"]["charged"]),
            "present_by": self.period.present_by,
            "pay_by": self.period.pay_by,
            **self.values,
        }

    def _attach(self, documents, files):
        self.env["ir.attachment"].sudo().create(
            [
                {
                    "name": document.pdf_name,
                    "res_model": document._name,
                    "res_id": document.id,
                    "res_field": "pdf_file",
                    "type": "binary",
                    "raw": files[document.account_id.id].pdf,
                    "mimetype": "application/pdf",
                    "company_id": self.period.company_id.id,
                }
                for document in documents
            ]
        )
        documents.invalidate_recordset(["pdf_file"])
