"""What a record speaks of → our records: accounts, buildings, services, payees.

Accounts are known by their number alone, never by a person's name: two people may have one name,
and nobody is to get another's receipt.
"""

import re
from typing import NamedTuple

from odoo.addons.base.models.res_bank import sanitize_account_number
from odoo.tools import SQL

from ....tools.address_text import read_addresses

# ЕЛС, and ИЖКУ which is ЕЛС and the number of the provider's bill
_GIS_NUMBER = re.compile(r"\d\d[^\W\d_]{2}\d{6}(?:-\d\d)?")
_LEGAL_FORM = re.compile(
    r"^(ООО|АО|ПАО|ОАО|ЗАО|НКО|АНО|ФГУП|ГУП|МУП|МБУ|ГБУ|МКУ|ГКУ|МБОУ|МБДОУ|ГБУЗ|ТСЖ|ТСН|ЖСК)\b",
    re.IGNORECASE,
)
# what a record may say of an account itself
ACCOUNT_VALUES = (
    "premises", "premises_kind", "entrance", "floor", "area", "residents", "unified_number",
    "gis_service_id", "date_close", "channel",
)  # fmt: skip


def fold_name(text):
    """Return a name or an address as compared: lower case, ё as е, without marks and spaces.

    Between two figures one mark stays: house 1/1 is not house 11, service 1.1 not service 11.
    """
    text = (text or "").casefold().replace("ё", "е")
    text = re.sub(r"(?<=\d)[\W_]+(?=\d)", "/", text)
    return re.sub(r"[^\w/]+|_|(?<!\d)/|/(?!\d)", "", text)


def fold_person(name):
    """Return the words of a person's name, to compare it whatever its case and spaces."""
    return (name or "").casefold().split()


def type_in_addresses(env, account, text, dry=False):
    """Add the addresses of a text to an account without a payer; return whether there are new ones.

    :param account: ``epd.personal.account``
    :param text: as given; a misspelt one adds nothing
    :param dry: only tell
    """
    live = account.address_ids.filtered(lambda address: address.state != "closed")
    new = [
        normal
        for normal in read_addresses(text).normals
        if normal not in live.mapped("email_normalized")
    ]
    if new and not dry:
        env["epd.delivery.address"]._type_in(account, ", ".join(new))
    return bool(new)


class Account(NamedTuple):
    """A personal account as lines need it; ``id`` is 0 for one that is still to be created."""

    id: int
    number: str
    building_id: int


class Service(NamedTuple):
    """A service as lines need it; ``id`` is 0 for one that is still to be created."""

    id: int
    name: str
    kind: str
    sequence: int


