"""What the web client asks the server for when a screen opens, worked out from the menus and the views.

Plain data in, plain data out: tests call the ORM with it, the benchmark a running server. Nothing is listed
that the views say themselves: each menu with its lists, cards, tables and charts, each default filter, filter
and group, the search in each field, the form with its smart buttons and windows. What the views do not say
stands in the tables below (what a clerk types, which buttons only open something), and a field or a button
that is in none of them is an error.
"""

import ast
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dateutil.relativedelta import relativedelta
from lxml import etree
from odoo.tools.safe_eval import safe_eval

LIST_LIMIT, SUBLIST_LIMIT, COUNT_LIMIT, NAMES_LIMIT = 80, 40, 10_001, 8
# groups of a whole table whose list opens with a filter that somebody has taken off
UNFILTERED = "all by "

# what clerks type: by the model behind a field, or by the field itself; a word of ``Words``
BY_MODEL = {
    "epd.account.list": ("все",),
    "epd.billing.period": ("март",),
    "epd.billing.run": ("март",),
    "epd.building": ("{street}",),
    "epd.import": ("xlsx",),
    "epd.mailing": ("март",),
    "epd.payment.document": ("{number}",),
    "epd.personal.account": ("{number}", "{number_part}", "{payer}", "{address}", "{email}"),
    "epd.service": ("вода",),
    "res.company": ("дом",),
    "res.partner": ("{payer}",),
    "res.partner.bank": ("4070",),
    "res.users": ("op",),
}
BY_FIELD = {
    "address_ids": ("{email}",),
    "bank_name": ("банк",),
    "basis": ("заявление",),
    "code": ("1",),
    "display_name": BY_MODEL["epd.personal.account"],
    "email": ("{email}", "@example"),
    "file_name": ("xlsx",),
    "gis_document_id": ("12АБ",),
    "meter_number": ("123",),
    "name": ("1", "{number_part}"),
    "number": ("{number}", "{number_part}"),
    "premises": ("{flat}",),
    "sender_email": ("example",),
    "subject": ("март",),
    "text": ("вод",),
    "value": ("1",),
    "acc_number": ("4070",),
}
# buttons that show something and change nothing; what opens records that it makes for this (a page, a preview)
# is among them
OPENING = {
    "action_accounts",
    "action_balances",
    "action_choose_documents",
    "action_compare_month",
    "action_compare_version",
    "action_confirm_mailing",
    "action_confirm_prepare",
    "action_confirm_send",
    "action_documents",
    "action_epd_accounts",
    "action_letters",
    "action_mend",
    "action_open_account",
    "action_open_charges",
    "action_open_documents",
    "action_open_gone",
    "action_open_jumped",
    "action_open_late",
    "action_open_letters",
    "action_open_lines",
    "action_open_live_documents",
    "action_open_mailed",
    "action_open_mailings",
    "action_open_newer",
    "action_open_outdated",
    "action_open_payments",
    "action_open_presented",
    "action_open_problems",
    "action_open_report",
    "action_open_scope",
    "action_open_uncharged",
    "action_open_unpresented",
    "action_ask_annul",
    "action_ask_next_period",
    "action_preview",
    "action_preview_receipt",
    "action_send_test",
    "action_show",
    "action_why",
}
# buttons that do something, give a file, or ask another machine
ACTING = {
    "action_build",
    "action_cancel",
    "action_check",
    "action_check_connection",
    "action_check_domain",
    "action_choose_list",
    "action_close",
    "action_confirm_home",
    "action_create_list",
    "action_delivery_report",
    "action_download",
    "action_epd_confirm_requisites",
    "action_epd_take_hints",
    "action_export_problems",
    "action_go",
    "action_go_on_filling",
    "action_load",
    "action_make_paper",
    "action_mark_sent",
    "action_open_pdf",
    "action_pause",
    "action_refresh",
    "action_reissue",
    "action_reissue_outdated",
    "action_reopen",
    "action_resend",
    "action_resend_failed",
    "action_resend_reissued",
    "action_resend_unopened",
    "action_resume",
    "action_retry_errors",
    "action_same_as_previous",
    "action_save",
    "action_save_template",
    "action_schedule",
    "action_send",
    "action_send_again",
    "action_send_now",
    "action_stop",
    "action_stop_filling",
    "action_take_back",
    "action_take_hint",
    "action_template",
    "action_to_draft",
    "action_unschedule",
    "action_webhook_off",
    "action_webhook_on",
    "action_xlsx",
}


