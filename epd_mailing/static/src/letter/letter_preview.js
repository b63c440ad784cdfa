import { Component, useRef, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { shutLetter } from "./letter_html";

const PHONE = 375; // px, the width of a common telephone

/** A letter as its payer sees it, apart from our page; as wide as a computer's window or a telephone's. */
export class LetterPreview extends Component {
    static template = "epd_mailing.LetterPreview";
    static props = { ...standardFieldProps };

    setup() {
        this.frame = useRef("frame");
        this.state = useState({ phone: false, height: 240 });
    }

    get width() {
        return this.state.phone ? `${PHONE}px` : "100%";
    }

    get page() {
        const html = shutLetter(String(this.props.record.data[this.props.name] || ""));
        const head =
            '<meta name="viewport" content="width=device-width"><base target="_blank">' +
            "<style>body { font-family: Arial, sans-serif; margin: 12px; overflow-wrap: anywhere }" +
            " img, table { max-width: 100% }</style>";
        return `<!DOCTYPE html><html><head>${head}</head>${html}</html>`;
    }

    show(phone) {
        this.state.phone = phone;
        requestAnimationFrame(() => this.measure());
    }

    measure() {
        const page = this.frame.el?.contentDocument?.documentElement;
        if (page) {
            this.state.height = Math.min(900, Math.max(160, page.scrollHeight + 4));
        }
    }
}

registry.category("fields").add("epd_letter_preview", {
    component: LetterPreview,
    supportedTypes: ["html"],
});
