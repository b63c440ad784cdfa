"""A small invented office to look at: put in beside the real ones, and taken out without a trace."""

import csv
import io
from calendar import monthrange

from dateutil.relativedelta import relativedelta
from lxml import etree
from odoo import SUPERUSER_ID, Command, api, fields
from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.models import BaseModel
from odoo.tools import (
    SQL,
    convert_csv_import,
    convert_xml_import,
    file_open,
    topological_sort,
)

from ..core.res_company import SAMPLE

SPACE = "__epd_sample__"  # whose external ids they are: of no module, so no update looks for them
FOLDER = "epd_mailing/demo"
HOUSE_FILE = "demo_house.xml"
# as the manifest loads them for the demo house
FILES = (
    "res.partner.csv",
    "epd.service.csv",
    "epd.service.provision.csv",
    "epd.personal.account.csv",
    "epd.delivery.address.csv",
    "epd.delivery.consent.csv",
    "epd.charge.csv",
    "epd.account.balance.csv",
    "epd.meter.reading.csv",
)
MONTHS = ("demo_period_2026_02", "demo_period_2026_03")
LAST_MONTH = fields.Date.to_date("2026-03-01")
# what of the demo house is taken; the rest of that file is the demo's own company and people
DEMO_RECORDS = (
    "demo_bank",
    "demo_payee_office",
    "demo_payee_repair",
    "demo_building",
    "demo_info_2026_03",
    "demo_unisender_account",
    *MONTHS,
)
# accounts of each entrance of the demo house; the second one is a house of its own here
ENTRANCES = {"1": 14, "2": 10}
SECOND = "demo_building_second"
OFFICE, OFFICE_PARTNER = "demo_office", "demo_office_partner"
CREATED = "made_"  # begins the external ids of what comes with any company
SHIFTED = ("date_close", "paid_through", "read_on", "date_start")
# what a person takes for theirs, in the order in which it is counted; the rest is one number
COUNTED = (
    "epd.building",
    "epd.service",
    "epd.personal.account",
    "res.partner",
    "epd.charge",
    "epd.account.balance",
    "epd.account.payment",
    "epd.meter.reading",
    "epd.billing.run",
    "epd.payment.document",
    "epd.mailing",
    "epd.mailing.letter",
    "epd.paper.batch",
    "epd.import",
    "epd.message.template",
)


class _NamedBytes(io.BytesIO):
    """What Odoo's loader takes for an open file."""

    name = HOUSE_FILE


def shift_date(text, months):
    """Move a date by whole months; the last day of a month stays the last.

    :param text: a date as Odoo's files have it, or nothing
    :param int months:
    :return: the text of the date
    """
    if not text:
        return text
    day = fields.Date.to_date(text)
    moved = day + relativedelta(months=months)
    if day.day == monthrange(day.year, day.month)[1]:
        moved += relativedelta(day=31)
    return fields.Date.to_string(moved)