@dataclass(frozen=True)
class Words:
    """What a clerk knows of a payer who calls.

    :param number: number of the account
    :param payer: surname
    :param street: part of the address of the house
    :param flat: number of the flat
    :param email: e-mail address
    """

    number: str
    payer: str
    street: str
    flat: str
    email: str

    def fill(self, pattern):
        """Return a text of the tables with what is known in it."""
        return pattern.format(
            number=self.number,
            number_part=self.number[-5:],
            payer=self.payer.lower(),
            street=self.street,
            flat=self.flat,
            address=f"{self.street}, {self.flat}",
            email=self.email[: self.email.index("@") + 1],
        )


@dataclass(frozen=True)
class Screen:
    """One screen: its name, and the calls (model, (method, arguments, keywords)) that bring its data."""

    name: str
    calls: tuple


class Screens:
    """All screens behind the menus of the application.

    :param call: ``call(model, (method, arguments, keywords))`` of somebody's session
    :param load_action: ``load_action(id)`` → fields of an action as the web client gets them
    :param records: {model: id of the record that its form shows}; of others the newest
    :param words: :class:`Words` to search by
    :param context: of the user: language, time zone, companies
    """

    def __init__(self, call, load_action, records, words, context):
        self._call, self.load_action = call, load_action
        self.records, self.words, self.context = dict(records), words, context
        self.refused = []
        self.seen_models, self.seen_names = set(), set()

    def call(self, model, call):
        """Put a question with the user's context."""
        return self._call(model, self._with_context(call, {}))

    def _with_context(self, call, context):
        method, arguments, keywords = call
        context = {**self.context, **context, **keywords.get("context", {})}
        return method, arguments, {**keywords, "context": context}

    def find(self, menus):
        """Yield every :class:`Screen`.

        :param menus: answer to ``load_menus``, of the application alone
        """
        for menu in menus:
            if menu["action_model"] != "ir.actions.act_window":
                continue  # the guide; what the application opens with
            action = self.load_action(menu["action_id"])
            yield from self._find_of_action(menu["name"], action)

    # --- a menu -----------------------------------------------------------------------------------

    def _find_of_action(self, name, action):
        model = action["res_model"]
        context, domain = self._read_action(action)
        kinds = [kind for _view, kind in action["views"] if kind not in ("form", "activity")]
        for view, kind in action["views"]:
            if kind in kinds:
                yield from self._open_list(f"{name}, {kind}", model, kind, view, domain, context)
        if model not in self.seen_models:
            self.seen_models.add(model)
            if kinds:
                yield from self._search(name, model, kinds[0], domain, context)
            if any(kind == "form" for _view, kind in action["views"]):
                yield from self._find_of_form(name, model, action, context)

    def _read_action(self, action, **values):
        """Return (context, domain) of an action as the web client works them out."""
        names = {**self._names(), **values}
        context = action.get("context") or {}
        if isinstance(context, str):
            context = safe_eval(context.strip() or "{}", {**names, "context": dict(names)})
        domain = action.get("domain") or []
        if isinstance(domain, str):
            domain = safe_eval(domain.strip() or "[]", {**names, "context": dict(names)})
        return context, list(domain)

    def _names(self):
        return {
            **self.context,
            "uid": self.context["uid"],
            "allowed_company_ids": self.context["allowed_company_ids"],
            "active_id": False,
            "active_ids": [],
            "context_today": date.today,
            "relativedelta": relativedelta,
        }

    def _get_views(self, model, kind, view=False):
        return self.call(model, view_call(kind, view))

    def _open_list(self, name, model, kind, view, domain, context):
        """Yield the screen of a view that shows many records, with the action's own filters."""
        views = self._get_views(model, kind, view)
        arch = etree.fromstring(views["views"]["search"]["arch"])
        fields = views["models"][model]["fields"]
        own, groups, plain = self._read_defaults(arch, fields, context)
        calls = data_calls(views, model, kind, [*domain, *own], groups=groups)
        yield self._make_screen(name, model, calls, plain)

    def _make_screen(self, name, model, calls, context):
        return Screen(name, tuple((model, self._with_context(call, context)) for call in calls))

    def _read_defaults(self, arch, fields, context):
        """Return (domain, groups, context without them) of the filters that an action switches on."""
        domain, groups = [], []
        plain = {k: v for k, v in context.items() if not k.startswith("search_default_")}
        for key, value in context.items():
            if not key.startswith("search_default_") or not value:
                continue
            node = arch.find(f".//*[@name='{key.removeprefix('search_default_')}']")
            if node is None:
                continue
            if node.tag == "field":
                operator = "=" if isinstance(value, int) else "ilike"
                domain.append((node.get("name"), operator, value))
            else:
                domain += self._filter_domain(node, fields)
                groups += _groups(node, fields)
        return domain, groups, plain

    def _filter_domain(self, node, fields):
        if field := node.get("date"):
            terms = []
            for option in node.get("default_period", "month").split(","):
                first, last = get_range(option)
                if fields[field]["type"] == "datetime":
                    first = datetime.combine(first, time.min)
                    last = datetime.combine(last, time.max)
                terms.append(["&", (field, ">=", str(first)), (field, "<=", str(last))])
            return ["|"] * (len(terms) - 1) + [part for term in terms for part in term]
        return list(safe_eval(node.get("domain") or "[]", self._names()))

    # --- the search of a menu ---------------------------------------------------------------------

    def _search(self, name, model, kind, domain, context):
        """Yield a screen for each filter, group, column to sort by, and text in the search of a menu."""
        views = self._get_views(model, kind)
        arch = etree.fromstring(views["views"]["search"]["arch"])
        fields = views["models"][model]["fields"]
        own, _groups_of_own, plain = self._read_defaults(arch, fields, context)

        def ask(title, more=(), kept=own, **options):
            calls = data_calls(views, model, kind, [*domain, *kept, *more], **options)
            return self._make_screen(f"{name}: {title}", model, calls, plain)

        # the filters that the list opens with stay until they are taken off
        if own:
            yield ask("all", kept=())
        for node in arch.iter("filter"):
            if groups := _groups(node, fields):
                yield ask(f"by {node.get('name')}", groups=groups)
                if own:
                    yield ask(f"{UNFILTERED}{node.get('name')}", kept=(), groups=groups)
            else:
                yield ask(f"only {node.get('name')}", self._filter_domain(node, fields), kept=())
        if kind == "list":
            for column in _columns(views["views"]["list"]["arch"], fields):
                yield ask(f"sorted by {column}", order=f"{column} DESC")
        for node in arch.iter("field"):
            field = fields[node.get("name")]
            for word in self._get_words(node.get("name"), field):
                term = self._search_term(node, field, word)
                yield ask(f"{node.get('name')} «{word}»", term)
                if relation := field.get("relation"):
                    yield from self._find_names(relation, word)

    def _get_words(self, name, field):
        """Return what a clerk types into a field; KeyError says that the tables lack it."""
        if field["type"] == "selection":
            return [field["selection"][0][0]]
        if name in BY_FIELD:
            return [self.words.fill(word) for word in BY_FIELD[name]]
        relation = field.get("relation")
        if relation not in BY_MODEL:
            raise KeyError(f"search field {name}: what does one type? See BY_FIELD and BY_MODEL")
        return [self.words.fill(word) for word in BY_MODEL[relation]]

    def _search_term(self, node, field, word):
        if own := node.get("filter_domain"):
            return safe_eval(own, {**self._names(), "self": word})
        operator = node.get("operator") or ("=" if field["type"] == "selection" else "ilike")
        return [(node.get("name"), operator, word)]

    def _find_names(self, model, word):
        """Yield what a many2one asks while one types, once for all fields that lead to the model."""
        if (model, word) not in self.seen_names:
            self.seen_names.add((model, word))
            keywords = {"name": word, "operator": "ilike", "domain": [], "limit": NAMES_LIMIT}
            call = ("name_search", [], keywords)
            yield self._make_screen(f"names of {model} «{word}»", model, [call], {})

    # --- a form -----------------------------------------------------------------------------------

    def _find_of_form(self, name, model, action, context):
        """Yield the form of a record, of a new one, what its fields look for, and what its buttons open."""
        view = next(view for view, kind in action["views"] if kind == "form")
        views = self._get_views(model, "form", view)
        arch = etree.fromstring(views["views"]["form"]["arch"])
        fields = views["models"][model]["fields"]
        plain = {k: v for k, v in context.items() if not k.startswith("search_default_")}
        if arch.get("create", "1") not in ("0", "false", "False"):
            yield self._make_screen(f"{name}: new", model, new_calls(views, model), plain)
        for node in arch.iter("field"):
            field = fields.get(node.get("name"), {})
            if field.get("type") == "many2one" and not field.get("readonly"):
                for word in ("", *BY_MODEL.get(field["relation"], ())):
                    yield from self._find_names(field["relation"], self.words.fill(word))
        record = self.records.get(model) or self._find_newest(model)
        if not record:
            return
        calls = data_calls(views, model, "form", record_id=record)
        yield self._make_screen(f"{name}: form", model, calls, plain)
        values = self.call(model, calls[0])[0]
        if any(node.tag == "chatter" for node in arch.iter()):
            yield self._make_screen(
                f"{name}: chatter", "mail.message", chatter_calls(model, record), {}
            )
        yield from self._press(name, model, arch, record, values)

    def _find_newest(self, model):
        found = self.call(model, ("search", [[]], {"limit": 1, "order": "id desc"}))
        return found[0] if found else None

    def _press(self, name, model, arch, record, values):
        """Yield what the buttons of a form open that stand there for this record."""
        pressed = set()
        for node in arch.iter("button"):
            if any(parent.tag == "field" for parent in node.iterancestors()):
                continue
            key = (node.get("type"), node.get("name"), node.get("context"))
            if node.get("special") or key in pressed or self._is_hidden(node, values):
                continue
            pressed.add(key)
            own = safe_eval(node.get("context") or "{}", {**self._names(), **values, "id": record})
            title = f"{name}: button {node.get('string') or node.get('name')}"
            if own:
                title += f" {own}"
            active = {"active_id": record, "active_ids": [record], "active_model": model}
            if node.get("type") == "action":
                if not node.get("name").isdigit():
                    continue
                action = self.load_action(int(node.get("name")))
                calls = ()
            elif check_button(model, node.get("name")):
                call = (node.get("name"), [[record]], {"context": own})
                calls = ((model, self._with_context(call, {})),)
                try:
                    action = self._call(model, calls[0][1])
                except Exception as error:  # a button may say why there is nothing to open
                    self.refused.append((title, str(error)))
                    continue
            else:
                continue
            if not isinstance(action, dict) or action.get("type") != "ir.actions.act_window":
                continue
            yield Screen(title, (*calls, *self._open_window(action, {**own, **active})))

    def _is_hidden(self, node, values):
        """Whether a button, or what it stands in, is invisible for a record."""
        for each in (node, *node.iterancestors()):
            condition = each.get("invisible")
            if condition and safe_eval(condition, {**self._names(), **_flatten(values)}):
                return True
        return False

    def _open_window(self, action, active):
        """Return the calls of the first view of an action."""
        context, domain = self._read_action(action, **active)
        model = action["res_model"]
        views = action.get("views") or [
            (False, kind) for kind in action.get("view_mode", "list,form").split(",")
        ]
        view, kind = views[0]
        found = self._get_views(model, kind, view)
        fields = found["models"][model]["fields"]
        arch = etree.fromstring(found["views"]["search"]["arch"])
        own, groups, plain = self._read_defaults(arch, fields, context)
        if kind != "form":
            calls = data_calls(found, model, kind, [*domain, *own], groups=groups)
        elif action.get("res_id"):
            calls = data_calls(found, model, kind, record_id=action["res_id"])
        else:
            calls = new_calls(found, model)
        return [(model, self._with_context(call, {**active, **plain})) for call in calls]


