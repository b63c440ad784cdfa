"""The rules of our tables asked before the database is: a person's mistake is a message, not an ERROR in the log."""

import json
import re
from dataclasses import dataclass

from odoo import api, models
from odoo.exceptions import UserError, ValidationError
from odoo.models import Constraint, UniqueIndex
from odoo.tools import SQL, ormcache

_OURS = "epd_mailing"
_WORDS = re.compile(r"\w+")
_UNIQUE = re.compile(r"^unique\s*\((.*)\)$", re.IGNORECASE | re.DOTALL)
_CHECK = re.compile(r"^check\s*\((.*)\)$", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Rule:
    """One rule of a table, as its model declares it.

    :param name: of the constraint in the database
    :param keys: SQL expressions no two rows may share; none for a check
    :param where: SQL condition on the rows it holds for (unique), or that each row meets (check)
    :param columns: of the table that it reads
    """

    name: str
    keys: tuple[str, ...]
    where: str
    columns: frozenset[str]


def split_keys(text):
    """Return the expressions of a list, split at the commas outside of brackets."""
    keys, depth = [""], 0
    for char in text:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "," and not depth:
            keys.append("")
        else:
            keys[-1] += char
    return tuple(key.strip() for key in keys)


def read_rule(name, definition, columns):
    """Return the :class:`Rule` of a declaration, or None for one of another kind.

    :param definition: text of ``Constraint`` («unique(…)», «CHECK(…)») or of ``UniqueIndex``
    :param columns: names of the table's columns
    """
    keys, where = (), "TRUE"
    if found := _UNIQUE.match(definition):
        keys = split_keys(found.group(1))
    elif found := _CHECK.match(definition):
        where = found.group(1)
    else:
        # «(a, COALESCE(b, 0)) WHERE c»: the last bracket before WHERE closes the list
        head, _word, tail = definition.partition(" WHERE ")
        head = head.strip()
        if not (head.startswith("(") and head.endswith(")")):
            return None
        keys, where = split_keys(head[1:-1]), tail or "TRUE"
    read = frozenset(_WORDS.findall(" ".join((*keys, where)))).intersection(columns)
    return Rule(name, keys, where, read)


def _get_definition(declared):
    if isinstance(declared, UniqueIndex):
        return declared._index_definition
    return declared._definition


class EpdTableRules(models.AbstractModel):
    """Uniqueness, checks and «still used» reported before the database rejects the row.

    PostgreSQL holds the rules; but what it rejects, Odoo writes to the log as an ERROR («bad
    query», ``odoo.sql_db``), and an office would be called for a month entered twice. So the
    statement is preceded by the same rule as a question, made of the model's own declaration:
    nothing is said twice. Two people at the same moment still meet the constraint itself.

    The program's own rows (:meth:`_unlocked`) are not asked about: it has checked them, and writes
    many.
    """

    _name = "epd.table.rules"
    _description = "Rules of a Table"
    _inherit = ["epd.storable.numbers"]

    @api.model
    @ormcache()
    def _get_table_rules(self):
        """Return the rules of this addon that a person may break: those that have a message."""
        columns = {name for name, field in self._fields.items() if field.column_type}
        found = (
            read_rule(name, _get_definition(declared), columns)
            for name, declared in self._table_objects.items()
            if isinstance(declared, (Constraint, UniqueIndex))
            and declared._module == _OURS
            and declared.message
        )
        return tuple(rule for rule in found if rule)

    @api.model
    def _asks_table_rules(self):
        """Tell whether the rows come from a person; a hook of models whose program marks its own."""
        return True

    @api.model
    def _create(self, data_list):
        if self._asks_table_rules():
            read = frozenset().union(*(rule.columns for rule in self._get_table_rules()))
            rows = [
                {
                    name: self._fields[name].convert_to_column_insert(value, self, data["stored"])
                    for name, value in data["stored"].items()
                    if name in read
                }
                for data in data_list
            ]
            self._check_table_rules(rows)
        return super()._create(data_list)

    def _write_multi(self, vals_list):
        if self and self._asks_table_rules():
            self._check_table_rules(vals_list)
        return super()._write_multi(vals_list)

    def _check_table_rules(self, rows):
        """Raise the message of the first rule that rows would break.

        :param rows: list of dicts by column: new rows, or what is written on the records of ``self``
        :raise ValidationError: with the constraint's own message
        """
        written = set().union(*rows)
        for rule in self._get_table_rules():
            if rule.columns & written or not self:
                if self.env.execute_query(self._ask_table_rule(rule, rows)):
                    raise ValidationError(self._get_rule_message(rule))

    def _ask_table_rule(self, rule, rows):
        """Return the query that finds a row by which the rule would be broken."""
        table = SQL.identifier(self._table)
        changes = [
            {name: value for name, value in row.items() if name in rule.columns} for row in rows
        ]
        if self:
            # the rows as they will be: what is written over what stands
            changes = [
                {"id": id_, "vals": vals} for id_, vals in zip(self.ids, changes, strict=True)
            ]
            fresh = SQL(
                "SELECT n.* FROM jsonb_to_recordset(%s::jsonb) AS v(id int, vals jsonb) "
                "JOIN %s t ON t.id = v.id CROSS JOIN LATERAL jsonb_populate_record(t, v.vals) n",
                json.dumps(changes, default=str),
                table,
            )
        else:
            fresh = SQL(
                "SELECT * FROM jsonb_populate_recordset(NULL::%s, %s::jsonb)",
                table,
                json.dumps(changes, default=str),
            )
        # our own declarations, no caller's text
        where = SQL(rule.where.replace("%", "%%"))
        if not rule.keys:
            return SQL("SELECT 1 FROM (%s) n WHERE NOT (%s) LIMIT 1", fresh, where)
        names = [SQL.identifier(f"key_{number}") for number in range(len(rule.keys))]
        keys = SQL(", ").join(
            SQL("(%s) AS %s", SQL(key.replace("%", "%%")), name)
            for key, name in zip(rule.keys, names, strict=True)
        )
        same = SQL(" AND ").join(SQL("t.%s = n.%s", name, name) for name in names)
        return SQL(
            """
            WITH n AS (SELECT %(keys)s FROM (%(fresh)s) r WHERE %(where)s)
            SELECT 1 FROM n WHERE EXISTS (
                SELECT 1 FROM (SELECT id, %(keys)s FROM %(table)s WHERE %(where)s) t
                 WHERE %(same)s AND t.id != ALL(%(ids)s))
            UNION ALL
            (SELECT 1 FROM n WHERE %(known)s GROUP BY %(names)s HAVING count(*) > 1)
            LIMIT 1
            """,
            keys=keys,
            fresh=fresh,
            where=where,
            table=table,
            same=same,
            ids=self.ids,
            known=SQL(" AND ").join(SQL("n.%s IS NOT NULL", name) for name in names),
            names=SQL(", ").join(names),
        )

    @api.model
    def _get_rule_message(self, rule):
        """Return the message of a rule in the user's language, from where Odoo itself takes it."""
        kept = self.env["ir.model.constraint"].sudo()
        found = kept.search_fetch(
            [("name", "=", rule.name), ("model.model", "=", self._name)], ["message"], limit=1
        )
        return found.message or self._table_objects[rule.name].get_error_message(self)

    # --- deletion ---------------------------------------------------------------------------------

    @api.model
    @ormcache()
    def _get_restricting_fields(self):
        """Return (model, field) of the stored many2one fields that keep a record from being deleted."""
        return tuple(
            (model._name, field.name)
            for model in self.env.registry.values()
            if model._auto and not model._abstract
            for field in model._fields.values()
            if field.type == "many2one"
            and field.store
            and field.comodel_name == self._name
            and field.ondelete == "restrict"
            and _OURS in field._modules
            and not field.company_dependent
        )

    # behind the other reasons, which say more: Odoo takes them by name
    @api.ondelete(at_uninstall=False)
    def _unlink_unless_used(self):
        if not self._asks_table_rules():
            return
        for model, field in self._get_restricting_fields():
            rows = self.env[model].sudo().with_context(active_test=False)
            domain = [(field, "in", self.ids)]
            if model == self._name:
                domain.append(("id", "not in", self.ids))
            count = rows.search_count(domain)
            if count:
                used = rows.search([*domain], limit=1)[field]
                raise UserError(
                    self.env._(
                        "“%(name)s” cannot be deleted: it is used in “%(model)s” (%(count)s). "
                        "Delete those first, or keep it.",
                        name=used.with_env(self.env).display_name,
                        model=self.env["ir.model"]._get(model).name,
                        count=count,
                    )
                )
