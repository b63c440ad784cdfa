from odoo import models
from odoo.http import request

WEBHOOK = "/epd_mailing/webhook/"
BODY_LIMIT = 4 * 2**20  # bytes; a batch of the service is far below


class IrHttp(models.AbstractModel):
    """The webhook's body is kept as it came.

    Its signature is over the raw bytes, and the vendor names no content type: sent as a form (the
    default of many clients) the body would be parsed away before the route sees it.
    """

    _inherit = "ir.http"

    @classmethod
    def _match(cls, path_info):
        if path_info.startswith(WEBHOOK):
            length = request.httprequest.content_length
            if length is not None and length <= BODY_LIMIT:
                request.httprequest.get_data()
        return super()._match(path_info)
