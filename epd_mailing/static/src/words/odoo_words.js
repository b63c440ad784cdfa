import { _t } from "@web/core/l10n/translation";

/**
 * Texts of Odoo's web client that its own Russian leaves in English (19.0, seen 2026-11-27). A text that a
 * module does not translate is looked for in all others, so ours serve; where Odoo has one, its own is shown.
 */
export function getOdooWords() {
    return [
        _t("Missing required fields"),
        _t("Are you sure you want to delete the selected record?"),
        _t("Are you sure you want to delete the %(nbSelected)s selected records?"),
        _t("Are you sure that you want to duplicate all the selected records?"),
        _t("Are you sure you want to update %(count)s records?"),
        _t("Among the %(total)s selected records, %(valid_count)s are valid for this update."),
        _t("Create..."),
        _t("Start typing %s characters"),
        _t("Custom Filter"),
        _t("Custom Filter..."),
        _t("Custom Group"),
        _t("My Preferences"),
        _t("Caps Lock is on!"),
        _t("View related documents"),
        _t("No settings found"),
        _t("Try searching for another keyword"),
    ];
}