def check_button(model, name):
    """Return whether a button only opens something.

    :raises KeyError: a button of ours that nobody has entered into the tables above
    """
    if name in OPENING:
        return True
    if name in ACTING or not model.startswith("epd."):
        return False
    raise KeyError(f"button {name}: does it only open something? See OPENING and ACTING")


def get_range(option):
    """Return (first day, last day) of an option of a date filter, as the web client reads it.

    :param option: ``month``, ``year``, or one with an offset such as ``month-1``
    """
    unit, sign, offset = option.partition("-")
    back = int(offset) if sign else 0
    first = date.today().replace(day=1)
    if unit == "month":
        first -= relativedelta(months=back)
        return first, first + relativedelta(months=1, days=-1)
    if unit == "year":
        first = first.replace(month=1) - relativedelta(years=back)
        return first, first + relativedelta(years=1, days=-1)
    raise KeyError(f"option {option} of a date filter: of what days is it?")


def _flatten(values):
    """Return values of ``web_read`` as conditions in views see them: relations as ids."""

    def flatten(value):
        if isinstance(value, list):
            return [flatten(one) for one in value]
        return value["id"] if isinstance(value, dict) and "id" in value else value

    return {name: flatten(value) for name, value in values.items()}


def _groups(node, fields):
    """Return what a filter groups by, dates by month."""
    found = ast.literal_eval(node.get("context") or "{}").get("group_by")
    found = [found] if isinstance(found, str) else list(found or [])
    return [
        f"{name}:month" if fields.get(name, {}).get("type") in ("date", "datetime") else name
        for name in found
    ]


