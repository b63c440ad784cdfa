import { Component } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";

export const PAUSE = 600; // ms without a keystroke, then the preview is made anew

/** «Insert a Field»: what may stand in a letter, by its name for people, with an example. */
export class FieldPicker extends Component {
    static template = "epd_mailing.FieldPicker";
    static components = { Dropdown, DropdownItem };
    static props = {
        fields: { type: Array },
        onPick: { type: Function },
    };
}

/** Return the fields that the record lists for its letter; for a subject those alone that it takes. */
export function getFields(record, inSubject) {
    const known = record.data.letter_fields || [];
    return inSubject ? known.filter((field) => field.in_subject) : known;
}

/** Put a text where the caret of an input stands, as if it had been typed. */
export function typeInto(input, text) {
    input.focus();
    input.setRangeText(text, input.selectionStart, input.selectionEnd, "end");
    input.dispatchEvent(new InputEvent("input", { bubbles: true }));
}
