import { registry } from "@web/core/registry";

// what people call the application: a menu is found by its own name alone
const WORDS = [
    "епд",
    "платежные документы",
    "платежный документ",
    "квитанция",
    "квитанции",
    "расчеты",
    "рассылка квитанций",
    "жкх",
];
const SHORTEST = 2; // characters

/** Return text as it is compared: people type «е» for «ё». */
function plain(text) {
    return text.trim().toLowerCase().replaceAll("ё", "е");
}

/** The application in the palette of Ctrl+K, by the words people use. */
function provide(env, { searchValue = "" } = {}) {
    const text = plain(searchValue);
    const app = env.services.menu
        .getApps()
        .find(({ xmlid }) => xmlid === "epd_mailing.epd_mailing_menu_root");
    // its own name is found by Odoo
    if (!app || text.length < SHORTEST || plain(app.name).startsWith(text)) {
        return [];
    }
    if (!WORDS.some((word) => word.startsWith(text))) {
        return [];
    }
    return [
        {
            // the palette sifts names by what was typed
            name: `${app.name}: ${searchValue.trim()}`,
            href: "/odoo/epd",
            action: () => env.services.menu.selectMenu(app),
        },
    ];
}

registry.category("command_provider").add("epd_app_words", { provide });
registry.category("command_provider").add("epd_app_words_menu", { namespace: "/", provide });