class Matcher:
    """Finds what records speak of, creates what the target allows; remembers it from slice to slice.

    :param problems: list that problems are added to
    :param dry: nothing is created; what would be stands as an empty record
    """

    def __init__(self, env, target, problems, dry):
        self.env, self.target, self.problems, self.dry = env, target, problems, dry
        self.company = target.company
        self.planned = []  # (what, name, row) of what a check found to be created
        self.forget(set())

    def forget(self, warned):
        """Forget the records that were found: some of them may be rolled back.

        :param warned: pairs of building and service for which a warning was given
        """
        self.warned = warned
        self.created = set()  # ids of accounts created by the last call of match_accounts
        self._services = self._payees = self._payee = self._provided = None

    def _problem(self, record, name, code, value="", severity="error"):
        self.problems.append(record.blame(name, code, value, severity))

    # --- accounts ---------------------------------------------------------------------------------

    def match_accounts(self, records, may_create=False):
        """Return ``{number as given: Account}``; those of id 0 are to be created.

        :param may_create: whether records of this kind can have accounts created
        """
        first = {}
        for record in records:
            first.setdefault(record.values["account"], record)
        found = self.find_accounts(list(first))
        missing = [number for number in first if number not in found]
        if not self.target.from_program:
            found.update(self._find_without_zeros(missing, first))
            found.update(self._find_by_gis([n for n in missing if n not in found]))
        to_create, buildings = [], None
        for number in missing:
            if number in found:
                continue
            buildings = self.get_buildings() if buildings is None else buildings
            wrong = self._get_new_account_problem(first[number], may_create, buildings)
            if wrong:
                # reported for each row: none of them is loaded
                for record in records:
                    if record.values["account"] == number:
                        self._problem(record, "account", wrong, number)
            else:
                found[number] = Account(0, number, 0)
                to_create.append(first[number])
                self.check_email(first[number])
        self.created = set()
        if self.dry and to_create:
            self._plan_accounts(to_create)
        if not self.dry and to_create:
            created = self._create_accounts(to_create)
            self.created = {account.id for account in created.values()}
            found.update(created)
        return found

    def check_email(self, record):
        """Warn of a misspelt address, and of one that is probably meant otherwise."""
        email = record.values.get("email") or ""
        reading = read_addresses(email)
        code = "bad_email" if reading.problems else "email_hint" if reading.hints else ""
        if code:
            self._problem(record, "email", code, email, "warning")

    def find_accounts(self, numbers):
        """Return ``{number: Account}`` of the company, by the exact number."""
        found = self.env["epd.personal.account"].search_fetch(
            [("company_id", "=", self.company.id), ("number", "in", numbers)],
            ["number", "building_id"],
        )
        return {a.number: Account(a.id, a.number, a.building_id.id) for a in found}

    def _find_without_zeros(self, missing, first):
        """Excel eats leading zeros: take the one account whose number differs in nothing else."""
        stripped = {number.lstrip("0"): number for number in missing if number.strip("0")}
        if not stripped:
            return {}
        rows = self.env.execute_query(
            SQL(
                "SELECT min(number), ltrim(number, '0') FROM epd_personal_account"
                " WHERE company_id = %s AND number LIKE '0%%' AND ltrim(number, '0') = ANY(%s)"
                " GROUP BY ltrim(number, '0') HAVING count(*) = 1",
                self.company.id,
                list(stripped),
            )
        )
        accounts = self.find_accounts([number for number, _text in rows])
        found = {}
        for number, text in rows:
            found[stripped[text]] = accounts[number]
            self._problem(first[stripped[text]], "account", "zeros", number, "warning")
        return found

    def _find_by_gis(self, numbers):
        """Return the accounts of identifiers of ГИС ЖКХ (ИЖКУ, ЕЛС): its files name no numbers."""
        numbers = [number for number in numbers if _GIS_NUMBER.fullmatch(number)]
        if not numbers:
            return {}
        accounts = self.env["epd.personal.account"].search_fetch(
            [
                ("company_id", "=", self.company.id),
                "|",
                ("gis_service_id", "in", numbers),
                ("unified_number", "in", numbers),
            ],
            ["number", "building_id", "gis_service_id", "unified_number"],
        )
        found = {}
        for number in numbers:
            own = accounts.filtered(lambda a, n=number: n in (a.gis_service_id, a.unified_number))
            if len(own) == 1:
                found[number] = Account(own.id, own.number, own.building_id.id)
        return found

    def _plan_accounts(self, records):
        """Note the accounts that would be created, with their payers and buildings."""
        self.match_buildings(records)
        for record in records:
            values = record.values
            parts = (values["account"], values.get("building"), values.get("premises"))
            self.planned.append(("account", ", ".join(filter(None, parts)), record.row))
            if values.get("payer"):
                name = f"{values['payer']} ({values['account']})"
                self.planned.append(("payer", name, record.row))

    @staticmethod
    def _get_new_account_problem(record, may_create, buildings):
        """Return why no account can be created of this record (a code), or an empty text."""
        number, building = record.values["account"], record.values.get("building")
        if not may_create:
            return "no_account"
        if len(number) > 30 or not re.search(r"\w", number):
            return "bad_account"
        if not building:
            return "no_building"
        known = buildings.get(fold_name(building))
        return "archived_building" if known and not known.active else ""

    def _create_accounts(self, records):
        buildings = self.match_buildings(records)
        payers = self._create_payers([r for r in records if r.values.get("payer")])
        accounts = self.env["epd.personal.account"].create(
            [
                {
                    "number": record.values["account"],
                    "company_id": self.company.id,
                    "building_id": buildings[fold_name(record.values["building"])].id,
                    "partner_id": payers.get(record.values["account"], False),
                    **self._get_opening(record.values),
                    **self.get_account_values(record.values),
                }
                for record in records
            ]
        )
        self._type_in_emails(records, accounts)
        return {a.number: Account(a.id, a.number, a.building_id.id) for a in accounts}

    def _type_in_emails(self, records, accounts):
        """Give new accounts without a payer the addresses that were given for them."""
        for record, account in zip(records, accounts, strict=True):
            if not account.partner_id:
                type_in_addresses(self.env, account, record.values.get("email"))

    def _create_payers(self, records):
        """Return ``{account number: id of its new payer}``."""
        if not records:
            return {}
        partners = self.env["res.partner"].create(
            [self.prepare_partner(record.values) for record in records]
        )
        return dict(zip((r.values["account"] for r in records), partners.ids, strict=True))

    def _get_opening(self, values):
        opened = values.get("date_open") or self.target.period.date_start
        if not opened and "date_open" not in values and self.target.from_program:
            return {}  # the day by the field's own default
        return {"date_open": opened or False}

    def prepare_partner(self, values):
        """Return the values of a new payer."""
        inn = values.get("payer_inn") or ""
        # on receipts an organisation is not split into surname and names
        guessed = len(inn) == 10 or bool(_LEGAL_FORM.match(values["payer"]))
        return {
            "name": values["payer"],
            "is_company": values.get("payer_is_company", guessed),
            "vat": inn or False,
            "email": values.get("email") or False,
            # people of one company are not shown to the others
            "company_id": self.company.id,
            "lang": "ru_RU" if self.env["res.lang"]._lang_get("ru_RU") else self.env.lang,
        }

    @staticmethod
    def get_account_values(values):
        """Return what a record says of the account itself: an empty cell says nothing, False clears."""
        return {
            name: float(values[name]) if name == "area" else values[name]
            for name in ACCOUNT_VALUES
            if values.get(name) not in (None, "")
        }

    # --- buildings --------------------------------------------------------------------------------

    def match_buildings(self, records):
        """Return ``{plain address: building}`` of the company, new ones created unless it is dry."""
        found, names = self.get_buildings(), {}
        for record in records:
            name = record.values.get("building")
            if name and fold_name(name) not in found:
                names.setdefault(fold_name(name), (name, record.row))
        if self.dry:
            self.planned += [("building", *entry) for entry in names.values()]
        if not self.dry and names:
            created = self.env["epd.building"].create(
                [{"name": name, "company_id": self.company.id} for name, _row in names.values()]
            )
            found.update(zip(names, created, strict=True))
        return found

    def get_buildings(self):
        """Return ``{plain address: building}`` of the company, archived ones too."""
        found = (
            self.env["epd.building"]
            .with_context(active_test=False)
            .search_fetch([("company_id", "=", self.company.id)], ["name", "active"])
        )
        # of two that are written alike, the one in use
        return {fold_name(building.name): building for building in found.sorted("active")}

    # --- services and to whom they are paid -------------------------------------------------------

    def match_services(self, records, may_create=False):
        """Return the :class:`Service` of each record: None where it is unknown, id 0 for a new one."""
        if self._services is None:
            self._services = self._get_services()
        known, unknown = self._services, {}
        for record in records:
            text = record.values["service"]
            if text in known or text in unknown:
                continue
            hint = record.values.get("service_hint") or ""
            service = known.get(fold_name(text)) or known.get(fold_name(hint))
            if service is not None:
                known[text] = service
            elif may_create and self.target.create_services and len(text) <= 30:
                unknown[text] = record
            else:
                unknown[text] = None
        new = {fold_name(text): record for text, record in unknown.items() if record}
        if self.dry:
            made = {}
            for key, record in new.items():
                vals = self._prepare_service(record.values)
                made[key] = Service(0, vals["name"], vals["kind"], vals["sequence"])
                name = record.values.get("service_name")
                parts = (record.values["service"], name, record.values.get("service_kind"))
                self.planned.append(("service", ", ".join(filter(None, parts)), record.row))
        else:
            services = self.env["epd.service"].create(
                [self._prepare_service(record.values) for record in new.values()]
            )
            made = dict(zip(new, map(_as_service, services), strict=True))
            known.update(made)
        matched = []
        for record in records:
            text = record.values["service"]
            service = known.get(text)
            if service is None:
                service = known.get(fold_name(text), made.get(fold_name(text)))
            if service is None:
                self._problem(record, "service", "no_service", text)
            matched.append(service)
        return matched

    def _get_services(self):
        """Return ``{text: service}``: a code wins over a name, the exact text over a like one."""
        services = self.env["epd.service"].search_fetch(
            [("company_id", "=", self.company.id)], ["code", "name", "kind", "sequence"]
        )
        known = {}
        for name in ("name", "code"):
            known.update({fold_name(each[name]): _as_service(each) for each in services})
        for name in ("name", "code"):
            known.update({each[name]: _as_service(each) for each in services})
        # what has no letter and no figure is like everything
        return {text: service for text, service in known.items() if text}

    def _prepare_service(self, values):
        text = values["service"]
        return {
            "code": text,
            "name": values.get("service_name") or text,
            "kind": values.get("service_kind") or "utility",
            "uom_name": values.get("uom") or self.env._("unit"),
            "sequence": int(text) if text.isdigit() and len(text) < 6 else 10,
            "company_id": self.company.id,
        }

    def match_payee(self, record):
        """Return the bank account of the payee that a record names, None when there is none."""
        payee, wrong = self.find_payee(record.values.get("payee"))
        if wrong:
            self._problem(record, "payee", wrong, record.values.get("payee") or "")
            return None
        return payee

    def find_payee(self, text):
        """Return ``(bank account, problem code or "")``: of two with one number, ours.

        :param text: number of the account, with or without marks and spaces; empty: the one that
            the target names, or the only one of the company
        """
        if self._payees is None:
            banks = self.env["res.partner.bank"].search_fetch(
                [("company_id", "in", (self.company.id, False))],
                ["sanitized_acc_number", "company_id", "partner_id"],
            )
            own = banks.filtered(
                lambda bank: bank.company_id or bank.partner_id == self.company.partner_id
            )
            ours = own.filtered(lambda bank: bank.partner_id == self.company.partner_id)
            # the last one of a number wins: a stranger's, one entered for us, our own
            ranked = [*(banks - own), *(own - ours), *ours]
            self._payees = {bank.sanitized_acc_number: bank for bank in ranked}
            self._payee = self.target.payee or (own if len(own) == 1 else own.browse())
        if not text:
            return self._payee, "" if self._payee else "no_payee"
        payee = self._payees.get(sanitize_account_number(text), self._payee.browse())
        return payee, "" if payee else "unknown_payee"

    def provide(self, lines):
        """See to it that each building has a payee for the services it is charged for.

        :param lines: iterable of ``(record, Account, service)``
        """
        self.get_provided()
        vals_list = []
        for record, account, service in lines:
            pair = (account.building_id, service.id)
            if pair in self._provided or pair in self.warned or not all(pair):
                continue
            payee, _wrong = self.find_payee(record.values.get("payee"))
            if payee and self.target.create_services:
                self._provided[pair] = payee.id
                if self.dry:
                    building = self.env["epd.building"].browse(account.building_id)
                    parts = (service.name, building.name, payee.acc_number)
                    self.planned.append(("provision", ", ".join(parts), record.row))
                vals_list.append(
                    {
                        "building_id": account.building_id,
                        "service_id": service.id,
                        "payee_id": payee.id,
                        "provider_id": payee.partner_id.id,
                    }
                )
            else:
                self.warned.add(pair)
                building = self.env["epd.building"].browse(account.building_id)
                text = f"{service.name}, {building.name}"
                self._problem(record, "service", "no_provision", text, "warning")
        if not self.dry:
            self.env["epd.service.provision"].create(vals_list)

    def get_provided(self):
        """Return ``{(building id, service id): bank account id}`` of the period."""
        if self._provided is None:
            self._provided = self._get_provided()
        return self._provided

    def _get_provided(self):
        provisions = self.env["epd.service.provision"]._get_valid(
            [("company_id", "=", self.company.id)], self.target.period
        )
        return {key: provision.payee_id.id for key, provision in provisions.items()}


def _as_service(record):
    return Service(record.id, record.name, record.kind, record.sequence)
