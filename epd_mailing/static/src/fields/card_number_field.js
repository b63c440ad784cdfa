import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component } from "@odoo/owl";

/** A number that is typed on a card: a method of the record takes it, then the cards are read again. */
export class CardNumberField extends Component {
    static template = "epd_mailing.CardNumberField";
    static props = { ...standardFieldProps, method: String };

    setup() {
        this.orm = useService("orm");
    }

    get value() {
        return this.props.record.data[this.props.name] || "";
    }

    async onChange(ev) {
        const { record, method } = this.props;
        const typed = parseInt(ev.target.value, 10);
        await this.orm.call(record.resModel, method, [[record.resId], typed > 0 ? typed : 0]);
        await record.model.load();
    }
}

registry.category("fields").add("epd_card_number", {
    component: CardNumberField,
    supportedTypes: ["integer"],
    extractProps: ({ options }) => ({ method: options.method }),
});
