import contextlib

from odoo import api, models
from odoo.fields import Domain
from odoo.orm.domains import DomainCustom, DomainNary, DomainNot
from odoo.tools import SQL

from ...tools.query_plan import switch_off_jit

KEY = "epd_counted_by"


class CountedBy(frozenset):
    """Names of the columns that rows are counted by; no call from outside can bring one."""


class NotCountedError(Exception):
    """Something is asked that the counted rows do not tell."""


def find_names(domain):
    """Return the names of the fields of the rows that a domain has conditions on."""
    if isinstance(domain, DomainCustom):
        raise NotCountedError(domain)
    if isinstance(domain, DomainNot):
        return find_names(domain.child)
    if isinstance(domain, DomainNary):
        return set().union(*map(find_names, domain.children))
    return {each.field_expr.partition(".")[0] for each in domain.iter_conditions()}


class EpdCountedGroups(models.AbstractModel):
    """Figures of millions of rows that have few different values: counted first, then added up.

    A pivot asks for the whole, each row, each column and each of both in one statement. PostgreSQL takes
    each row of the table through all of these, and never in parallel
    (https://www.postgresql.org/docs/15/parallel-plans.html, seen 2026-11-27). Here it counts the rows by
    the columns that are asked for, in parallel and by an index alone, and adds up the few counts: 0.3 s
    instead of 2.7 s for a million letters. What counts cannot tell is asked of the rows as before.
    """

    _name = "epd.counted.groups"
    _description = "Figures of Rows Counted First"

    _counted_columns = ()  # fields that rows may be counted by
    _counted_always = ()  # of them those that record rules and figures need
    _counted_through = {}  # fields that follow from one of them: {field: that one}
    _counted_sums = ()  # fields whose sums follow from the counts

    def _get_counted_query(self, columns):
        """Return SQL of the counted rows: the columns, and ``counted``, of how many rows.

        :param columns: names, in order
        """
        names = SQL(", ").join(SQL.identifier(name) for name in columns)
        return SQL(
            "SELECT %s, count(*)::int AS counted FROM %s GROUP BY %s",
            names,
            SQL.identifier(self._table),
            names,
        )

    @api.model
    @api.readonly
    def formatted_read_grouping_sets(self, domain, grouping_sets, *args, **options):
        elevated = self.sudo()
        groups = super().formatted_read_grouping_sets(domain, grouping_sets, *args, **options)
        del elevated  # kept till here: it reads the name of each group, and was made for each anew
        return groups

    @api.model
    def _read_grouping_sets(self, domain, grouping_sets, *args, **options):
        counted = self._count_by(domain, [spec for one in grouping_sets for spec in one])
        if counted is not None:
            with contextlib.suppress(NotCountedError):
                return super(EpdCountedGroups, counted)._read_grouping_sets(
                    domain, grouping_sets, *args, **options
                )
        return super()._read_grouping_sets(domain, grouping_sets, *args, **options)

    @api.model
    def _count_by(self, domain, specs):
        """Return the model that tells figures from counts; None where it cannot.

        :param domain: of the rows
        :param specs: what they are grouped by, as ``_read_group`` takes it
        """
        self.browse().check_access("read")  # before what was asked is looked at
        names = {spec.partition(":")[0] for spec in specs}
        try:
            names |= find_names(Domain(domain))
            if not self.env.su:
                names |= find_names(self.env["ir.rule"]._compute_domain(self._name, "read"))
        except NotCountedError:
            return None
        names = {self._counted_through.get(name, name) for name in names}
        if not names.issubset(self._counted_columns):
            return None
        switch_off_jit(self.env.cr)
        return self.with_context(**{KEY: CountedBy(names.union(self._counted_always))})

    def _get_counted_by(self):
        columns = self.env.context.get(KEY)
        return columns if isinstance(columns, CountedBy) else None

    def _search(self, domain, *args, **options):
        columns = self._get_counted_by()
        if columns is None:
            return super()._search(domain, *args, **options)
        # what the conditions ask of other models, and these of letters again, knows nothing of the counts
        query = self._forget_counts()._search(domain, *args, **options)
        query._tables[self._table] = SQL("(%s)", self._get_counted_query(sorted(columns)))
        return query

    def _read_group_select(self, aggregate_spec, query):
        if self._get_counted_by() is None:
            return super()._read_group_select(aggregate_spec, query)
        name, _sep, function = aggregate_spec.partition(":")
        if aggregate_spec == "__count":
            return SQL("COALESCE(SUM(%s), 0)::bigint", SQL.identifier(self._table, "counted"))
        if name not in self._counted_sums or function != "sum":
            raise NotCountedError(aggregate_spec)
        return super()._read_group_select(aggregate_spec, query)

    # what comes out is asked further questions: of the rows

    def _read_group_postprocess_groupby(self, groupby_spec, raw_values):
        return super(EpdCountedGroups, self._forget_counts())._read_group_postprocess_groupby(
            groupby_spec, raw_values
        )

    def _read_group_postprocess_aggregate(self, aggregate_spec, raw_values):
        return super(EpdCountedGroups, self._forget_counts())._read_group_postprocess_aggregate(
            aggregate_spec, raw_values
        )

    def _forget_counts(self):
        if self._get_counted_by() is None:
            return self
        context = {name: value for name, value in self.env.context.items() if name != KEY}
        return self.with_env(self.env(context=context))
