"""Every model × role × operation, as the table of ``docs/security.md`` has it."""

from contextlib import contextmanager, suppress
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from ..rights_table import OPERATIONS, read_rights
from .test_access import AccessCase

CORE = ("res.partner", "res.partner.bank", "res.bank")
# what a record of the house is called: none of it may reach another company
# what tells whose a record is, required or not
OF_THE_HOUSE = ("company_id", "document_id", "period_id", "unisender_account_id")
TEXT_FIELDS = ("char", "text", "html")
# nothing it could be opened for in the small house
WITHOUT_RECORD = ("epd.receipt.send",)
# what a required text must look like
SAMPLES = {"gis_document_id": "75да533315-01-6031", "email": "x@example.com", "digest": "0" * 64}


@tagged("post_install", "-at_install", "epd_mailing")
class TestRights(AccessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rights = read_rights()
        cls.other = cls.env["res.company"].create({"name": "ООО «Чужая УК»"})
        cls.users = {
            "operator": [cls.operator],
            "manager": [cls.manager],
            "administrator": [
                new_test_user(
                    cls.env,
                    "epd_admin",
                    "base.group_user,base.group_system",
                    company_id=cls.company.id,
                    company_ids=[(6, 0, cls.company.ids)],
                )
            ],
            "internal": [cls._make_user("epd_internal", "base.group_user")],
            "nobody": [
                cls._make_user("epd_portal", "base.group_portal"),
                cls._make_user("epd_public", "base.group_public"),
            ],
            "company B": [
                new_test_user(
                    cls.env,
                    f"epd_b_{role}",
                    f"epd_mailing.group_epd_{role}",
                    company_id=cls.other.id,
                    company_ids=[(6, 0, cls.other.ids)],
                )
                for role in ("operator", "manager")
            ],
        }
        for role in ("operator", "manager", "company B", "administrator", "internal"):
            for user in cls.users[role]:
                user.group_ids += cls.env.ref("base.group_allow_export")
        # asked for before each call, and a savepoint that goes back forgets them
        cls.companies = {
            user: user.company_ids.ids for users in cls.users.values() for user in users
        }
        cls.secrets = cls._read_secrets()
        cls.made = {}
        cls.records = {name: cls._get_record(name) for name in cls._all_models()}

    @classmethod
    def _all_models(cls):
        ours = [name for name in cls.env if name.startswith("epd.") and not cls.env[name]._abstract]
        return [*sorted(ours), *CORE]

    # --- a record of each model, of the house's company -------------------------------------------

    @classmethod
    def _get_record(cls, name):
        """Return a record of the house of this model, made of what is required when there is none."""
        if name in cls.made:
            return cls.made[name]
        fixed = {
            "res.partner": cls.accounts[0].partner_id,
            "res.partner.bank": cls.office_payee,
            "res.bank": cls.bank,
            "res.company": cls.company,
            "res.users": cls.operator,
            "epd.personal.account": cls.accounts[0],
            "epd.account.list": cls.env["epd.account.list"].create({"name": "Список дома"}),
        }
        model = cls.env[name].sudo()
        record = fixed.get(name)
        if not record and not model._transient:
            domain = [("company_id", "=", cls.company.id)] if "company_id" in model._fields else []
            record = model.search(domain, limit=1)
        if not record and model._auto:
            with suppress(UserError), cls.env.cr.savepoint():  # a wizard for what is not there
                made = model.with_context(**cls._open(model)).create(cls._get_required(model))
                cls.env.flush_all()
                record = made
        cls.made[name] = record.sudo(False).with_context({}) if record else model.sudo(False)
        return cls.made[name]

    @classmethod
    def _open(cls, model):
        unlocked = getattr(model, "_unlocked", None)
        return dict(unlocked().env.context) if unlocked else {}

    @classmethod
    def _get_required(cls, model):
        vals = {}
        for name, field in model._fields.items():
            wanted = field.required or name in OF_THE_HOUSE
            if not (wanted and field.store) or field.compute and not field.related:
                continue
            if field.related and field.readonly or name in ("id", "create_uid", "write_uid"):
                continue
            if field.type == "many2one":
                vals[name] = cls._get_record(field.comodel_name).id
            elif field.default is not None:
                continue
            elif field.type == "selection":
                vals[name] = field.get_values(model.env)[0]
            elif field.type in TEXT_FIELDS:
                vals[name] = SAMPLES.get(name, "{}")
            elif field.type == "date":
                vals[name] = fields.Date.today()
            elif field.type == "datetime":
                vals[name] = fields.Datetime.now()
            elif field.type in ("integer", "float", "monetary"):
                vals[name] = 1
            else:
                vals[name] = b"AAAAAAAAAAA="  # a file
        return vals

    # --- the table ---------------------------------------------------------------------------------

    def test_each_model_is_in_the_table(self):
        self.assertEqual(set(self.rights), set(self._all_models()))

    def test_each_model_has_a_record_to_try_on(self):
        views = [name for name in self.records if not self.env[name]._auto]
        missing = {name for name, record in self.records.items() if not record}
        self.assertLessEqual(missing, {*views, *WITHOUT_RECORD})

    def _cells(self):
        """Yield (model, role, user, letters)."""
        for name in self._all_models():
            for role, users in self.users.items():
                for user in users:
                    yield name, role, user, self.rights.get(name, {}).get(role, "")

    def _as(self, user, record):
        return record.with_user(user).with_context(allowed_company_ids=self.companies[user])

    @contextmanager
    def _plain_errors(self):
        """Refuse as ever, with no words for a person: working out which rule it was takes longer than all else."""

        def by_rules(_rules, operation, records):
            # as the long one does: they were read to be judged
            records.invalidate_recordset()
            return AccessError(operation)

        def by_rights(_rights, _model, operation):
            return AccessError(operation)

        with (
            patch.object(self.registry["ir.rule"], "_make_access_error", by_rules),
            patch.object(self.registry["ir.model.access"], "_make_access_error", by_rights),
        ):
            yield

    @contextmanager
    def _each_refusal_worded_once(self):
        """Refuse in full words, worked out once for a user and what is refused: each door refuses the same records."""
        rules = self.registry["ir.rule"]
        word, worded = rules._make_access_error, {}

        def make_error(rule, operation, records):
            env = records.env
            context = env.context.get("lang"), tuple(env.context.get("allowed_company_ids", ()))
            key = env.uid, context, operation, records._name, records._ids
            if key not in worded:
                worded[key] = str(word(rule, operation, records))
            # as the long one does: they were read to be judged
            records.invalidate_recordset()
            return AccessError(worded[key])

        with patch.object(rules, "_make_access_error", make_error):
            yield

    def test_the_four_operations(self):
        self.enterContext(self._plain_errors())
        for name, role, user, letters in self._cells():
            record = self._as(user, self.records[name])
            own = self.env[name]._transient and role in ("operator", "manager")
            if name in CORE and role == "nobody":
                continue  # Odoo's own rules
            for letter, operation in OPERATIONS.items():
                with self.subTest(model=name, user=user.login, operation=operation):
                    if role == "company B" and operation == "create":
                        continue  # in their own company: see below
                    if name in WITHOUT_RECORD and role == "company B":
                        continue  # a wizard of their own
                    if own and record:
                        self.assertTrue(record.browse().has_access(operation))
                        with self.assertRaises(AccessError):  # of somebody else
                            record.check_access("read")
                    elif operation == "create" or not record:
                        self.assertEqual(record.browse().has_access(operation), letter in letters)
                    elif role == "company B" and name in CORE[1:] and operation != "read":
                        self._refuses(record, operation)
                    else:
                        self.assertEqual(record.has_access(operation), letter in letters)
                        if letter not in letters:
                            self._refuses(record, operation)

    def _refuses(self, record, operation):
        """Do it in earnest: it has to be refused."""
        texts = [
            key
            for key, field in record._fields.items()
            if field.store and field.type == "char" and not field.readonly and key != "login"
        ]
        calls = {
            "read": lambda: record.read(["display_name"]),
            "write": lambda: record.write({(texts or ["display_name"])[0]: "x"}),
            "create": lambda: record.create({}),
            "unlink": lambda: record.unlink(),
        }
        with self.assertRaises(UserError):  # it goes back by itself
            calls[operation]()

    def test_company_b_creates_nothing_in_the_house(self):
        for user in self.users["company B"]:
            for name in self._all_models():
                model, record = self._as(user, self.env[name]), self.records[name]
                if name in CORE or not record or model._transient:
                    continue
                self.env.invalidate_all()
                vals = {
                    key: value.id if hasattr(value, "ids") else value
                    for key in self._get_required(model)
                    if (value := record[key]) is not None
                }
                with self.subTest(model=name, user=user.login):
                    made = model.browse()
                    with (
                        suppress(UserError, IntegrityError),  # an AccessError is a UserError
                        mute_logger("odoo.sql_db"),
                        self.env.cr.savepoint(),
                    ):
                        made = model.create(vals)
                    if made and "company_id" in made._fields:
                        self.assertNotEqual(made.sudo().company_id, self.company)
                    self.assertFalse(made and "company_id" not in made._fields)

    def test_what_follows_from_reading(self):
        """Grouping, exporting, searching by name, attachments: they go with ``r``, and rows with rules."""
        files = {
            name: self.env["ir.attachment"].create(
                {"name": "тайна.txt", "raw": b"secret", "res_model": name, "res_id": record.id}
            )
            for name, record in self.records.items()
            if record
        }
        self.env.flush_all()
        self.enterContext(self._plain_errors())
        for name, role, user, letters in self._cells():
            if name in CORE and role in ("nobody", "administrator", "internal"):
                continue  # Odoo's own rules
            record = self._as(user, self.records[name])
            readable = "r" in letters and not self.env[name]._transient
            with self.subTest(model=name, user=user.login):
                found = self._find_by_reading(record)
                if readable and record:
                    self.assertEqual(found, {"group", "export", "name", "search"})
                else:
                    self.assertEqual(found, set())
                if name in files:
                    # of a payee's account the guard keeps the requisites alone
                    writable = "w" in letters or name in CORE[1:]
                    self._check_file(self._as(user, files[name]), readable, writable)

    def _find_by_reading(self, record):
        """Return the ways in which the record is found."""
        model, ids, found = record.browse(), record.ids, set()
        domain = [("id", "in", ids)]
        ways = {
            "search": lambda: model.search(domain),
            "group": lambda: model._read_group(domain, [], ["__count"])[0][0],
            "name": lambda: ids and model.name_search("", domain),
            "export": lambda: ids and record.export_data(["display_name"])["datas"],
        }
        for way, call in ways.items():
            # nothing is written, so nothing goes back: it is enough that each way reads for itself
            record.invalidate_recordset()
            with suppress(UserError):  # an AccessError is one
                if call():
                    found.add(way)
        return found

    def _check_file(self, file, readable, writable):
        with suppress(AccessError):
            self.assertEqual(file.read(["raw"])[0]["raw"], b"secret")
            self.assertTrue(readable, "the attachment is read")
        with suppress(AccessError, UserError), self.env.cr.savepoint():
            file.copy({"name": "лишнее.txt"})
            self.assertTrue(readable and writable, "an attachment is added")

    # --- names -------------------------------------------------------------------------------------

    @classmethod
    def _read_secrets(cls):
        payers = cls.accounts.partner_id
        texts = [*payers.mapped("name"), *payers.mapped("email"), cls.building.name]
        return [text for text in texts if text]

    def test_no_name_comes_out_through_a_relation(self):
        """Company B puts ids of the house into every relation of every model, over every door."""
        self.enterContext(self._each_refusal_worded_once())
        for user in self.users["company B"]:
            for name in self._all_models():
                if name in CORE:
                    continue  # forms of Odoo's own
                model = self._as(user, self.env[name])
                for key, field in model._fields.items():
                    if field.type not in ("many2one", "many2many") or field.related:
                        continue
                    target = self.records.get(field.comodel_name)
                    if not target or field.comodel_name in ("res.company", "res.bank"):
                        continue
                    with self.subTest(model=name, field=key, user=user.login):
                        self._try_relation(model, field, target.id)

    def _try_relation(self, model, field, target):
        key, single = field.name, field.type == "many2one"
        value = target if single else [(6, 0, [target])]
        spec = {key: {"fields": {"display_name": {}}}}
        default = model.with_context(**{f"default_{key}": target if single else [target]})
        required = self._get_required_of_b(model)
        doors = {
            "create": lambda: model.create({**required, key: value}).read([key]),
            "web_save": lambda: model.web_save({**required, key: value}, spec),
            "default": lambda: default.create(
                {name: each for name, each in required.items() if name != key}
            ).web_read(spec),
            "onchange": lambda: model.onchange({key: value}, [key], spec),
            "onchange default": lambda: default.onchange({}, [], spec),
        }
        for door, call in doors.items():
            try:
                with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                    answer = call()
            except (UserError, MissingError) as error:
                answer = str(error)
            except Exception as error:  # a fault of the data tried, it must tell nothing either
                answer = str(error)
            for secret in self.secrets:
                self.assertNotIn(secret, str(answer), door)

    def _get_required_of_b(self, model):
        """Return values that are not of the house, as far as they can be told without records."""
        vals = {}
        for name, value in self._get_required(model).items():
            if model._fields[name].type == "many2one":
                if name == "company_id":
                    vals[name] = self.other.id
            else:
                vals[name] = value
        return vals
