from odoo.exceptions import UserError

from ...tools import pdf_merge, receipt_data, receipt_pages

ADDRESS_SIDE = "epd_mailing.address_side_doc"
# the window of an envelope holds so much in letters of so many points, the largest first: (points, lines, letters)
WINDOW = ((11, 6, 34), (9, 7, 42), (7, 10, 54), (5, 14, 76))


def _get_window_points(payer, address):
    """Return the largest letters, points, in which name and address are seen whole in a window."""
    for points, room, chars in WINDOW:
        lines = sum(
            receipt_pages.count_wrapped(text, chars)
            for text in (f"Кому: {payer}", f"Куда: {address}")
        )
        if lines <= room:
            return points
    return WINDOW[-1][0]


class PaperJoiner:
    """Joins the saved files of a batch into one for the printer, part after part."""

    def __init__(self, batch):
        """:param batch: ``epd.paper.batch`` with the right to write guarded fields"""
        self.batch = batch
        self.env = batch.env

    def join(self, lines):
        """Join the files of these lines; one that cannot be read is skipped with its reason."""
        files = {}
        for line in lines:
            data, problem = self._read_file(line.document_id)
            if problem:
                line._skip(problem)
            else:
                files[line] = data
        places, pdf = [], b""
        backs = self._render_backs(files)
        while files:
            try:
                pdf, places = pdf_merge.merge(
                    files.values(),
                    self.batch.odd_start,
                    [backs[line.id] for line in files if backs],
                )
                break
            except pdf_merge.MergeError as error:
                damaged = list(files)[error.index]
                del files[damaged]
                damaged._skip(self.env._("The file cannot be joined. Re-issue the document."))
        if not files:
            return
        part = self._store_part(list(files), pdf, sum(place[1] for place in places))
        for line, (first, pages) in zip(files, places, strict=True):
            line._move("done", part_id=part.id, page_from=first, page_count=pages)

    def _render_backs(self, lines):
        """Return ``{line id: PDF of the address side}`` for receipts that are folded, else nothing."""
        if self.batch.layout != "folded" or not lines:
            return {}
        views = {line.id: self._get_address_side(line.document_id) for line in lines}
        return self.env["epd.receipt.renderer"]._render_files(ADDRESS_SIDE, views)

    @staticmethod
    def _get_address_side(document):
        """Return what stands outside: from whom, to whom, where; neither account nor money."""
        snapshot = document._load_snapshot()
        issuer, payer = snapshot["issuer"], snapshot["payer"]["name"]
        address = snapshot["premises"]["address"]
        return {
            "points": _get_window_points(payer, address),
            "issuer": issuer["name"],
            "issuer_address": issuer["address"],
            "payer": payer,
            "address": address,
        }

    def _read_file(self, document):
        if document.state != "saved":
            return b"", self.env._("The document was superseded or cancelled meanwhile.")
        if document.partner_id != document.account_id.partner_id:
            return b"", self.env._(
                "The document is of the previous responsible person. Re-issue it."
            )
        try:
            return document._read_or_rebuild_pdf(), ""
        except UserError as error:
            return b"", str(error)

    def _store_part(self, lines, pdf, pages):
        number = len(self.batch.part_ids) + 1
        name = f"receipts_{self.batch.period_id.date_start:%Y_%m}_{self.batch.number}_{number}.pdf"
        part = self.env["epd.paper.batch.part"].create(
            {
                "batch_id": self.batch.id,
                "company_id": self.batch.company_id.id,
                "number": number,
                "name": name,
                "document_count": len(lines),
                "page_count": pages,
                "first_account": lines[0].account_id.number,
                "last_account": lines[-1].account_id.number,
                "size": len(pdf),
                "sha256": receipt_data.digest(pdf),
            }
        )
        self.env["ir.attachment"].sudo().create(
            {
                "name": name,
                "res_model": part._name,
                "res_id": part.id,
                "res_field": "pdf_file",
                "type": "binary",
                "raw": pdf,
                "mimetype": "application/pdf",
                "company_id": self.batch.company_id.id,
            }
        )
        part.invalidate_recordset(["pdf_file"])
        return part
