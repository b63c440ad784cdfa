from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.query_plan import switch_off_jit

FEW = 5_000  # records that groups are put in order by here


class EpdCompanyMoney(models.AbstractModel):
    """Sums over millions of rows whose currency is that of their company.

    The web client asks each group for its currencies and, beside each sum, for the sum in one currency.
    Odoo joins the company and its rates to each row and sorts all of them for that: 4 s for two months
    of 100 000 accounts. An office has one currency: it is said, not looked for, and each column is
    added up once. Likewise the name of a house, which groups are in order by, is joined to each row,
    which keeps PostgreSQL from working in parallel, and more groups than fit a page are all made a
    second time to be counted: groups of few records are put in order, and counted, here.
    (https://github.com/odoo/odoo/blob/19.0/addons/web/models/models.py, seen 2026-11-27)
    """

    _name = "epd.company.money"
    _description = "Sums in the Company's Currency"

    @api.model
    @api.readonly
    def formatted_read_group(self, domain, groupby=(), aggregates=(), *args, **options):
        switch_off_jit(self.env.cr)
        return super().formatted_read_group(domain, groupby, aggregates, *args, **options)

    def _formatted_read_group_with_length(
        self, domain, groupby, aggregates, offset=0, limit=None, order=None
    ):
        places = self._get_group_places(groupby, order)
        if places is None:
            return super()._formatted_read_group_with_length(
                domain, groupby, aggregates, offset=offset, limit=limit, order=order
            )
        groups = self.formatted_read_group(domain, groupby, aggregates, order="__count")
        groups.sort(key=lambda group: places[group[groupby[0]] and group[groupby[0]][0]])
        page = groups[offset:][: limit or None]
        return page, len(groups) if page else 0  # a page behind the last is nothing to Odoo, too

    @api.model
    def _get_group_places(self, groupby, order):
        """Return ``{id of a record, or False: its place}`` by which groups are in order.

        :param groupby: field names
        :param order: of the groups, as ``_read_group`` takes it; nothing is that of ``groupby``
        :return: None where it is not a single many2one that they are in order by, or of many records
        """
        field = self._fields.get(groupby[0]) if len(groupby) == 1 else None
        first = (order or field and field.name or "").partition(",")[0].split()
        if field is None or field.type != "many2one" or first[:1] != [field.name]:
            return None
        direction = " ".join(first[1:]).upper()
        if direction not in ("", "ASC", "DESC"):
            return None
        others = self.env[field.comodel_name].sudo().with_context(active_test=False)
        ids = others.search([], limit=FEW + 1).ids
        if len(ids) > FEW:
            return None
        ids.append(False)  # as PostgreSQL has it: nothing is last, and first the other way round
        if direction == "DESC":
            ids.reverse()
        return {record_id: place for place, record_id in enumerate(ids)}

    def _read_group_select(self, aggregate_spec, query):
        name, _sep, function = aggregate_spec.partition(":")
        is_money = name in self._fields and self._fields[name].type == "monetary"
        if aggregate_spec != "currency_id:array_agg_distinct" and not (
            is_money and function == "sum_currency"
        ):
            return super()._read_group_select(aggregate_spec, query)
        currency = self._get_read_currencies()
        if len(currency) != 1:
            return super()._read_group_select(aggregate_spec, query)
        if not is_money:
            return SQL("CASE WHEN COUNT(*) > 0 THEN %s END", [currency.id])
        # written as the sum itself, PostgreSQL works both out at once
        total = super()._read_group_select(f"{name}:sum", query)
        if not currency.rate_ids:
            return total
        rate = currency._get_rates(self.env.company, fields.Date.context_today(self))[currency.id]
        return total if rate == 1 else SQL("%s / %s", total, rate)

    @api.model
    def _get_read_currencies(self):
        """Return the currencies of the companies whose rows the record rules let through."""
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        if not self.env.su:
            return companies.browse(self.env.companies.ids).currency_id
        return companies._read_group([], aggregates=["currency_id:recordset"])[0][0]
