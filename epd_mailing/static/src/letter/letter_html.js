/** The HTML of a letter on a page of ours: nothing of it runs, and nothing of it opens an address of Odoo's. */

// kept: harmless, and usual in letters
const KEPT = { ADD_ATTR: ["target"], ALLOW_UNKNOWN_PROTOCOLS: true };
// files alone: any other address of this database may do something, such as log the reader out
const FILES = /^\/(?:web\/(?:image|content|static)|\w+\/static)\//;
const ACTING = "script, iframe, frame, object, embed, base, link, meta[http-equiv=refresh i]";
const CSS_ADDRESS = /(?:url\(|@import)\s*["']?([^"')\s;]+)/gi;

/** Tell whether a page that shows this address would call this database, with the rights of its reader. */
function opensHere(address) {
    try {
        const url = new URL(address, location.href);
        return url.origin === location.origin && !FILES.test(url.pathname);
    } catch {
        return false; // no address at all
    }
}

function cssOpensHere(css) {
    // escapes hide an address from us, and nothing of an ordinary letter
    return css.includes("\\") || [...css.matchAll(CSS_ADDRESS)].some((found) => opensHere(found[1]));
}

function attributeActs(element, { name, value }) {
    if (/^on/i.test(name) || /^(?:java|vb)script:/i.test(value.replace(/[\s\x00-\x1f]/g, ""))) {
        return true;
    }
    switch (name) {
        case "src":
        case "background":
        case "poster":
        case "data":
            return opensHere(value);
        case "srcset":
            return value.split(",").some((one) => opensHere(one.trim().split(/\s/)[0]));
        case "style":
            return cssOpensHere(value);
        case "href":
        case "xlink:href": // a link opens nothing until it is followed
            return !["a", "area"].includes(element.localName) && opensHere(value);
    }
    return false;
}

/**
 * Take out of a letter what acts, or would call this database by being shown.
 *
 * @param {Document} page is changed
 * @returns {number} how many things were taken out
 */
function shut(page) {
    let count = 0;
    for (const element of page.querySelectorAll(ACTING)) {
        element.remove();
        count++;
    }
    for (const element of page.querySelectorAll("*")) {
        if (element.localName === "style" && cssOpensHere(element.textContent)) {
            element.remove();
            count++;
        }
        for (const attribute of [...element.attributes]) {
            if (attributeActs(element, attribute)) {
                element.removeAttribute(attribute.name);
                count++;
            }
        }
    }
    return count;
}

/** Return the page that a letter makes; nothing of it runs or loads. */
export function parseLetter(html) {
    return new DOMParser().parseFromString(html, "text/html");
}

/** Return a whole letter for a frame in which no script runs. */
export function shutLetter(html) {
    const page = parseLetter(html);
    shut(page);
    return page.documentElement.innerHTML;
}

/**
 * Return a letter for a place on our page, without what would run there. Odoo's editor and viewer put it there as
 * it is: the server cleans html fields when they are written; a text field, as a letter is, it does not.
 */
export function cleanLetter(html) {
    const page = parseLetter(html);
    // as it stands, where nothing has to be taken out
    return window.DOMPurify.sanitize(shut(page) ? page.body.innerHTML : html, KEPT);
}

/** Tell whether cleaning takes something away: an editor would lose it without a word. */
export function isUnclean(html) {
    window.DOMPurify.sanitize(html, KEPT);
    return window.DOMPurify.removed.length > 0 || shut(parseLetter(html)) > 0;
}
