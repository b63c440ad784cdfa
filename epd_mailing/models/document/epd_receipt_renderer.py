import functools
import itertools
import os
import shutil

from markupsafe import Markup
from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import config

from ...tools import payment_qr, receipt_pdf, receipt_view

RECEIPT = "epd_mailing.receipt_doc"
# how a browser shows a paper: as it is
SCREEN = receipt_pdf.Engine()
# parts of a page left free when the first layout ran over its edge
SPARE = (0.12, 0.3)
# bytes a receipt takes on disk with some room, and what a server must keep free besides
BYTES_EACH = 60_000
BYTES_RESERVE = 200 * 2**20


class EpdReceiptRenderer(models.AbstractModel):
    """Plain data → HTML → PDF, proved to be its own: one path for receipts, consents and proofs.

    A template gets ``v`` (the data), ``zoom`` (of the engine), ``token`` (markup of the proof token,
    printed once) and ``qr`` (function: payment string → data URI). Texts are always Russian.
    """

    _name = "epd.receipt.renderer"
    _description = "Renderer of Receipts"

    # --- what the machine has --------------------------------------------------------------------

    @api.model
    def _get_engine(self):
        """Return the rendering engine of the company; another one can be plugged in here."""
        return receipt_pdf.find_engine(self.env.company.epd_print_engine or "auto")

    @api.model
    def _check_engine(self):
        """Check that the engine can render: its binary, a font, room on the disk.

        :raise UserError: saying what to install or free
        """
        texts = {
            "binary_missing": self.env._(
                "The program wkhtmltopdf is not found on the server, so receipts cannot be "
                "rendered. Ask the administrator to install it or to set WKHTMLTOPDF."
            ),
            "binary_old": self.env._(
                "The program wkhtmltopdf on the server is too old: receipts come out too large. "
                "Ask the administrator to install version 0.12.4 or later."
            ),
            "font_missing": self.env._(
                "The server has no font with Russian letters. Ask the administrator to install "
                "the fonts DejaVu or Liberation."
            ),
            "library_missing": self.env._(
                "The Python package plutoprint is not installed on the server, so receipts cannot "
                "be made. Ask the administrator to install it, or choose another print engine in "
                "the settings."
            ),
            "library_fails": self.env._(
                "The print engine plutoprint failed its own check on this server. Choose another "
                "print engine in the settings, and tell the administrator."
            ),
            "no_temp_dir": self.env._("The server has no folder for temporary files."),
            "no_space": self.env._("The server's disk is full. Free some space and try again."),
        }
        problems = self._get_engine().check_ready()
        if problems:
            raise UserError("\n".join(texts[problem.code] for problem in problems))

    @api.model
    def _check_ready(self, count=1):
        """Check that the machine can finish what is about to be started or resumed.

        :param count: how many receipts there will be
        :raise UserError: saying what to install or free
        """
        self._check_engine()
        folder = config.filestore(self.env.cr.dbname)
        os.makedirs(folder, exist_ok=True)
        free = shutil.disk_usage(folder).free
        need = BYTES_RESERVE
        if self.env["ir.attachment"]._storage() == "file":
            need += count * BYTES_EACH
        if free < need:
            raise UserError(
                self.env._(
                    "The server's disk is nearly full: %(count)s receipts need about %(need)s MB "
                    "and %(free)s MB are free. Free some space and try again.",
                    count=count,
                    need=need // 2**20,
                    free=free // 2**20,
                )
            )

    # --- HTML → PDF ------------------------------------------------------------------------------

    @api.model
    def _render_html(self, template, view, token, engine=SCREEN):
        """Return the whole HTML of one paper.

        :param template: XML id of the QWeb template
        :param view: plain data for it
        :param token: proof token of ``tools.receipt_pdf``
        :param engine: ``receipt_pdf.Engine`` that will print it; without one it is for a browser
        """
        values = {
            "v": view,
            "zoom": engine.zoom,
            "qr": functools.partial(payment_qr.payment_qr_data_uri, style=engine.code_style),
            "token": Markup(receipt_pdf.token_html(token)),
        }
        templates = self.env["ir.qweb"].with_context(lang="ru_RU")
        body = templates._render(template, values, raise_if_not_found=True)
        return f"<!DOCTYPE html>\n{body}"

    @api.model
    def _prepare_jobs(self, template, views, engine):
        """Yield the jobs for the engine, each prepared when the engine asks for it.

        :param views: iterable of (key, plain data, number of pages it is laid out on or None)
        :param engine: ``receipt_pdf.Engine`` that gets them
        """
        for key, view, pages in views:
            token = receipt_pdf.make_token(key)
            html = self._render_html(template, view, token, engine)
            yield receipt_pdf.RenderJob(key, html, token, pages)

    @api.model
    def _render_files(self, template, views):
        """Render ``{key: plain data}`` and return ``{key: PDF bytes}``, each proved to be its own.

        :param template: XML id of the QWeb template
        :raise UserError: when the server cannot render one of them
        """
        self._check_engine()
        engine = self._get_engine()
        pages = ((key, view, None) for key, view in views.items())
        results = engine.render(self._prepare_jobs(template, pages, engine))
        return {key: self._get_file(results[key]) for key in views}

    @api.model
    def _get_file(self, result):
        """Return the PDF bytes of a ``RenderResult``.

        :raise UserError: when there are none
        """
        if result.pdf is None:
            raise UserError(self._describe_failure(result.error)["text"])
        return result.pdf

    @api.model
    def _describe_failure(self, error):
        """Return a problem (dict ``code``, ``text``) of what the engine could not render."""
        return {
            "code": "render",
            "text": self.env._(
                "The receipt could not be rendered (%(error)s). Press “Try Errors Again”; if it "
                "stays, inform the administrator.",
                error=error,
            ),
        }

    # --- receipts --------------------------------------------------------------------------------

    @api.model
    def _render_receipts(self, snapshots, sample=False, rebuilt=""):
        """Render snapshots and return ``{key: RenderResult}``.

        :param snapshots: iterable of (key, snapshot); lazy where making them takes time
        :param sample: «ОБРАЗЕЦ» across each page
        :param rebuilt: mark in the foot of a file rendered anew from saved data
        """
        snapshots = iter(snapshots)
        first = next(snapshots, None)
        if first is None:
            return {}  # nothing to print: no engine is looked for
        engine, given = self._get_engine(), {}

        def lay_out(pairs, spare):
            for key, snapshot in pairs:
                given[key] = snapshot
                view = receipt_view.view(snapshot, sample, rebuilt, spare=spare)
                yield key, view, len(view["pages"])

        def render(pairs, spare=0.0):
            # lazy: a page is prepared here while the engine's processes work on those before
            return engine.render(self._prepare_jobs(RECEIPT, lay_out(pairs, spare), engine))

        results = render(itertools.chain([first], snapshots))
        for spare in SPARE:  # texts taller than estimated: laid out again with more room
            again = [(key, given[key]) for key, result in results.items() if result.overflow]
            if again:
                results |= render(again, spare)
        return results