def _columns(arch, fields):
    """Return the columns of a list that one may sort by."""
    nodes = etree.fromstring(arch).findall("field")
    return [
        node.get("name")
        for node in nodes
        if node.get("column_invisible") not in ("1", "True")
        and fields[node.get("name")].get("sortable")
        and fields[node.get("name")]["type"] not in ("one2many", "many2many", "html")
    ]


def view_call(kind, view_id=False):
    """Return (method, arguments, keywords) of the first question: the views and their fields."""
    return "get_views", [[[view_id, kind], [False, "search"]]], {"options": {"toolbar": True}}


def new_calls(views, model):
    """Return the call that fills the form of a new record."""
    arch = etree.fromstring(views["views"]["form"]["arch"])
    spec = specification(arch, views["models"][model]["fields"], views["models"])
    return [("onchange", [[], {}, [], spec], {})]


def chatter_calls(model, record_id):
    """Return the call that reads the messages of a record."""
    domain = [("model", "=", model), ("res_id", "=", record_id)]
    return [("search_read", [domain, ["body", "date"]], {"limit": 30, "order": "id desc"})]


def data_calls(views, model, kind, domain=(), record_id=None, groups=(), order=""):
    """Return the calls (method, arguments, keywords) that bring the data of a view.

    :param views: answer to :func:`view_call`
    :param domain: of the action, list of terms; for forms not checked
    :param record_id: of a form
    :param groups: what a list or cards are grouped by, the view's own where empty
    :param order: of a list, its own where empty
    """
    arch = etree.fromstring(views["views"][kind]["arch"])
    fields = views["models"][model]["fields"]
    domain = list(domain)
    spec = specification(arch, fields, views["models"])
    if kind == "form":
        return [("web_read", [[record_id]], {"specification": spec})]
    if kind == "calendar":
        return _calendar_calls(arch, domain)
    if kind in ("list", "kanban"):
        groups = groups or [arch.get("default_group_by")] * bool(arch.get("default_group_by"))
        if groups:
            return [_group_call(kind, arch, fields, domain, groups, spec)]
        keywords = {"specification": spec, "limit": LIST_LIMIT, "count_limit": COUNT_LIMIT}
        order = order or arch.get("default_order") or ""
        return [("web_search_read", [], {"domain": domain, "order": order, **keywords})]
    nodes = arch.findall("field")
    own = [node.get("name") for node in nodes if node.get("type") != "measure"]
    measures = [
        f"{name}:{fields[name].get('aggregator') or 'sum'}"
        for name in (n.get("name") for n in nodes if n.get("type") == "measure")
    ]
    rows, columns = own, []
    if kind == "pivot":
        rows = [node.get("name") for node in nodes if node.get("type") == "row"]
        columns = [node.get("name") for node in nodes if node.get("type") == "col"]
    if groups:
        rows = list(groups)
    if kind == "graph":
        keywords = {"groupby": [*rows, *columns], "aggregates": measures or ["__count"]}
        return [("formatted_read_group", [domain], keywords)]
    # the client asks for the whole, each row, each column, and each of both
    both = list(dict.fromkeys([*rows[:1], *columns[:1]]))
    sets = [[], rows[:1], columns[:1], both]
    sets = [one for place, one in enumerate(sets) if one not in sets[:place]]
    keywords = {"grouping_sets": sets, "aggregates": [*measures, "__count"]}
    return [("formatted_read_grouping_sets", [domain], keywords)]


