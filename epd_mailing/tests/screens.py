"""What the web client asks the server for when a screen opens, worked out from the views.

Plain data in, plain data out: tests call the ORM with it, the benchmark a running server.
"""

from lxml import etree

LIST_LIMIT, SUBLIST_LIMIT, COUNT_LIMIT = 80, 40, 10_001

# name, model, kind of view, its external id (or none for the default), which record for a form
SCREENS = (
    ("runs", "epd.billing.run", "list", None),
    ("run", "epd.billing.run", "form", None),
    ("address book", "epd.account.list", "list", None),
    ("accounts", "epd.personal.account", "list", None),
    ("account", "epd.personal.account", "form", None),
    ("mailings", "epd.mailing", "list", None),
    ("mailings by state", "epd.mailing", "kanban", None),
    ("mailing", "epd.mailing", "form", None),
    ("letters", "epd.mailing.letter", "list", None),
    ("letter", "epd.mailing.letter", "form", None),
    ("letters, table", "epd.letter.report", "pivot", None),
    ("letters, chart", "epd.letter.report", "graph", None),
    ("documents", "epd.payment.document", "list", None),
    ("document", "epd.payment.document", "form", None),
    ("consents", "epd.delivery.consent", "list", None),
    ("paper receipts", "epd.paper.batch", "list", None),
)


def view_call(kind, view_id=False):
    """Return (method, arguments, keywords) of the first question: the views and their fields."""
    return "get_views", [[[view_id, kind], [False, "search"]]], {"options": {"toolbar": True}}


def data_calls(views, model, kind, domain=(), record_id=None):
    """Return the calls (method, arguments, keywords) that bring the data of a view.

    :param views: answer to :func:`view_call`
    :param domain: of the action, list of terms; for forms not checked
    """
    arch = etree.fromstring(views["views"][kind]["arch"])
    fields = views["models"][model]["fields"]
    domain = list(domain)
    if kind == "form":
        spec = specification(arch, fields, views["models"])
        return [("web_read", [[record_id]], {"specification": spec})]
    if kind == "list":
        spec = specification(arch, fields, views["models"])
        keywords = {"specification": spec, "limit": LIST_LIMIT, "count_limit": COUNT_LIMIT}
        return [("web_search_read", [], {"domain": domain, **keywords})]
    if kind == "kanban":
        spec = specification(arch, fields, views["models"])
        group = arch.get("default_group_by")
        keywords = {
            "groupby": [group],
            "aggregates": [],
            "auto_unfold": True,
            "unfold_read_specification": spec,
            "unfold_read_default_limit": LIST_LIMIT,
        }
        return [("web_read_group", [], {"domain": domain, **keywords})]
    groups = [node.get("name") for node in arch.findall("field") if node.get("type") != "measure"]
    measures = [
        f"{name}:{fields[name].get('aggregator') or 'sum'}"
        for name in (n.get("name") for n in arch.findall("field") if n.get("type") == "measure")
    ] or ["__count"]
    if kind == "graph":
        keywords = {"groupby": groups, "aggregates": measures}
        return [("formatted_read_group", [domain], keywords)]
    sets = [groups[:place] for place in range(len(groups) + 1)]
    return [
        (
            "formatted_read_grouping_sets",
            [domain],
            {"grouping_sets": sets, "aggregates": [*measures, "__count"]},
        )
    ]


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
