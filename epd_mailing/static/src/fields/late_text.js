import { Component, onWillDestroy, toRaw, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/**
 * A text field that takes its time: the form opens without it, and it is read behind.
 *
 * It is read anew when the record is (after a button, a save, «Reload»: what it adds up may have changed
 * elsewhere) and when one of the fields named in `after` changes. A record with unsaved changes has none:
 * the text would be that of what is saved.
 */
export class LateText extends Component {
    static template = "epd_mailing.LateText";
    static props = {
        ...standardWidgetProps,
        name: String,
        title: String,
        after: { type: Array, element: String },
    };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ text: "", isReading: false });
        this.asked = 0; // an answer to an earlier question is too late
        useRecordObserver((record) => this.follow(record));
        onWillDestroy(() => this.asked++);
    }

    follow(record) {
        const { resId, dirty } = record;
        const seen = this.props.after.map((name) => record.data[name]);
        const key = JSON.stringify([resId, dirty, ...seen.map((value) => value?.currentIds || value)]);
        const data = toRaw(record.data); // another object each time the record is read
        // one question at a time: a run at work is read every few seconds
        if (key !== this.key || (data !== this.data && !this.state.isReading)) {
            Object.assign(this, { key, data });
            this.read(resId && !dirty ? resId : false);
        }
    }

    async read(resId) {
        const question = ++this.asked;
        this.state.isReading = Boolean(resId);
        let text = "";
        try {
            if (resId) {
                const { name, record } = this.props;
                const context = record.context;
                const [found] = await this.orm.silent.read(record.resModel, [resId], [name], { context });
                text = (found && found[name]) || "";
            }
        } finally {
            if (question === this.asked) {
                Object.assign(this.state, { text, isReading: false });
                this.follow(this.props.record); // it may have been read meanwhile
            }
        }
    }
}

registry.category("view_widgets").add("epd_late_text", {
    component: LateText,
    extractProps: ({ attrs }) => ({
        name: attrs.field,
        title: attrs.title,
        after: attrs.after.split(","),
    }),
});
