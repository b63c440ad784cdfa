import { HtmlField, htmlField } from "@html_editor/fields/html_field";
import { fixInvalidHTML } from "@html_editor/utils/sanitize";
import { markup, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useDebounced } from "@web/core/utils/timing";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { CharField, charField } from "@web/views/fields/char/char_field";
import { TextField, textField } from "@web/views/fields/text/text_field";
import { FieldPicker, getFields, PAUSE, typeInto } from "./field_picker";
import { cleanLetter, isUnclean, parseLetter, shutLetter } from "./letter_html";

const dependencies = [{ name: "letter_fields", type: "json" }];

/** A subject: fields are picked from a list, and the preview follows while it is typed. */
export class LetterSubject extends CharField {
    static template = "epd_mailing.LetterSubject";
    static components = { ...CharField.components, FieldPicker };

    setup() {
        super.setup();
        this.commit = useDebounced((input) => input.dispatchEvent(new Event("change")), PAUSE);
    }

    get fields() {
        return getFields(this.props.record, true);
    }

    /** A space stays before the field that is picked next, however long that takes; letters go out trimmed. */
    get shouldTrim() {
        return false;
    }

    onInput(ev) {
        this.commit(ev.target);
    }

    onPick(field) {
        typeInto(this.input.el, `{{ ${field.name} }}`);
    }
}

/** A letter in plain text. */
export class LetterSource extends TextField {
    static template = "epd_mailing.LetterSource";
    static components = { ...TextField.components, FieldPicker };

    setup() {
        super.setup();
        this.commit = useDebounced((input) => input.dispatchEvent(new Event("change")), PAUSE);
    }

    get fields() {
        return getFields(this.props.record);
    }

    onInput(ev) {
        this.commit(ev.target);
    }

    onPick(field) {
        typeInto(this.textareaRef.el, `{{ ${field.name} }}`);
    }
}

/** Return the order of elements and template tags: what an editor must leave as it is. */
function listTags(html) {
    const tags = html.match(/\{%[^{}]*%\}|\{\{[^{}]*\}\}|<\/?(?:table|tr|td|th|ul|ol|li|p|div|h\d)\b/gi);
    return (tags || []).join("").toLowerCase().replace(/\s|&nbsp;/g, "");
}

/** Tell whether a letter is more than the editor keeps: a whole page, or «if» around rows of a table. */
function isComplex(html) {
    if (!html) {
        return false;
    }
    const kept = parseLetter(html).body.innerHTML.replace(/<tbody>|<\/tbody>/gi, "");
    return (
        /<(?:html|head|body|style|script|title)\b|<!--/i.test(html) ||
        isUnclean(html) ||
        (/\{%/.test(html) && listTags(kept) !== listTags(html.replace(/<\/?tbody\b[^<>]*>/gi, "")))
    );
}

/** A letter in HTML: Odoo's editor with the fields of a receipt, or the source of it. */
export class LetterHtml extends HtmlField {
    static template = "epd_mailing.LetterHtml";
    static components = { ...HtmlField.components, FieldPicker };

    setup() {
        super.setup();
        this.commit = useDebounced(() => this.commitChanges(), PAUSE);
        // Odoo's own comparison takes the text of a text field for no HTML
        this.letter = useState({ key: 0 });
        this.underway = 0; // commits that the record has not taken yet
        useRecordObserver((record) => this.follow(record));
    }

    /**
     * Begin a new editor when the record's letter became another one: discarded, or taken from a template.
     *
     * Not while a commit is on its way: the record is observed a frame late, and may tell of the commit before
     * it then. What was typed since would be gone, and the keyboard with it.
     * https://github.com/odoo/odoo/blob/19.0/addons/web/static/src/model/relational_model/utils.js, seen 2026-11-27
     */
    follow(record) {
        const text = String(record.data[this.props.name] || "");
        if (!this.isDirty && !this.underway && text !== this.committed) {
            this.committed = text;
            this.letter.key++;
        }
    }

    get wysiwygKey() {
        return `${this.props.record.resId}_${this.letter.key}`;
    }

    get fields() {
        return getFields(this.props.record);
    }

    get value() {
        // a text field: what stands in it is HTML all the same
        const html = this.props.record.data[this.props.name] || "";
        return fixInvalidHTML(markup(this.state.showCodeView ? html : cleanLetter(html))) || "";
    }

    get sandboxedPreview() {
        const html = this.props.record.data[this.props.name] || "";
        if (this.complex?.html !== html) {
            this.complex = { html, answer: isComplex(html) };
        }
        return this.props.sandboxedPreview || this.complex.answer;
    }

    /** A letter that the editor does not keep is shown whole: no script runs in that frame. */
    getReadonlyConfig() {
        const config = super.getReadonlyConfig();
        if (this.sandboxedPreview) {
            config.value = markup(shutLetter(this.props.record.data[this.props.name] || ""));
        }
        return config;
    }

    /** Odoo goes back to the editor that was there; what it does not keep has none any more. */
    async toggleCodeView() {
        await this.commitChanges();
        if (this.sandboxedPreview) {
            this.editor = undefined;
        }
        return super.toggleCodeView();
    }

    onEditorLoad(editor) {
        super.onEditorLoad(editor);
        this.state.loaded = true;
    }

    onChange() {
        super.onChange();
        this.commit();
    }

    /** The source is an input like any other. */
    onInput(ev) {
        if (ev.target === this.codeViewRef.el) {
            this.onChange();
        }
    }

    async updateValue(value) {
        this.committed = String(value);
        this.underway++;
        try {
            await super.updateValue(this.committed);
        } finally {
            this.underway--;
        }
        this.follow(this.props.record);
    }

    onPick(field) {
        const text = `{{ ${field.name} }}`;
        if (this.state.showCodeView) {
            typeInto(this.codeViewRef.el, text);
            return;
        }
        this.editor.shared.selection.focusEditable();
        this.editor.shared.dom.insert(text);
        this.editor.shared.history.addStep();
    }
}

registry.category("fields").add("epd_letter_subject", {
    ...charField,
    component: LetterSubject,
    fieldDependencies: dependencies,
});
registry.category("fields").add("epd_letter_source", {
    ...textField,
    component: LetterSource,
    fieldDependencies: dependencies,
});
registry.category("fields").add("epd_letter_html", {
    ...htmlField,
    component: LetterHtml,
    supportedTypes: ["text"],
    fieldDependencies: dependencies,
    extractProps(fieldInfo, dynamicInfo) {
        const props = htmlField.extractProps(fieldInfo, dynamicInfo);
        // a letter goes out as it is: pictures and files of this database cannot be opened from outside
        const config = { allowImage: false, allowVideo: false, allowFile: false };
        return {
            ...props,
            editorConfig: { ...props.editorConfig, ...config },
            migrateHTML: false,
            embeddedComponents: false,
            codeview: false,
        };
    },
});
