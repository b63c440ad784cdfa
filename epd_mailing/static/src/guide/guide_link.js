import { registry } from "@web/core/registry";
import { useBus } from "@web/core/utils/hooks";
import { Component, useState } from "@odoo/owl";
import { CHAPTERS } from "./guide_chapters";

const GUIDE = "/epd_mailing/static/guide/index.html";

/** «?» at the top of every screen of the addon: the chapter of the guide that it belongs to. */
export class GuideLink extends Component {
    static template = "epd_mailing.GuideLink";
    static props = {};

    setup() {
        this.state = useState({ href: "" });
        useBus(this.env.bus, "ACTION_MANAGER:UI-UPDATED", ({ detail: mode }) => {
            if (mode !== "new") {
                this.look();
            }
        });
        this.look();
    }

    look() {
        const model = this.env.services.action.currentController?.action?.res_model || "";
        const chapter = CHAPTERS[model];
        const ours = model.startsWith("epd.") || chapter;
        this.state.href = ours ? GUIDE + (chapter ? `#${encodeURIComponent(chapter)}` : "") : "";
    }
}

registry.category("systray").add("epd_mailing.guide", { Component: GuideLink }, { sequence: 90 });
