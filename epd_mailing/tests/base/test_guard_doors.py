"""Every guarded field × every door of the ORM: a new field or model is tested from its first day."""

import base64
from datetime import date
from itertools import islice

from odoo import Command
from odoo.exceptions import UserError
from odoo.models import MAGIC_COLUMNS
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import EpdCommon

# stored computes that a person may write over: what they decide, and why that is theirs to say
EDITABLE_COMPUTES = {
    "epd.billing.period.present_by": "the law's day, which a contract may change; managers only",
    "epd.billing.period.pay_by": "the law's day, which a contract may change; managers only",
    "epd.charge.total": "the billing program's own total; documents check that it adds up",
    "epd.mailing.subject": "begins as the template's",
    "epd.mailing.preheader": "begins as the template's",
    "epd.mailing.body": "begins as the template's",
    "epd.mailing.body_format": "begins as the template's",
}
# values of a new record, by number; every model that a role may create or write has its line
SAMPLES = {
    "epd.building": lambda t, n: {"name": f"Дом {n}"},
    "epd.service": lambda t, n: {"name": f"Услуга {n}", "code": f"x{n}", "uom_name": "м³"},
    "epd.tariff": lambda t, n: {
        "service_id": t.service_water.id,
        "date_from": f"{2031 + n}-01-01",
        "tariff": 38.2,
    },
    "epd.service.provision": lambda t, n: {
        "building_id": t.other_house.id,
        "service_id": t.service_water.id,
        "provider_id": t.company.partner_id.id,
        "payee_id": t.repair_payee.id,
        "date_from": f"{2031 + n}-01-01",
        "date_to": f"{2031 + n}-12-31",
    },
    "epd.period.rule": lambda t, n: {
        "date_from": f"{2051 + n}-01-01",
        "present_day": 5,
        "pay_day": 15,
        "basis": "закон",
    },
    "epd.billing.period": lambda t, n: {"date_start": f"{2031 + n}-01-01"},
    "epd.consumer.info": lambda t, n: {"period_id": t.later.id, "text": f"текст {n}"},
    "epd.personal.account": lambda t, n: {"number": f"99{n}", "building_id": t.building.id},
    "epd.delivery.address": lambda t, n: {
        "account_id": t.accounts[0].id,
        "email": f"typed{n}@example.com",
    },
    "epd.delivery.consent": lambda t, n: {"account_id": t.accounts[n].id, "basis": "заявление"},
    "epd.charge": lambda t, n: {
        "account_id": t.accounts[n].id,
        "period_id": t.later.id,
        "service_id": t.service_water.id,
        "amount": 10,
    },
    "epd.account.balance": lambda t, n: {
        "account_id": t.accounts[n].id,
        "period_id": t.later.id,
        "payee_id": t.office_payee.id,
    },
    "epd.meter.reading": lambda t, n: {
        "account_id": t.accounts[n].id,
        "period_id": t.later.id,
        "service_id": t.service_water.id,
        "meter_number": f"m{n}",
    },
    "epd.gis.placement": lambda t, n: {
        "account_id": t.accounts[n].id,
        "period_id": t.later.id,
        "form": "epd",
        "gis_document_id": f"{n}0AA123456789-01234",
    },
    "epd.account.list": lambda t, n: {"name": f"Список {n}"},
    "epd.billing.run": lambda t, n: {"period_id": t.later.id},
    "epd.message.template": lambda t, n: {"name": f"Шаблон {n}", "subject": "x", "body": "y"},
    "epd.unisender.account": lambda t, n: {
        "name": f"office{n}@example.com",
        "sender_name": "УК",
        "sender_email": "uk@example.com",
    },
    "epd.mailing": lambda t, n: {"subject": f"Тема {n}", "body": "x"},
    "epd.import.layout": None,  # comes from a checked file; written below
    "epd.import": lambda t, n: {"period_id": t.later.id, "kind": "charge"},
    "epd.import.column": None,  # comes from a file; written below
    "epd.receipt.import": lambda t, n: {"period_id": t.later.id},
    "epd.receipt.import.line": None,  # comes from an archive; written below
    "epd.paper.batch": lambda t, n: {"period_id": t.later.id},
    "epd.run.outlook": lambda t, n: {"run_id": t.billing_run.id, "operation": "prepare"},
}
NOT_LOADED = ("json", "binary", "many2many", "html")


