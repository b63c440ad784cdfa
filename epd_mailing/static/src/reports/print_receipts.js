import { download } from "@web/core/network/download";
import { getReportUrl } from "@web/webclient/actions/reports/utils";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";

// These reports are made by the addon itself: they are downloaded whatever Odoo thinks of the
// wkhtmltopdf on its own path (without one it would show them as a web page).
const OWN = ["epd_mailing.receipt_doc", "epd_mailing.consent_doc"];

async function printOwn(action, options, env) {
    if (action.report_type !== "qweb-pdf" || !OWN.includes(action.report_name)) {
        return false;
    }
    env.services.ui.block();
    try {
        await download({
            url: "/report/download",
            data: {
                data: JSON.stringify([getReportUrl(action, "pdf"), action.report_type]),
                context: JSON.stringify({ ...user.context, ...action.context }),
            },
        });
    } finally {
        env.services.ui.unblock();
    }
    return true;
}

registry.category("ir.actions.report handlers").add("epd_mailing", printOwn);
