"""A small house for the tests: one building, four accounts, two payees, one billing period."""

import importlib.util
from datetime import date

from odoo import Command
from odoo.modules.module import get_module_path
from odoo.tests import TransactionCase

from ..models.base.thread import QUIET


def run_migration(env, script, version):
    """Run a script of the folder ``migrations`` as an update does.

    :param script: its path in that folder
    :param version: what the database is updated from
    """
    path = f"{get_module_path('epd_mailing')}/migrations/{script}"
    spec = importlib.util.spec_from_file_location("migration", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    env.flush_all()
    module.migrate(env.cr, version)
    env.invalidate_all()


class EpdCommon(TransactionCase):
    """Records most tests need; everything is made here, nothing comes from demo data.

    ``accounts``: four accounts 100–103 with an e-mail each (103: the partner has none).
    ``operator`` / ``manager``: users of the two roles in the test company.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": QUIET})
        cls.rub = cls.env.ref("base.RUB")
        cls.rub.active = True
        cls._make_company()
        cls.operator, cls.manager = cls._make_users(
            {
                "epd_operator": "epd_mailing.group_epd_operator",
                "epd_manager": "epd_mailing.group_epd_manager",
            }
        )
        cls._make_payees()
        cls._make_building()
        cls.period = cls.env["epd.billing.period"].create(
            {"date_start": date(2026, 3, 1), "company_id": cls.company.id}
        )
        cls.company.epd_current_period_id = cls.period
        cls._make_accounts()
        cls._make_charges(cls.accounts)

    @classmethod
    def _make_company(cls):
        """Make the office, and work in it alone."""
        cls.company = cls.env["res.company"].create(
            {
                "name": "ООО «УК Тест»",
                "currency_id": cls.rub.id,
                # Odoo's own logo would be drawn in five sizes
                "logo": False,
                # the quickest that is there; tests of an engine name it
                "epd_print_engine": "auto",
            }
        )
        cls.company.partner_id.write({"vat": "1655123453", "epd_kpp": "165501001"})
        cls.env.user.write({"company_ids": [(4, cls.company.id)], "company_id": cls.company.id})
        cls.env = cls.env(context={**cls.env.context, "allowed_company_ids": cls.company.ids})

    @classmethod
    def _make_payees(cls):
        """Make the bank accounts of the office and of the capital-repair fund."""
        cls.bank = cls.env["res.bank"].create(
            {
                "name": "Банк «Пример», г. Казань",
                "bic": "049205999",
                "epd_correspondent_account": "30101810000000000999",
            }
        )
        cls.office_payee, cls.repair_payee = cls.env["res.partner.bank"].create(
            [
                {
                    "acc_number": number,
                    "bank_id": cls.bank.id,
                    "partner_id": cls.company.partner_id.id,
                    "company_id": cls.company.id,
                }
                for number in ("40702810900000001234", "40705810200000005678")
            ]
        )

    @classmethod
    def _make_building(cls):
        """Make the building, three services and who provides them there."""
        cls.building = cls.env["epd.building"].create(
            {
                "name": "г. Казань, ул. Тестовая, д. 1",
                "company_id": cls.company.id,
                "total_area": 3402.5,
                "common_area": 612,
            }
        )
        cls.service_house, cls.service_water, cls.service_repair = cls.env["epd.service"].create(
            [
                {"name": name, "code": code, "kind": kind, "uom_name": uom, "sequence": number}
                for number, (name, code, kind, uom) in enumerate(
                    [
                        ("Содержание жилого помещения", "1", "housing", "м²"),
                        ("Холодное водоснабжение", "5", "utility", "м³"),
                        ("Взнос на капитальный ремонт", "14", "capital_repair", "м²"),
                    ],
                    start=1,
                )
            ]
        )
        cls.env["epd.service.provision"].create(
            [
                {
                    "building_id": cls.building.id,
                    "service_id": service.id,
                    "provider_id": cls.company.partner_id.id,
                    "payee_id": payee.id,
                }
                for service, payee in (
                    (cls.service_house, cls.office_payee),
                    (cls.service_water, cls.office_payee),
                    (cls.service_repair, cls.repair_payee),
                )
            ]
        )

    @classmethod
    def _make_accounts(cls):
        """Make four accounts, with a payer each."""
        partners = cls.env["res.partner"].create(
            [
                {"name": "Иванов Иван Иванович", "email": "ivanov@example.com"},
                {"name": "Петрова Анна Сергеевна", "email": "petrova@example.com"},
                {"name": "Сёмин О’Коннор Пётр", "email": "semin@example.com"},
                {"name": "Без Почты Мария", "email": False},
            ]
        )
        cls.accounts = cls.env["epd.personal.account"].create(
            [
                {
                    "number": f"00{number}",
                    "building_id": cls.building.id,
                    "company_id": cls.company.id,
                    "premises": str(number - 99),
                    "area": 38.4,
                    "residents": 1,
                    "date_open": date(2020, 1, 1),
                    "partner_id": partner.id,
                }
                for number, partner in enumerate(partners, start=100)
            ]
        )

    @classmethod
    def _make_user(cls, login, group):
        return cls._make_users({login: group})

    @classmethod
    def _make_users(cls, groups):
        """Make users of the office at once, as ``new_test_user`` makes one; ``groups``: XML id by login."""
        # no invitation: its letter costs more than all the rest of a user
        users = cls.env["res.users"].with_context(no_reset_password=True)
        return users.create(
            [
                {
                    "login": login,
                    "name": f"{login} ({group})",
                    "password": login.ljust(8, "x"),
                    "email": f"{login[0]}.{login[0]}@example.com",
                    "group_ids": [Command.set(cls.env.ref(group).ids)],
                    "company_id": cls.company.id,
                    "company_ids": [Command.set(cls.company.ids)],
                    "tz": "Europe/Moscow",
                }
                for login, group in groups.items()
            ]
        )

    @classmethod
    def _confirm_requisites(cls):
        """Confirm the requisites of the house's payees as they are now, as a manager does."""
        journal = cls.env["epd.payee.requisites"]
        payees = cls.office_payee | cls.repair_payee
        journal._confirm(cls.company, journal._find_changes(cls.company, payees))

    @classmethod
    def _make_charges(cls, accounts, period=None, house="1209.60", water="114.60", repair="390.14"):
        """Charge each account 1 714,34 ₽ by default, with the balances that go with it."""
        period = period or cls.period
        amounts = (
            (cls.service_house, 38.4, 31.5, house),
            (cls.service_water, 3, 38.2, water),
            (cls.service_repair, 38.4, 10.16, repair),
        )
        charges = cls.env["epd.charge"].create(
            [
                {
                    "account_id": account.id,
                    "period_id": period.id,
                    "service_id": service.id,
                    "volume_individual": volume,
                    "volume_method": "other",
                    "tariff": tariff,
                    "amount_individual": float(amount),
                    "amount": float(amount),
                }
                for account in accounts
                for service, volume, tariff, amount in amounts
            ]
        )
        cls.env["epd.account.balance"].create(
            [
                {
                    "account_id": account.id,
                    "period_id": period.id,
                    "payee_id": payee.id,
                    "charged": charged,
                }
                for account in accounts
                for payee, charged in (
                    (cls.office_payee, round(float(house) + float(water), 2)),
                    (cls.repair_payee, float(repair)),
                )
            ]
        )
        return charges