class SampleFiles:
    """The files of the demo house, cut down and moved to the last two months.

    :param date today: of the office
    :param bool has_russian: whether the database has the language; without it nobody speaks it
    """

    def __init__(self, today, has_russian):
        self.has_russian = has_russian
        last = today + relativedelta(months=-1, day=1)
        self.months = (last.year - LAST_MONTH.year) * 12 + last.month - LAST_MONTH.month
        with file_open(f"{FOLDER}/{HOUSE_FILE}", "rb") as file:
            self.house = etree.parse(file, etree.XMLParser(remove_comments=True)).getroot()
        left = dict(ENTRANCES)
        self.accounts = {}
        for row in self._read_rows("epd.personal.account.csv"):
            if left.get(row["entrance"], 0) > 0:
                left[row["entrance"]] -= 1
                self.accounts[row["id"]] = row

    @staticmethod
    def _read_rows(name):
        with file_open(f"{FOLDER}/{name}", "r") as file:
            return list(csv.DictReader(file))

    def get_texts(self, record_id):
        """Return ``{field: text}`` of a record of the house's file: those that are plain texts."""
        record = self.house.find(f"record[@id='{record_id}']")
        texts = {
            field.get("name"): field.text
            for field in record.iter("field")
            if field.text and field.text.strip() and set(field.attrib) == {"name"}
        }
        if not self.has_russian:
            texts.pop("lang", None)
        return texts

    def build_house(self):
        """Return the XML of what is taken of the house, as Odoo's loader reads it."""
        root = etree.Element("odoo")
        for record in self.house.findall("record"):
            if record.get("id") not in DEMO_RECORDS:
                continue
            root.append(record)
            for field in record.iter("field"):
                if field.get("ref") in ("base.main_partner", "base.main_company"):
                    own = OFFICE if field.get("ref").endswith("company") else OFFICE_PARTNER
                    field.set("ref", own)
                if field.get("name") in SHIFTED:
                    field.text = shift_date(field.text, self.months)
        return etree.tostring(root)

    def build_rows(self, name):
        """Return the text of one of ``FILES`` with the rows that are taken."""
        rows = self._read_rows(name)
        titles = [title for title in rows[0] if title != "lang" or self.has_russian]
        partners = {row["partner_id:id"] for row in self.accounts.values()}
        taken = []
        for row in rows:
            account = row["id"] if name == "epd.personal.account.csv" else row.get("account_id:id")
            if account and account not in self.accounts:
                continue
            if row.get("period_id:id", MONTHS[0]) not in MONTHS:
                continue
            if name == "res.partner.csv" and row["id"] not in partners:
                continue
            if row.get("entrance") == "2":
                row |= {"building_id:id": SECOND, "entrance": "1"}
            for title in SHIFTED:
                if row.get(title):
                    row[title] = shift_date(row[title], self.months)
            taken.append(row)
            if name == "epd.service.provision.csv":
                taken.append({**row, "id": f"{row['id']}_second", "building_id:id": SECOND})
        out = io.StringIO()
        writer = csv.DictWriter(out, titles, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(taken)
        return out.getvalue().replace("base.main_partner", OFFICE_PARTNER)


class SampleOffice:
    """Puts the sample office in, tells what stands in it, and takes it out.

    The sample is a company of its own, so that what is the user's is never touched: whatever
    belongs to that company goes with it.

    :param env: of the manager
    """

    def __init__(self, env):
        self.user = env.user
        # as Odoo loads and removes data, and without what the caller's context says
        self.env = api.Environment(env.cr, SUPERUSER_ID, {"lang": env.lang, "tz": env.user.tz})

    def find(self):
        """Return the company of the sample, or none."""
        companies = self.env["res.company"].with_context(active_test=False)
        return companies.search([("epd_is_sample", "=", True)], limit=1)

    def _lock(self):
        """Let nobody else put the sample in or take it out until this transaction ends.

        Waiting would not help: what the other one wrote is not seen by a transaction begun before.
        """
        query = SQL("SELECT pg_try_advisory_xact_lock(hashtext(%s))", SPACE)
        if not self.env.execute_query(query)[0][0]:
            raise UserError(
                self.env._(
                    "Somebody else is putting the sample office in or taking it out right now. Try "
                    "again in a minute."
                )
            )

    # --- in ---------------------------------------------------------------------------------------

    def put_in(self):
        """Create the office, unless there is one, and let the user into it.

        :return: its ``res.company``
        :raise UserError: when somebody else puts it in or takes it out right now
        """
        self._lock()
        company = self.find()
        if not company:
            company = self._create_company()
            self._load(company)
        if company not in self.user.company_ids:
            self.env["res.users"].browse(self.user.id).company_ids = [Command.link(company.id)]
        return company

    def _create_company(self):
        files = SampleFiles(self.user.company_id._epd_today(), self._has_russian())
        texts = files.get_texts("base.main_partner")
        rub = self.env.ref("base.RUB")
        was_active = rub.active
        # it stands on paper, in Russian whoever puts the sample in
        russian = self.env(context={**self.env.context, "lang": self._get_lang()})
        name = russian._("Sample: %s", texts.pop("name"))
        company = (
            self.env["res.company"]
            .with_context(epd_sample=SAMPLE)
            .create(
                {
                    "name": name,
                    "currency_id": rub.id,
                    "epd_is_sample": True,
                    "epd_setup_closed": True,
                    "epd_tz": "Europe/Moscow",
                    "epd_phone_dispatch": files.get_texts("base.main_company")[
                        "epd_phone_dispatch"
                    ],
                }
            )
        )
        # by the contact: a company with a country would have Odoo install a chart of accounts
        # its contact is its own: nobody else is offered the invented bank accounts that hang on it
        company.partner_id.write(
            {**texts, "country_id": self.env.ref("base.ru").id, "company_id": company.id}
        )
        self._name(
            {OFFICE: company, OFFICE_PARTNER: company.partner_id, **self._find_created(company)}
        )
        if not was_active:
            self._name({"activated_currency": rub})
        return company.with_env(self.env)

    def _find_created(self, company):
        """Return ``{name: record}`` of what other applications made for the company, of no company.

        Odoo's ``account`` makes a sequence of payments, say. What has a company goes with it anyway.
        """
        return {
            f"{CREATED}{name}": record
            for name, field in company._fields.items()
            if field.type == "many2one"
            and field.store
            and (record := company[name])
            and record not in (company.partner_id, company)
            and record.create_date == company.create_date  # in this very transaction
            and not ("company_id" in record._fields and record.company_id)
        }

    def _has_russian(self):
        return bool(self.env["res.lang"]._lang_get("ru_RU"))

    def _get_lang(self):
        """Return the language of what is made: Russian, where the database has it."""
        return "ru_RU" if self._has_russian() else self.env.lang

    def _name(self, records):
        self.env["ir.model.data"]._update_xmlids(
            [
                {"xml_id": f"{SPACE}.{name}", "record": record, "noupdate": True}
                for name, record in records.items()
            ]
        )

    def _load(self, company):
        env = self.env(
            context={
                **self.env.context,
                "allowed_company_ids": company.ids,
                "lang": self._get_lang(),
            }
        )
        files = SampleFiles(company._epd_today(), self._has_russian())
        convert_xml_import(env, SPACE, _NamedBytes(files.build_house()), {}, "init", noupdate=True)
        first = env.ref(f"{SPACE}.demo_building")
        self._name({SECOND: first.copy({"name": first.name.replace("д. 10", "д. 12")})})
        for name in FILES:
            rows = files.build_rows(name).encode()
            convert_csv_import(env, SPACE, name, rows, {}, "init", noupdate=True)
        env["epd.message.template"]._add_standard(company.with_env(env))
        env.ref(f"{SPACE}.{MONTHS[-1]}")._set_current()

    # --- what stands in it --------------------------------------------------------------------------

    def count_typed(self):
        """Return ``{model: number}`` of what came into the sample after it was put in.

        Only of models that people work with; what else came is counted under the empty text.
        """
        company = self.find()
        counts = {}
        for model, records in self._find_rows(company):
            later = records.filtered(lambda row: row.create_date > company.create_date)
            if later and not self.env[model]._transient:
                shown = model if model in COUNTED else ""
                counts[shown] = counts.get(shown, 0) + len(later)
        return {name: counts[name] for name in (*COUNTED, "") if name in counts}

    def _find_models(self):
        """Return names of the models whose rows belong to a company: first who points at others."""
        owned = {
            name
            for name, model in self.env.registry.items()
            if model._auto
            and not model._abstract
            and name not in ("res.users", "ir.attachment")
            and (field := model._fields.get("company_id"))
            and field.store
            and field.comodel_name == "res.company"
        }
        pointing = {name: set() for name in owned}
        for name in sorted(owned):
            for field in self.env[name]._fields.values():
                if field.type != "many2one" or not field.store or field.comodel_name not in owned:
                    continue
                if field.ondelete != "set null" and field.comodel_name != name:
                    pointing[field.comodel_name].add(name)
        return topological_sort(dict(sorted(pointing.items())))

    def _find_rows(self, company):
        """Yield ``(model, records)`` of the company, in the order in which they can be deleted."""
        kept = self._find_kept_partners(company)
        for name in self._find_models():
            model = self.env[name].with_context(active_test=False)
            domain = Domain("company_id", "=", company.id)
            if name == "res.partner.bank":  # Odoo gives them the company of their holder's card
                domain |= Domain("partner_id", "=", company.partner_id.id)
            if name == "res.partner":
                records = self._find_partners(company) - kept - company.partner_id
            else:
                records = model.search(domain)
            if records:
                yield name, records

    def _find_partners(self, company):
        """Return contacts of the sample, and their people: Odoo gives those no company."""
        partners = self.env["res.partner"].with_context(active_test=False)
        own = partners.search([("company_id", "=", company.id)]) | company.partner_id
        return own | partners.search([("id", "child_of", own.ids), ("company_id", "=", False)])

    def _find_kept_partners(self, company):
        """Return contacts of the sample that are needed elsewhere: they stay, of nobody's company."""
        own = self._find_partners(company)
        named = own.browse().union(
            *(rows[name] for rows, name in self._find_naming(own - company.partner_id, company))
        )
        return (
            (own & named)
            | own.filtered(lambda partner: partner.with_context(active_test=False).user_ids)
            | own.filtered(lambda partner: partner.epd_company_ids)
        )

    def _find_naming(self, records, company):
        """Yield ``(rows, field name)`` of what other companies, or none, have that names the records.

        Contacts and bank accounts do not count: those of a contact go with it.
        """
        for model in self._find_models():
            if model in ("res.partner", "res.partner.bank") or self.env[model]._transient:
                continue
            for name, field in self.env[model]._fields.items():
                if not (field.type == "many2one" and field.store):
                    continue
                if field.comodel_name != records._name:
                    continue
                rows = self.env[model].with_context(active_test=False)
                rows = rows.search([(name, "in", records.ids), ("company_id", "!=", company.id)])
                if rows:
                    yield rows, name

    # --- out --------------------------------------------------------------------------------------

    def take_out(self):
        """Delete the company of the sample and all that belongs to it, whatever state it is in.

        :raise UserError: when somebody has no other company than the sample, another company pays
            through it, or somebody else puts it in or takes it out right now
        """
        self._lock()
        company = self.find()
        if not company:
            return
        self._check_unnamed(company)
        self._let_users_out(company)
        partner = company.partner_id
        currency = self.env.ref(f"{SPACE}.activated_currency", raise_if_not_found=False)
        bank = self.env.ref(f"{SPACE}.demo_bank", raise_if_not_found=False)
        self._let_rows_go(company)
        self._find_kept_partners(company).company_id = False
        for _model, records in self._find_rows(company):
            self._delete(records)
        self._delete_files(company)
        made = self.env["ir.model.data"].search(
            [("module", "=", SPACE), ("name", "=like", f"{CREATED}%")]
        )
        self._delete(company)
        self._delete(partner)
        for row in made:
            self._delete(self.env[row.model].browse(row.res_id).exists())
        if bank and not bank._epd_get_payees():
            self._delete(bank)
        self._forget_in_fields(company.id)
        self.env["ir.model.data"].search([("module", "=", SPACE)]).unlink()
        if currency and not self.env["res.company"].search_count(
            [("currency_id", "=", currency.id)]
        ):
            currency.active = False
        self.env.registry.clear_cache()

    def _let_rows_go(self, company):
        """Have the company name none of its own rows any more, those of other applications too.

        With Odoo's ``resource`` (``stock`` brings it) a company names its working hours.
        """
        owned = set(self._find_models())
        company.write(
            {
                name: False
                for name, field in company._fields.items()
                if field.type == "many2one"
                and field.store
                and field.comodel_name in owned
                and not field.required
                and company[name]
            }
        )

    def _delete(self, records):
        """Delete rows past the checks that keep what is proof of something: here it is none."""
        records = records.with_context(**{MODULE_UNINSTALL_FLAG: True})
        if records._name != "res.partner.bank":
            records.unlink()
            return
        # Odoo's own only archives them (odoo/addons/base/models/res_bank.py, 19.0, seen 2026-11),
        # and what hangs on them would stay when their holder goes
        for model, name in (
            ("mail.message", "model"),
            ("mail.followers", "res_model"),
            ("mail.activity", "res_model"),
        ):
            self.env[model].search(
                [(name, "=", records._name), ("res_id", "in", records.ids)]
            ).unlink()
        BaseModel.unlink(records)

    def _forget_in_fields(self, company_id):
        """Drop what fields of others hold for this company (``company_dependent``)."""
        self.env.flush_all()
        for model in self.env.registry.values():
            if not model._auto or model._abstract:
                continue
            for field in model._fields.values():
                if field.company_dependent and field.store:
                    self.env.cr.execute(
                        SQL(
                            "UPDATE %(table)s SET %(column)s = NULLIF(%(column)s - %(key)s, '{}')"
                            " WHERE %(column)s -> %(key)s IS NOT NULL",
                            table=SQL.identifier(model._table),
                            column=SQL.identifier(field.name),
                            key=str(company_id),
                        )
                    )
        self.env.invalidate_all()

    def _delete_files(self, company):
        """Delete the files of the sample.

        Odoo gives a file the company at work, not that of its record: one on a record that stays is
        the user's, and stays with it.
        """
        files = self.env["ir.attachment"].with_context(active_test=False)
        # both: without a word of the field those of fields are not found
        either = ["|", ("res_field", "=", False), ("res_field", "!=", False)]
        files = files.search([("company_id", "=", company.id), *either])
        kept = files.browse()
        gone = {"res.company": company, "res.partner": company.partner_id}
        for model, of_model in files.grouped("res_model").items():
            if not model or model not in self.env:
                continue
            there = self.env[model].browse(set(of_model.mapped("res_id")) - {0}).exists()
            there = set(there.ids) - set(gone.get(model, company.browse()).ids)
            kept |= of_model.filtered(lambda file, there=there: file.res_id in there)
        kept.company_id = False
        self._delete(files - kept)

    def _check_unnamed(self, company):
        """:raise UserError: when another company names the sample itself or its bank accounts"""
        banks = self.env["res.partner.bank"].with_context(active_test=False)
        banks = banks.search(
            ["|", ("company_id", "=", company.id), ("partner_id", "=", company.partner_id.id)]
        )
        kept = self._find_kept_partners(company) - company.partner_id
        banks = banks.filtered(lambda bank: bank.partner_id not in kept)
        for records in (banks, company.partner_id):
            for rows, _name in self._find_naming(records, company):
                raise UserError(
                    self.env._(
                        "%(model)s “%(row)s” of your own company names the sample office or its bank "
                        "account. Choose your own there first.",
                        model=self.env["ir.model"]._get(rows._name).name,
                        row=rows[0].display_name,
                    )
                )

    def _let_users_out(self, company):
        """Take the company from its users; whoever has it as their main one goes back to another."""
        users = self.env["res.users"].with_context(active_test=False)
        for user in users.search([("company_ids", "in", company.ids)]):
            others = user.company_ids - company
            if user.company_id == company:
                if not others:
                    raise UserError(
                        self.env._(
                            "%s works in the sample office alone. Give them another company first "
                            "(“Settings”, “Users”).",
                            user.name,
                        )
                    )
                user.company_id = others[0]
            user.company_ids = [Command.unlink(company.id)]