class GuardCase(EpdCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.later = cls.env["epd.billing.period"].create(
            {"date_start": date(2026, 4, 1), "company_id": cls.company.id}
        )
        cls.foreign = cls.env["res.company"].create({"name": "ООО «Чужая УК»"})
        cls.billing_run = cls.env["epd.billing.run"].create({"period_id": cls.period.id})
        cls.other_house = cls.building.copy({"name": "Другой дом"})
        cls.env["epd.payment.document"]._unlocked().create(
            [
                {
                    "account_id": account.id,
                    "period_id": cls.later.id,
                    "company_id": cls.company.id,
                }
                for account in cls.accounts[:2]
            ]
        )
        cls.samples = {}
        for model, make in SAMPLES.items():
            if make:
                # a wizard is its maker's alone
                env = cls.env(user=cls.operator) if cls.env[model]._transient else cls.env
                cls.samples[model] = env[model].create(make(cls, 0))
        program = cls.env(su=True)
        cls.samples["epd.import.column"] = program["epd.import.column"].create(
            {"import_id": cls.samples["epd.import"].id, "index": 1}
        )
        cls.samples["epd.receipt.import.line"] = program["epd.receipt.import.line"].create(
            {"import_id": cls.samples["epd.receipt.import"].id, "name": "x.pdf"}
        )
        cls.samples["epd.import.layout"] = program["epd.import.layout"].create(
            {"name": "x", "kind": "charge", "signature": "f" * 64, "company_id": cls.company.id}
        )
        cls.env.flush_all()

    def _ours(self):
        return [
            model
            for name, model in self.env.items()
            if not model._abstract and name.startswith("epd.") and model._auto
        ]

    def _fields_of_ours(self):
        """Yield (model, field) of each stored field that the addon adds to any model."""
        for model in self.env.values():
            if model._abstract or not model._auto:
                continue
            for field in model._fields.values():
                ours = "epd_mailing" in field._modules
                if ours and field.store and field.name not in MAGIC_COLUMNS:
                    yield model, field

    def _who_may(self, model, operation):
        """Return the lowest role that may do something with a model, or none."""
        for user in (self.operator, self.manager):
            if model.with_user(user).has_access(operation):
                return user
        return None

    def _evil(self, model, name):
        """Return a value that nobody gave the field: not its default, nor what the program writes."""
        field, sample = model._fields[name], self.samples.get(model._name, model)[:1].sudo()
        now = sample[name]
        if field.type == "many2one":
            found = self.env[field.comodel_name].sudo().with_context(active_test=False)
            others = found.search([("id", "not in", now.ids)], limit=1, order="id desc")
            if sample:
                self.assertTrue(others, f"{model._name}.{name}: needs another {found._name}")
            return others.id or 1
        if field.type == "selection":
            default = model.sudo()._get_own_defaults([name]).get(name)
            keys = [key for key in field.get_values(self.env) if key not in (now, default)]
            return keys[-1]
        if field.type == "boolean":
            own = model.sudo()._get_own_defaults([name]).get(name)
            return not (now if sample else own)
        return {
            "integer": 77,
            "float": 77.0,
            "monetary": 77.0,
            "date": "2001-02-03",
            "datetime": "2001-02-03 04:05:06",
            "json": {"evil": 1},
            "binary": base64.b64encode(b"evil").decode(),
        }.get(field.type, "evil")

    def _took(self, record, name, evil):
        """Tell whether a value stands in the database."""
        record = record.sudo()
        self.env.flush_all()
        record.invalidate_recordset()
        field = record._fields[name]
        now = record.with_context(bin_size=False)[name]
        if field.type == "many2one":
            return now.id == evil
        if field.type == "binary":
            return bool(now)
        if field.type in ("date", "datetime"):
            return bool(now) and str(now) == evil
        return now == evil


@tagged("post_install", "-at_install", "epd_mailing")
class TestGuardDoors(GuardCase):
    """What is handed in is rejected or dropped; what a context says is never asked."""

    # --- what is guarded ----------------------------------------------------------------------------

    def test_every_model_has_the_guard_and_its_line_here(self):
        for model in self._ours():
            self.assertTrue(hasattr(model, "_find_rejected") or model._transient, model._name)
            writable = self._who_may(model, "write") or self._who_may(model, "create")
            if writable and (not model._transient or hasattr(model, "_find_rejected")):
                self.assertIn(model._name, SAMPLES, "a role may write it: give it a line here")

    def test_what_is_read_only_or_computed_is_guarded(self):
        for model, field in self._fields_of_ours():
            if model._transient or field.type == "one2many":
                continue
            name = f"{model._name}.{field.name}"
            guarded = hasattr(model, "_find_rejected") and field.name in model._get_guarded_names()
            if field.compute and not field.readonly:
                self.assertTrue(guarded or name in EDITABLE_COMPUTES, name)
            elif field.readonly:
                self.assertTrue(guarded, name)
            if guarded:
                # translations have a door of their own
                self.assertFalse(field.translate, name)

    def test_defaults_of_guarded_fields_are_their_own(self):
        for model in self._ours():
            if not hasattr(model, "_find_rejected"):
                continue
            program = model.sudo()._unlocked()
            for name in model._get_guarded_names():
                evil = self._evil(model, name)
                if model._fields[name].type != "binary":
                    self.env["ir.default"].set(model._name, name, evil, user_id=self.env.uid)
                own = program.default_get([name])
                given = program.with_context(**{f"default_{name}": evil}).default_get([name])
                self.assertEqual(given, own, f"{model._name}.{name}")
                self.assertNotEqual(own.get(name), evil, f"{model._name}.{name}")

    def test_no_rows_come_from_defaults(self):
        for model in self._ours():
            for name in model._fields:
                field = model._fields[name]
                if (
                    field.type != "one2many"
                    or model._transient
                    or not hasattr(model, "_is_unlocked")
                ):
                    continue
                rows = model.with_context(**{f"default_{name}": [[0, 0, {}]]})
                self.assertEqual(rows.default_get([name]), {}, f"{model._name}.{name}")

    # --- the doors -----------------------------------------------------------------------------------

    def _values(self, model, number=1):
        return SAMPLES[model._name](self, number)

    def _load(self, model, vals):
        cells = {}
        for name, value in vals.items():
            is_link = model._fields[name].type == "many2one"
            cells[f"{name}/.id" if is_link else name] = str(value)
        answer = model.load(list(cells), [list(cells.values())])
        if not answer["ids"]:
            raise UserError(str(answer["messages"]))
        return model.browse(answer["ids"])

    def _web_save(self, records, vals):
        answer = records.web_save(vals, {"id": {}})
        return records.browse(answer[0]["id"])

    def _command(self, model, sample, vals, user, new):
        """Yield (door, parent, values) for each parent that reaches the model by commands."""
        for parent_model in self.env.values():
            if parent_model._abstract or parent_model._transient or not parent_model._auto:
                continue
            for field in parent_model._fields.values():
                if field.type != "one2many" or field.comodel_name != model._name:
                    continue
                if field.compute or not field.inverse_name or not field.store:
                    continue
                inverse = model._fields[field.inverse_name]
                if inverse.type != "many2one" or not sample[field.inverse_name]:
                    continue
                parent = sample[field.inverse_name].with_user(user).with_context(self._context)
                if new and field.inverse_name in vals:
                    parent = parent.browse(vals[field.inverse_name])
                given = {key: value for key, value in vals.items() if key != field.inverse_name}
                command = Command.create(given) if new else Command.update(sample.id, vals)
                yield f"{parent._name}.{field.name}", parent, {field.name: [command]}

    @property
    def _context(self):
        return {"allowed_company_ids": self.company.ids}

    def _new_by_command(self, model, parent, vals):
        before = model.sudo().search([]).ids
        parent.write(vals)
        return model.sudo().search([("id", "not in", before)])

    def _doors_of_values(self, model, name, evil):
        """Yield (door, function that comes through it and returns the records)."""
        sample = self.samples[model._name].with_env(self.env)
        writer = self._who_may(model, "write")
        if writer:
            mine = sample.with_user(writer).with_context(self._context)
            yield "write", lambda: mine.write({name: evil}) and sample
            yield "web_save", lambda: self._web_save(mine, {name: evil})
            yield "web_save_multi", lambda: mine.web_save_multi([{name: evil}], {}) and sample
            if model._fields[name].type not in NOT_LOADED:
                yield (
                    "load of a known one",
                    lambda: self._load(mine.browse(), {"id": self._xmlid(sample), name: evil}),
                )
            for door, parent, vals in self._command(model, sample, {name: evil}, writer, False):
                yield (
                    f"update by {door}",
                    lambda parent=parent, vals=vals: parent.write(vals) and sample,
                )
        creator = self._who_may(model, "create")
        if creator and SAMPLES[model._name]:
            new = model.with_user(creator).with_context(self._context)
            given = self._values(model) | {name: evil}
            yield "create", lambda: new.create(given)
            yield "new by web_save", lambda: self._web_save(new, given)
            yield (
                "copy",
                lambda: (
                    sample.with_user(creator)
                    .with_context(self._context)
                    .copy(self._values(model, 2) | {name: evil})
                ),
            )
            if model._fields[name].type not in NOT_LOADED:
                yield "load", lambda: self._load(new, given)
            for door, parent, vals in self._command(model, sample, given, creator, True):
                yield (
                    f"create by {door}",
                    lambda parent=parent, vals=vals: self._new_by_command(model, parent, vals),
                )

    def _doors_of_context(self, model, evils):
        """The same for doors where the caller's context or own defaults say it: ``evils``, a value by field."""
        creator = self._who_may(model, "create")
        if not creator or not SAMPLES[model._name]:
            return
        sample = self.samples[model._name].with_env(self.env)
        context = {**self._context, **{f"default_{name}": evil for name, evil in evils.items()}}
        new, plain = (
            model.with_user(creator).with_context(context),
            model.with_user(creator).with_context(self._context),
        )
        given = self._values(model)
        yield "create", lambda: new.create(given)
        yield "web_save", lambda: self._web_save(new, given)
        yield "load", lambda: self._load(new, given)
        yield (
            "copy",
            lambda: sample.with_user(creator).with_context(context).copy(self._values(model, 2)),
        )
        label = model._fields.get(model._rec_name)
        if label and label.type == "char" and not label.compute:
            yield "name_create", lambda: self._name_create(new, given)
        for door, parent, vals in self._command(model, sample, given, creator, True):
            yield (
                f"create by {door}",
                lambda parent=parent, vals=vals: self._new_by_command(
                    model, parent.with_context(context), vals
                ),
            )
        own = {name: evil for name, evil in evils.items() if model._fields[name].type != "binary"}
        if own:
            yield "ir.default", lambda: self._with_own_defaults(plain, given, own)

    def _xmlid(self, record):
        self.env["ir.model.data"].sudo().create(
            {"module": "__test__", "name": record._name, "model": record._name, "res_id": record.id}
        )
        return f"__test__.{record._name}"

    def _name_create(self, model, given):
        """Create by a name alone; what else is required comes as people's defaults."""
        others = {f"default_{key}": value for key, value in given.items()}
        name = given.get(model._rec_name) or "имя 9"
        return model.browse(model.with_context(**others).name_create(str(name))[0])

    def _with_own_defaults(self, model, given, evils):
        defaults = self.env["ir.default"].with_user(model.env.user)
        for name, evil in evils.items():
            defaults.set(model._name, name, evil, user_id=True)
        return model.create(given)

    def _come_through(self, door):
        """Come through a door and go back; return (records' taken value?, exception)."""
        try:
            return door(), None
        except UserError as error:  # of access and validation too
            return None, error

    def test_no_door_takes_a_guarded_value(self):
        count = 0
        for name, model in ((name, self.env[name]) for name in SAMPLES):
            for field in sorted(model._get_guarded_names()):
                evil = self._evil(model, field)
                for door, come in self._doors_of_values(model, field, evil):
                    count += 1
                    with self.subTest(model=name, field=field, door=door), self._passing():
                        records, error = self._come_through(come)
                        if not error:
                            self.assertFalse(self._took(records, field, evil))
        self.assertGreater(count, 1000)

    def _tries_of_context(self, model):
        """Yield (door, function, evil values by field): all through each door, each alone through the first."""
        evils = {
            name: self._evil(model, name)
            for name in sorted(model._get_guarded_names())
            if not model._fields[name].groups  # nobody may name it in a context, see below
        }
        for door, come in self._doors_of_context(model, evils):
            yield door, come, evils
        for name, evil in evils.items():
            for door, come in islice(self._doors_of_context(model, {name: evil}), 1):
                yield door, come, {name: evil}

    def test_no_context_decides_a_guarded_value(self):
        count = 0
        for name, model in ((name, self.env[name]) for name in SAMPLES):
            for door, come, evils in self._tries_of_context(model):
                fields = ", ".join(evils)
                with self.subTest(model=name, door=door, fields=fields), self._passing(door):
                    records, error = self._come_through(come)
                    # it works as if nothing had been said
                    self.assertFalse(error)
                    self.assertTrue(records)
                    for field, evil in evils.items():
                        count += 1
                        self.assertFalse(self._took(records, field, evil), field)
        self.assertGreater(count, 500)

    def test_a_form_is_not_filled_by_a_context(self):
        for name, model in ((name, self.env[name]) for name, make in SAMPLES.items() if make):
            user = self._who_may(model, "create")
            for field in sorted(model._get_guarded_names()):
                if model._fields[field].groups or model._fields[field].type == "binary":
                    continue
                evil = self._evil(model, field)
                form = model.with_user(user).with_context(
                    **self._context, **{f"default_{field}": evil}
                )
                with self.subTest(model=name, field=field):
                    shown = form.onchange({}, [], {field: {}})["value"].get(field)
                    self.assertNotEqual(shown, evil)

    def test_every_door_is_open_for_what_people_enter(self):
        """The doors above reject for what is guarded, not because they could not be passed at all."""
        for name, make in SAMPLES.items():
            model = self.env[name]
            if not make or not self._who_may(model, "create"):
                continue
            new = model.with_user(self._who_may(model, "create")).with_context(self._context)
            given = self._values(model)
            doors = {
                "create": lambda new=new, given=given: new.create(given),
                "web_save": lambda new=new, given=given: self._web_save(new, given),
                "load": lambda new=new, given=given: self._load(new, given),
            }
            for door, come in doors.items():
                with self.subTest(model=name, door=door), self._passing():
                    self.assertTrue(come())

    def _passing(self, door=None):
        return _RolledBack(self.env, door == "ir.default")


class _RolledBack:
    """What is done inside leaves nothing behind."""

    def __init__(self, env, with_defaults):
        self.env = env
        self.with_defaults = with_defaults

    def __enter__(self):
        self.env.flush_all()
        self.savepoint = self.env.cr.savepoint(flush=False)
        self.savepoint.__enter__()
        self.mute = mute_logger("odoo.sql_db", "odoo.models", "odoo.addons.base.models.ir_rule")
        self.mute.__enter__()

    def __exit__(self, *error):
        self.mute.__exit__(None, None, None)
        self.env.clear()
        self.savepoint.close(rollback=True)
        if self.with_defaults:  # kept in a cache, which knows no savepoint
            self.env.registry.clear_cache()
        return False
