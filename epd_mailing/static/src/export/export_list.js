import { _t } from "@web/core/l10n/translation";
import { download } from "@web/core/network/download";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { patch } from "@web/core/utils/patch";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { STATIC_ACTIONS_GROUP_NUMBER } from "@web/search/action_menus/action_menus";
import { ListController } from "@web/views/list/list_controller";
import { Component } from "@odoo/owl";

const OPERATOR = "epd_mailing.group_epd_operator";

/** Have the list that is open downloaded as XLSX: what is chosen, or all that it shows. */
function exportList(env, root) {
    const { isDomainSelected, selection } = root;
    const chosen = isDomainSelected ? [] : selection.map((record) => record.resId);
    const data = {
        model: root.resModel,
        view_id: env.config.viewId || null,
        domain: root.domain,
        ids: chosen.length ? chosen : null,
        order: root.orderBy.map(({ name, asc }) => `${name} ${asc ? "asc" : "desc"}`).join(", "),
        title: env.config.getDisplayName(),
        company_ids: user.activeCompanies.map((company) => company.id),
    };
    return download({ url: "/epd_mailing/list.xlsx", data: { data: JSON.stringify(data) } });
}

/** «To Excel» in the wheel beside the name of the list. */
export class ExportList extends Component {
    static template = "epd_mailing.ExportList";
    static components = { DropdownItem };
    static props = {};

    exportList() {
        return exportList(this.env, this.env.model.root);
    }
}

registry.category("cogMenu").add(
    "epd-export-list",
    {
        Component: ExportList,
        groupNumber: STATIC_ACTIONS_GROUP_NUMBER,
        isDisplayed: async (env) =>
            env.config.viewType === "list" &&
            env.model.root.resModel.startsWith("epd.") &&
            !env.model.root.selection.length &&
            (await user.hasGroup(OPERATOR)),
    },
    { sequence: 9 }
);

patch(ListController.prototype, {
    setup() {
        super.setup();
        this.mayExportOurs = false;
        if (this.props.resModel.startsWith("epd.")) {
            user.hasGroup(OPERATOR).then((may) => (this.mayExportOurs = may));
        }
    },

    getStaticActionMenuItems() {
        const items = super.getStaticActionMenuItems();
        items.epdExport = {
            isAvailable: () => this.mayExportOurs,
            sequence: 9,
            icon: "fa fa-file-excel-o",
            description: _t("To Excel"),
            callback: () => exportList(this.env, this.model.root),
        };
        return items;
    },
});
