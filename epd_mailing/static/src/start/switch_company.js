import { browser } from "@web/core/browser/browser";
import { cookie } from "@web/core/browser/cookie";
import { registry } from "@web/core/registry";

/** Work in another company from now on. The client may not know it yet, or know one that is gone. */
registry.category("actions").add("epd_switch_company", (env, { params }) => {
    cookie.set("cids", String(params.company_id));
    browser.location.assign(params.url);
});
