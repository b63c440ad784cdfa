from unittest.mock import patch

from odoo.tests import tagged

from ...models.base import bulk_rows
from ..sending_common import SendingCommon

ONE_BY_ONE, TOGETHER = 10**6, 0
VALUES = {
    "char": """a "quoted" {text}, 'of' NULL \\ and \\" more\n""",
    "text": '{"number": "7"}',
    "integer": 7,
    "boolean": True,
    "float": 0.1 + 0.2,
    "monetary": 0.1 + 0.2,
    "date": "2026-04-02",
    "datetime": "2026-04-02 12:00:00",
    "html": """<p onclick="no()" class="a 'b'">a "quoted" \\ text &amp; NULL</p>""",
    "binary": b"dGV4dA==",
    "json": {"a": [1]},
}


@tagged("post_install", "-at_install", "epd_mailing")
class TestBulkRows(SendingCommon):
    """Whatever rows are made together are those that Odoo's own ``create`` makes.

    Each model that takes the mixin has a row in ``BASES``, and fields of another module besides.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mailing = cls._make_mailing(cls.documents[:0])
        cls.bases = {
            "epd.mailing.letter": cls._give_letter,
            "epd.letter.event": cls._give_event,
            "epd.payment.document": cls._give_document,
        }
        for name in cls.bases:
            cls._extend(name)

    @classmethod
    def _extend(cls, model):
        """Add fields such as another module may bring."""
        common = {"model_id": cls.env["ir.model"]._get_id(model), "state": "manual"}
        others = [
            {"name": "x_html", "ttype": "html"},
            {"name": "x_number", "ttype": "float"},
            {"name": "x_file", "ttype": "binary"},
            {"name": "x_word", "ttype": "char", "translate": "standard"},
            {"name": "x_currency_id", "ttype": "many2one", "relation": "res.currency"},
            {"name": "x_money", "ttype": "monetary", "currency_field": "x_currency_id"},
            {"name": "x_partner_ids", "ttype": "many2many", "relation": "res.partner"},
            {"name": "x_given", "ttype": "char"},
        ]
        made = {
            "name": "x_made",
            "ttype": "char",
            "store": True,
            "depends": "x_given,company_id",
            "compute": "for row in self: row['x_made'] = (row.x_given or '') + row.company_id.name",
        }
        for fields in (others, [made]):
            cls.env["ir.model.fields"].create(
                [{**common, "field_description": field["name"], **field} for field in fields]
            )
        cls.env["ir.default"].set(model, "x_given", "usual")

    # --- rows that each model takes ----------------------------------------------------------------

    @classmethod
    def _give_letter(cls, _number):
        return {
            "mailing_id": cls.mailing.id,
            "company_id": cls.company.id,
            "account_id": cls.accounts[1].id,
        }

    @classmethod
    def _give_event(cls, number):
        return {
            "unisender_account_id": cls.unisender.id,
            "raw_status": "ok_sent",
            "source": "poll",
            "letter_key": str(number),
            # its default is the moment, another one in the next second
            "received_at": "2026-04-02 12:00:00",
        }

    @classmethod
    def _give_document(cls, number):
        return {
            "company_id": cls.company.id,
            "account_id": cls.accounts[1].id,
            "period_id": cls.period.id,
            "version": 100 + number,
            "state": "superseded",
        }

    def _give_rows(self, model):
        """Return rows that each say one thing more, so that each column has its value once."""
        give, records = self.bases[model], self.env[model]
        values = {**VALUES, "many2many": [(6, 0, self.company.partner_id.ids)]}
        said = [{}]
        for name, field in records._fields.items():
            if not field.store or name in {"id", *give(0)} or (field.compute and field.readonly):
                continue
            value = values.get(field.type)
            if field.type == "selection":
                value = field.get_values(self.env)[-1]
            if field.type == "many2one" and field.comodel_name in ("res.users", "res.partner"):
                value = self.env.user.id if field.comodel_name == "res.users" else 1
            if field.type == "monetary":
                said.append({name: value, field.get_currency_field(records): self.rub.id})
            elif value is not None:
                said.append({name: value})
        # alike to Python, and not to a text
        said += [{"x_given": value} for value in (False, 0, True, 1, "")]
        if "currency_id" in records._fields:
            said = [{k: v for k, v in row.items() if k != "currency_id"} for row in said]
        return [{**give(number), **row} for number, row in enumerate(said)]

    def _make(self, model, rows, size):
        """Make rows, up to ``size`` of them Odoo's own way; undo it.

        :return: (what the database holds, what the cache said)
        """
        records = self.env[model].sudo()._unlocked()
        names = [name for name, field in records._fields.items() if field.store]
        own = {"id", "display_name"}
        with (
            self.cr.savepoint() as savepoint,
            patch.object(bulk_rows, "INSERT_BATCH_SIZE", size),
        ):
            made = records.create([dict(row) for row in rows])
            cached = [{name: row[name] for name in names if name not in own} for row in made]
            self.env.flush_all()
            self.cr.execute(
                f"SELECT * FROM {made._table} WHERE id = ANY(%s) ORDER BY id",
                (made.ids,),
            )
            stored = [dict(row, id=None) for row in self.cr.dictfetchall()]
            self.env.invalidate_all()
            read = [{name: row[name] for name in names if name not in own} for row in made]
            self.assertEqual(cached, read)
            savepoint.rollback()
        self.env.invalidate_all()
        return stored, cached

    # --- the same rows -----------------------------------------------------------------------------

    def test_every_user_is_here(self):
        users = self.registry.descendants(["epd.bulk.rows"], "_inherit")
        users = {name for name in users if not self.registry[name]._abstract}
        self.assertEqual(users, set(self.bases))

    def test_every_column_of_every_user(self):
        for model in self.bases:
            with self.subTest(model):
                rows = self._give_rows(model)
                plain = [
                    {k: v for k, v in row.items() if k not in ("x_partner_ids", "x_word", "x_file")}
                    for row in rows
                ]
                for kind in (rows, plain):
                    usual = self._make(model, kind, ONE_BY_ONE)
                    together = self._make(model, kind, TOGETHER)
                    for one, other in zip(*(usual[0], together[0]), strict=True):
                        self.assertEqual(one, other)
                    self.assertEqual(usual[1], together[1])

    def test_a_default_of_its_own_for_each_row(self):
        """A token that another module gives by default is another one in each row."""
        for model in self.bases:
            records = self.env[model].sudo()._unlocked()
            default_get, count = type(records).default_get, iter(range(10**6))

            def give(self, names, default_get=default_get, count=count):
                return default_get(self, names) | {"x_given": str(next(count))}

            with self.subTest(model), self.cr.savepoint() as savepoint:
                with (
                    patch.object(bulk_rows, "INSERT_BATCH_SIZE", TOGETHER),
                    patch.object(type(records), "default_get", give),
                ):
                    made = records.create([self.bases[model](number) for number in range(3)])
                self.assertEqual(len(set(made.mapped("x_given"))), 3)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_who_changed_them(self):
        """Who made a change is written, whoever brings it to the database."""
        letters = self.env["epd.mailing.letter"].sudo()._unlocked()
        letters = letters.create([self._give_letter(number) for number in range(3)])
        self.env.flush_all()
        for size in (ONE_BY_ONE, TOGETHER):
            with patch.object(bulk_rows, "UPDATE_BATCH_SIZE", size):
                for number, letter in enumerate(letters.with_user(self.operator).sudo()):
                    letter._unlocked().write({"attempts": size + number})
                self.env.flush_all()
            self.env.invalidate_all()
            self.assertEqual(letters.write_uid, self.operator)
            self.assertEqual(letters.mapped("attempts"), [size, size + 1, size + 2])
            letters.write({"poll_count": size})
            self.env.flush_all()
            self.assertEqual(letters.write_uid, self.env.user)