def _group_call(kind, arch, fields, domain, groups, spec):
    """Return the call for the groups of a list, or for grouped cards with the records in them."""
    aggregates = _aggregates(arch, fields) if kind == "list" else []
    keywords = {
        "groupby": list(groups)[:1],
        "aggregates": aggregates,
        "auto_unfold": kind == "kanban",
        "unfold_read_specification": spec,
        "unfold_read_default_limit": LIST_LIMIT,
        "order": arch.get("default_order") or "",
        "context": {"read_group_expand": True},
    }
    if kind == "list":
        keywords["limit"] = LIST_LIMIT
    return "web_read_group", [], {"domain": domain, **keywords}


def _aggregates(arch, fields):
    """Return what a list asks of its groups: sums, and those of money in one currency too.

    As the client's ``getAggregateSpecifications``, hidden columns included:
    https://github.com/odoo/odoo/blob/19.0/addons/web/static/src/model/relational_model/utils.js,
    seen 2026-11-27.
    """
    names = dict.fromkeys(node.get("name") for node in arch.findall("field"))
    added = [name for name in names if fields[name].get("aggregator")]
    added = [name for name in added if fields[name]["type"] in ("float", "integer", "monetary")]
    asked = [f"{name}:{fields[name]['aggregator']}" for name in added]
    for name in added:
        if currency := fields[name].get("currency_field"):
            asked += [f"{currency}:array_agg_distinct", f"{name}:sum_currency"]
    return list(dict.fromkeys(asked))


