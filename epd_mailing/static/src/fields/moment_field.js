import { formatDateTime } from "@web/core/l10n/dates";
import { localization } from "@web/core/l10n/localization";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { DateTimeField, dateTimeField } from "@web/views/fields/datetime/datetime_field";

/** Day, year and time in figures; «not later than» where the service was only asked now and then. */
export class MomentField extends DateTimeField {
    static template = "epd_mailing.MomentField";
    static props = { ...DateTimeField.props, source: { type: String, optional: true } };
    static defaultProps = { ...DateTimeField.defaultProps, numeric: true };

    /** Odoo's own figures have seconds, and no room for them in a list; the tooltip keeps them. */
    getFormattedValue(valueIndex, whole = false) {
        const value = this.values[valueIndex];
        const format = `${localization.dateFormat} ${localization.timeFormat.replace(":ss", "")}`;
        return whole || !value
            ? super.getFormattedValue(valueIndex, true)
            : formatDateTime(value, { format });
    }

    get isBound() {
        const { data } = this.props.record;
        return this.props.source && data[this.props.name] && data[this.props.source] === "poll";
    }

    get boundText() {
        return _t("not later than");
    }
}

registry.category("fields").add("epd_moment", {
    ...dateTimeField,
    component: MomentField,
    supportedTypes: ["datetime"],
    extractProps(fieldInfo, dynamicInfo) {
        return {
            ...dateTimeField.extractProps(fieldInfo, dynamicInfo),
            numeric: true,
            source: fieldInfo.options.source,
        };
    },
});
