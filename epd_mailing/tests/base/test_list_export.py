import io
import json
from datetime import datetime

import openpyxl
from odoo.http import Request
from odoo.tests import HttpCase, new_test_user, tagged

from ..common import EpdCommon

EVIL = '=HYPERLINK("http://mal.example";"x")'


@tagged("post_install", "-at_install", "epd_mailing")
class TestListExport(HttpCase, EpdCommon):
    def setUp(self):
        super().setUp()
        self.operator.write({"password": "epd_operator_pass", "lang": "ru_RU"})
        self.authenticate("epd_operator", "epd_operator_pass")

    def _ask(self, model, domain=(), **more):
        data = {"model": model, "domain": list(domain), "company_ids": self.company.ids, **more}
        return self.url_open(
            "/epd_mailing/list.xlsx",
            data={"data": json.dumps(data), "csrf_token": Request.csrf_token(self)},
        )

    def _open(self, model, domain=(), **more):
        answer = self._ask(model, domain, **more)
        self.assertEqual(answer.status_code, 200, answer.text[:300])
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        rows = list(sheet.iter_rows(values_only=True))
        labels = {
            field._description_string(self.env(context={"lang": "ru_RU"})): name
            for name, field in self.env[model]._fields.items()
        }
        heads = [labels.get(head, head) for head in rows[0]]
        return sheet, [dict(zip(heads, row, strict=True)) for row in rows[1:]]

    def test_the_columns_of_the_list(self):
        self.accounts[0].date_close = "2026-03-31"
        _sheet, rows = self._open("epd.personal.account", title="Лицевые счета")
        self.assertEqual([row["number"] for row in rows], self.accounts.mapped("number"))
        self.assertEqual(rows[1]["partner_id"], "Петрова Анна Сергеевна")
        self.assertEqual(rows[1]["channel"], "E-mail")
        self.assertEqual(rows[0]["date_close"], datetime(2026, 3, 31))
        self.assertEqual(rows[1]["area"], 38.4)

    def test_the_log_stays_clean(self):
        """The web client sends a «token» with each download."""
        data = {"model": "epd.service", "domain": [], "company_ids": self.company.ids}
        form = {"data": json.dumps(data), "token": "1", "csrf_token": Request.csrf_token(self)}
        with self.assertNoLogs("odoo.http", "WARNING"):
            answer = self.url_open("/epd_mailing/list.xlsx", data=form)
        self.assertEqual(answer.status_code, 200)

    def test_texts_are_no_formulas(self):
        self.accounts[0].partner_id.name = EVIL
        self.accounts[1].premises = "+1"
        sheet, rows = self._open("epd.personal.account")
        self.assertIn(EVIL, [row["partner_id"] for row in rows])
        kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
        self.assertNotIn("f", kinds)

    def test_what_is_chosen_or_filtered(self):
        chosen = self.accounts[1:3]
        _sheet, rows = self._open("epd.personal.account", ids=chosen.ids)
        self.assertEqual([row["number"] for row in rows], chosen.mapped("number"))
        _sheet, rows = self._open("epd.charge", [["account_id", "ilike", "петрова"]])
        self.assertEqual({row["account_id"] for row in rows}, {"00101"})
        self.assertEqual(round(sum(row["total"] for row in rows), 2), 1714.34)

    def test_the_rows_of_the_screen_in_its_order(self):
        """What is archived stands on no list; a click on a heading sorts the file too."""
        services = self.env["epd.service"].search([("company_id", "=", self.company.id)])
        self.assertGreater(len(services), 1)
        services[0].active = False
        _sheet, rows = self._open("epd.service", order="name desc")
        shown = services[1:].sorted("name", reverse=True)
        self.assertEqual([row["name"] for row in rows], shown.mapped("name"))
        _sheet, rows = self._open("epd.service", [["active", "=", False]])
        self.assertEqual([row["name"] for row in rows], services[:1].mapped("name"))
        _sheet, rows = self._open("epd.service", ids=services[:1].ids)
        self.assertEqual([row["name"] for row in rows], services[:1].mapped("name"))
        for wrong in ("no_such", "name; DROP TABLE x", "name desc,,"):
            self.assertIn(self._ask("epd.service", order=wrong).status_code, (400, 409), wrong)

    def test_every_list_of_the_addon(self):
        """Whatever is shown in a list can be exported; its columns are told in Russian."""
        views = self.env["ir.ui.view"].search([("type", "=", "list"), ("model", "=like", "epd.%")])
        self.assertGreater(len(views), 15)
        for view in views:
            if view.inherit_id or not self.env[view.model].with_user(self.operator).has_access(
                "read"
            ):
                continue
            with self.subTest(view.name):
                self._open(view.model, view_id=view.id)

    def test_nothing_of_others(self):
        other = self.env["res.company"].create({"name": "Чужая УК"})
        house = self.env["epd.building"].create({"name": "Чужой дом", "company_id": other.id})
        stranger = self.env["epd.personal.account"].create(
            {"number": "Ч-1", "building_id": house.id, "company_id": other.id}
        )
        _sheet, rows = self._open("epd.personal.account", company_ids=other.ids)
        self.assertNotIn("Ч-1", [row["number"] for row in rows])
        _sheet, rows = self._open("epd.personal.account", ids=stranger.ids)
        self.assertEqual(rows, [])
        for model in ("res.partner", "ir.attachment", "epd.no.such", "epd.unisender.account "):
            self.assertEqual(self._ask(model).status_code, 404, model)
        for wrong in ({"model": "epd.charge"}, {"domain": []}, [], "x"):
            answer = self.url_open(
                "/epd_mailing/list.xlsx",
                data={"data": json.dumps(wrong), "csrf_token": Request.csrf_token(self)},
            )
            self.assertEqual(answer.status_code, 400)
        self.assertEqual(self._ask("epd.charge", [["no_such", "=", 1]]).status_code, 400)

    def test_operators_alone(self):
        new_test_user(self.env, "epd_none", groups="base.group_user", password="epd_none_pass")
        self.authenticate("epd_none", "epd_none_pass")
        self.assertEqual(self._ask("epd.personal.account").status_code, 404)