def _calendar_calls(arch, domain):
    """Return the call for the records of this month."""
    start, stop = arch.get("date_start"), arch.get("date_stop") or arch.get("date_start")
    first = date.today().replace(day=1)
    names = sorted({start, stop, *(node.get("name") for node in arch.iter("field"))})
    when = [(start, "<=", str(first + timedelta(days=31))), (stop, ">=", str(first))]
    return [("search_read", [], {"domain": [*domain, *when], "fields": names})]


def specification(arch, fields, models):
    """Return the specification of ``web_read`` for the fields of an arch, tables in it included."""
    spec = {}
    for node in arch.iter("field"):
        if any(parent.tag == "field" for parent in node.iterancestors() if parent is not arch):
            continue
        name = node.get("name")
        field = fields.get(name)
        if field is None or field["type"] == "binary":
            continue
        spec[name] = {}
        if field["type"] == "many2one":
            spec[name] = {"fields": {"display_name": {}}}
        elif field["type"] in ("one2many", "many2many"):
            spec[name] = subspecification(node, field, models)
    return spec


def subspecification(node, field, models):
    """Return the specification of a table inside a form, or of tags."""
    table = next((child for child in node if child.tag in ("list", "kanban")), None)
    if table is None:
        return {"fields": {"display_name": {}}}
    fields = models.get(field["relation"], {}).get("fields", {})
    limit = int(table.get("limit") or SUBLIST_LIMIT)
    return {"fields": specification(table, fields, models), "limit": limit, "order": ""}
