import re

from odoo import models
from odoo.tools import SQL

from ...tools.address_text import read_addresses
from ...tools.table_file import Problem


def plain(text):
    """Return a name or an address as compared: lower case, ё as е, without marks and spaces.

    Between two figures one mark stays: house 1/1 is not house 11, service 1.1 not service 11.
    """
    text = (text or "").casefold().replace("ё", "е")
    text = re.sub(r"(?<=\d)[\W_]+(?=\d)", "/", text)
    return re.sub(r"[^\w/]+|_|(?<!\d)/|/(?!\d)", "", text)


def _alone(text):
    """Return the letters and figures of an account number of a bank."""
    return re.sub(r"[\W_]+", "", text)


_LEGAL_FORM = re.compile(
    r"^(ООО|АО|ПАО|ОАО|ЗАО|НКО|АНО|ФГУП|ГУП|МУП|МБУ|ГБУ|МКУ|ГКУ|МБОУ|МБДОУ|ГБУЗ|ТСЖ|ТСН|ЖСК)\b",
    re.IGNORECASE,
)


class EpdImport(models.Model):
    """What a row speaks of → our records: accounts, services, payees; made on the way when told.

    Accounts are known by their number alone, never by a person's name: two people may have one name,
    and nobody is to get another's receipt.
    """

    _inherit = "epd.import"

    def _match_accounts(self, records, problems, memo, dry):
        """Return ``{number in the file: account}``; empty records stand for ones to be made."""
        accounts = self.env["epd.personal.account"]
        first = {}
        for record in records:
            first.setdefault(record.values["account"], record)
        where = [("company_id", "=", self.company_id.id), ("number", "in", list(first))]
        found = {account.number: account for account in accounts.search_fetch(where, ["number"])}
        missing = [number for number in first if number not in found]
        found.update(self._match_without_zeros(missing, first, problems))
        to_make = []
        for number in missing:
            if number in found:
                continue
            record = first[number]
            wrong = self._get_new_account_problem(number, record)
            if wrong:
                # told for each row: none of them is loaded
                problems += [
                    Problem(each.row, each.columns.get("account"), wrong, number)
                    for each in records
                    if each.values["account"] == number
                ]
            else:
                found[number] = accounts
                to_make.append(record)
        memo["fresh"] = set()
        if not dry:
            made = self._make_accounts(to_make)
            memo["fresh"] = {account.id for account in made.values()}
            found.update(made)
        return found

    def _match_without_zeros(self, missing, first, problems):
        """Excel eats leading zeros: take the one account whose number differs in nothing else."""
        stripped = {number.lstrip("0"): number for number in missing if number.strip("0")}
        if not stripped:
            return {}
        rows = self.env.execute_query(
            SQL(
                "SELECT min(id), ltrim(number, '0') FROM epd_personal_account WHERE company_id = %s"
                " AND number LIKE '0%%' AND ltrim(number, '0') = ANY(%s)"
                " GROUP BY ltrim(number, '0') HAVING count(*) = 1",
                self.company_id.id,
                list(stripped),
            )
        )
        found = {}
        for number, text in rows:
            account = self.env["epd.personal.account"].browse(number)
            found[stripped[text]] = account
            record = first[stripped[text]]
            problems.append(
                Problem(
                    record.row, record.columns.get("account"), "zeros", account.number, "warning"
                )
            )
        return found

    def _get_new_account_problem(self, number, record):
        """Return why no account can be made of this row (a code), or an empty text."""
        if self.kind not in ("account", "charge") or not (
            self.create_missing or self.kind == "account"
        ):
            return "no_account"
        if len(number) > 30 or not re.search(r"\w", number):
            return "bad_account"
        return "" if record.values.get("building") else "no_building"

    def _make_accounts(self, records):
        if not records:
            return {}
        buildings = self._match_buildings(records, dry=False)
        named = [record for record in records if record.values.get("payer")]
        partners = self.env["res.partner"].create(
            [self._prepare_partner(record.values) for record in named]
        )
        payers = dict(zip((r.values["account"] for r in named), partners, strict=True))
        accounts = self.env["epd.personal.account"].create(
            [
                {
                    "number": record.values["account"],
                    "company_id": self.company_id.id,
                    "building_id": buildings[plain(record.values["building"])].id,
                    "partner_id": payers[record.values["account"]].id
                    if record.values["account"] in payers
                    else False,
                    "date_open": record.values.get("date_open")
                    or self.period_id.date_start
                    or False,
                    **self._get_account_values(record.values),
                }
                for record in records
            ]
        )
        return {account.number: account for account in accounts}

    def _prepare_partner(self, values):
        inn = values.get("payer_inn") or ""
        return {
            "name": values["payer"],
            # on receipts an organisation is not split into surname and names
            "is_company": len(inn) == 10 or bool(_LEGAL_FORM.match(values["payer"])),
            "vat": inn or False,
            "email": values.get("email") or False,
            "company_id": self.company_id.id,
            "lang": "ru_RU" if self.env["res.lang"]._lang_get("ru_RU") else self.env.lang,
        }

    def _get_account_values(self, values):
        """Return what a row says of the account itself; what it leaves empty stays as it is."""
        names = ("premises", "premises_kind", "entrance", "floor", "area", "residents")
        names += ("unified_number", "gis_service_id", "date_close", "channel")
        return {
            name: float(values[name]) if name == "area" else values[name]
            for name in names
            if values.get(name) not in (None, "")
        }

    def _match_buildings(self, records, dry):
        """Return ``{plain address: building}`` of the company, new ones made unless ``dry``."""
        found = {
            plain(building.name): building
            for building in self.env["epd.building"]
            .with_context(active_test=False)
            .search_fetch([("company_id", "=", self.company_id.id)], ["name"])
        }
        names = {}
        for record in records:
            name = record.values.get("building")
            if name and plain(name) not in found:
                names.setdefault(plain(name), name)
        if not dry and names:
            made = self.env["epd.building"].create(
                [{"name": name, "company_id": self.company_id.id} for name in names.values()]
            )
            found.update(zip(names, made, strict=True))
        return found

    # ------------------------------------------------------------------
    # Services and to whom they are paid
    # ------------------------------------------------------------------
    def _match_services(self, records, problems, memo, dry):
        """Return ``{service as in the file: service}``; empty ones stand for ones to be made."""
        if "services" not in memo:
            services = self.env["epd.service"].search([("company_id", "=", self.company_id.id)])
            known = {}
            for name in ("name", "code"):  # a code wins over a name
                for service in services:
                    known[plain(service[name])] = service
            memo["services"] = known
        known, new = memo["services"], {}
        for record in records:
            text = record.values["service"]
            if plain(text) in known:
                continue
            if self.create_services and self.kind == "charge" and len(text) <= 30:
                new.setdefault(plain(text), record)
            else:
                place = record.columns.get("service")
                problems.append(Problem(record.row, place, "no_service", text))
        if dry:
            return {**known, **dict.fromkeys(new, self.env["epd.service"])}
        made = self.env["epd.service"].create(
            [self._prepare_service(record.values) for record in new.values()]
        )
        known.update(zip(new, made, strict=True))
        return known

    def _prepare_service(self, values):
        text = values["service"]
        return {
            "code": text,
            "name": values.get("service_name") or text,
            "kind": values.get("service_kind") or "utility",
            "uom_name": values.get("uom") or self.env._("unit"),
            "sequence": int(text) if text.isdigit() and len(text) < 6 else 10,
            "company_id": self.company_id.id,
        }

    def _match_payee(self, record, memo):
        """Return ``(payee, problem code or "")`` of a row."""
        if "payees" not in memo:
            banks = self.env["res.partner.bank"].search(
                [("company_id", "in", (self.company_id.id, False))]
            )
            own = banks.filtered(
                lambda bank: bank.company_id or bank.partner_id == self.company_id.partner_id
            )
            memo["payees"] = {
                # of two with one number, ours
                _alone(bank.acc_number): bank
                for bank in (banks - own) + own
            }
            memo["payee"] = self.payee_id or (own if len(own) == 1 else own.browse())
        text = record.values.get("payee")
        if not text:
            return memo["payee"], "" if memo["payee"] else "no_payee"
        payee = memo["payees"].get(_alone(text), memo["payee"].browse())
        return payee, "" if payee else "unknown_payee"

    def _provide(self, pairs, problems, memo, dry):
        """See to it that each building has a payee for the services it is charged for.

        :param pairs: list of ``(record, account, service)``
        """
        if "provided" not in memo:
            period = self.period_id
            provisions = self.env["epd.service.provision"].search_fetch(
                [
                    ("company_id", "=", self.company_id.id),
                    ("date_from", "<=", period.date_end),
                    "|",
                    ("date_to", "=", False),
                    ("date_to", ">=", period.date_start),
                ],
                ["building_id", "service_id"],
            )
            memo["provided"] = {(each.building_id.id, each.service_id.id) for each in provisions}
        vals_list = []
        for record, account, service in pairs:
            pair = (account.building_id.id, service.id)
            if pair in memo["provided"] or pair in memo["warned"] or not all(pair):
                continue
            payee, _wrong = self._match_payee(record, memo)
            if payee and self.create_services:
                memo["provided"].add(pair)
                vals_list.append(
                    {
                        "building_id": account.building_id.id,
                        "service_id": service.id,
                        "payee_id": payee.id,
                        "provider_id": payee.partner_id.id,
                    }
                )
            else:
                memo["warned"].add(pair)
                place = record.columns.get("service")
                text = f"{service.name}, {account.building_id.name}"
                problems.append(Problem(record.row, place, "no_provision", text, "warning"))
        if not dry:
            self.env["epd.service.provision"].create(vals_list)

    def _check_email(self, record, problems):
        """Warn of a misspelt address, and of one that is probably meant otherwise."""
        email = record.values.get("email") or ""
        reading = read_addresses(email)
        code = "bad_email" if reading.problems else "email_hint" if reading.hints else ""
        if code:
            place = record.columns.get("email")
            problems.append(Problem(record.row, place, code, email, "warning"))
