import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { DefaultCommandItem } from "@web/core/commands/command_palette";
import { Component } from "@odoo/owl";

const AT_MOST = 8;
const SHORTEST = 2; // characters
const PAUSE = 200; // ms without a keystroke before the server is asked
let asked = 0;

/** A personal account in the palette of Ctrl+K: number, payer and address, whatever was typed. */
export class AccountCommandItem extends Component {
    static template = "epd_mailing.AccountCommandItem";
    static props = { ...DefaultCommandItem.props, label: String, address: String };
}

registry.category("command_provider").add("epd_accounts", {
    async provide(env, { searchValue = "" } = {}) {
        const text = searchValue.trim();
        const own = ++asked;
        if (text.length < SHORTEST || !(await user.hasGroup("epd_mailing.group_epd_operator"))) {
            return [];
        }
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
        if (own !== asked) {
            return []; // typed on: the palette throws this answer away
        }
        const accounts = await env.services.orm.searchRead(
            "epd.personal.account",
            [["display_name", "ilike", text]],
            ["number", "address", "partner_id"],
            { limit: AT_MOST }
        );
        return accounts.map(({ id, number, address, partner_id }) => ({
            Component: AccountCommandItem,
            // the palette sifts names by what was typed; the server has found these already
            name: `${searchValue} ${number}`,
            href: `/odoo/epd-accounts/${id}`,
            action: () =>
                env.services.action.doAction({
                    type: "ir.actions.act_window",
                    name: _t("Personal Account"),
                    res_model: "epd.personal.account",
                    res_id: id,
                    views: [[false, "form"]],
                }),
            props: {
                label: [number, partner_id && partner_id[1]].filter(Boolean).join(" · "),
                address: address || "",
            },
        }));
    },
});
