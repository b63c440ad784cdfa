from odoo.tests import tagged

from ..import_common import ImportCase, make_csv, make_xlsx

HEAD = ["ЛС", "Дом", "ФИО", "E-mail"]


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportAddresses(ImportCase):
    """Addresses in a file of accounts: replaced as by a program, misspelt ones only warned of."""

    def load(self, *rows):
        return self._load(make_csv([HEAD, *rows]), "account")

    def receiving(self, account):
        return sorted(account.address_ids.filtered("can_receive").mapped("email_normalized"))

    def counts(self, order):
        return order.created_count, order.updated_count, order.same_count

    def test_a_changed_address_is_replaced_and_counted(self):
        name = self.accounts[0].partner_id.name
        order = self.load(["00100", "", name, "moved@mail.ru"])
        self.assertEqual(self.counts(order), (0, 1, 0))
        self.assertEqual(self.receiving(self.accounts[0]), ["moved@mail.ru"])
        self.assertEqual(self.accounts[0].partner_id.email, "moved@mail.ru")
        again = self.load(["00100", "", name, "Moved@Mail.ru."])
        self.assertEqual(self.counts(again), (0, 0, 1))

    def test_the_check_counts_the_same(self):
        rows = [HEAD, ["00100", "", "", "moved@mail.ru"], ["00101", "", "", "petrova@example.com"]]
        order = self._order(make_csv(rows), "account")
        order.action_check()
        self.assertEqual((order.updated_count, order.same_count), (1, 1))
        self.assertEqual(self.receiving(self.accounts[0]), ["ivanov@example.com"])

    def test_misspelt_ones_are_warned_of_and_the_rest_is_loaded(self):
        order = self.load(
            ["00100", "", "", "q nov@mail.ru"],
            ["00103", "", "", "ivan petrov@mail.example"],
            ["00101", "", "", "new@mail.ru"],
            ["00300", "ул. Новая, 1", "Новый Жилец", "ivan@mаil.ru"],
            ["00102", "", "", "semin@gmial.com"],
        )
        self.assertEqual(order.state, "done")
        self.assertEqual(
            {(p.row, p.code, p.severity) for p in order.problem_ids},
            {
                (2, "bad_email", "warning"),
                (3, "bad_email", "warning"),
                (5, "bad_email", "warning"),
                (6, "email_hint", "warning"),
            },
        )
        texts = {problem.row: problem.text for problem in order.problem_ids}
        self.assertIn("q nov@mail.ru", texts[2])
        self.assertIn("semin@gmail.com", texts[6])
        self.assertEqual(self.receiving(self.accounts[0]), ["ivanov@example.com"], "kept")
        self.assertEqual(self.receiving(self.accounts[3]), [])
        self.assertEqual(self.accounts[3].address_ids.email, "ivan petrov@mail.example", "seen")
        self.assertEqual(self.receiving(self.accounts[1]), ["new@mail.ru"])
        self.assertEqual(self.receiving(self.accounts[2]), ["semin@gmial.com"])
        made = self.env["epd.personal.account"].search([("number", "=", "00300")])
        self.assertEqual((made.address_ids.email, self.receiving(made)), ("ivan@mаil.ru", []))

    def test_lists(self):
        for text in ("a@x.ru, b@x.ru", "b@x.ru; a@x.ru", "a@x.ru\nb@x.ru"):
            order = self.load(["00100", "", "", text])
            self.assertEqual(self.receiving(self.accounts[0]), ["a@x.ru", "b@x.ru"])
        self.assertEqual(self.counts(order), (0, 0, 1))

    def test_an_account_without_a_payer(self):
        account = self.accounts[3]
        account.partner_id = False
        order = self.load(["00103", "", "", "a@x.ru, b@x.ru"])
        self.assertEqual(self.counts(order), (0, 1, 0))
        self.assertEqual(self.receiving(account), ["a@x.ru", "b@x.ru"])
        self.assertEqual(self.counts(self.load(["00103", "", "", "b@x.ru"])), (0, 0, 1))

    def test_a_new_account_without_a_payer(self):
        """What the file gives for it is there after the first load: the second one changes nothing."""
        house = self.building.name
        rows = (
            ["00301", house, "", "e@x.ru, F@x.ru."],
            ["00302", house, "", "z q@x.ru"],
            ["00303", house, "", ""],
        )
        order = self.load(*rows)
        self.assertEqual(self.counts(order), (3, 0, 0))
        self.assertEqual([(p.row, p.code) for p in order.problem_ids], [(3, "bad_email")])
        find = self.env["epd.personal.account"].search
        first = find([("number", "=", "00301")])
        self.assertEqual(self.receiving(first), ["e@x.ru", "f@x.ru"])
        self.assertFalse(find([("number", "in", ("00302", "00303"))]).address_ids)
        before = first.address_ids.read()
        self.assertEqual(self.counts(self.load(*rows)), (0, 0, 3))
        self.assertEqual(first.address_ids.read(), before)

    def test_accounts_that_charges_bring(self):
        head = ["ЛС", "Дом", "ФИО", "E-mail", "Услуга", "Сумма"]
        house = self.building.name
        rows = [
            head,
            ["00311", house, "Новый Жилец", "ivan petrov@mail.example", "1", "100,00"],
            ["00311", house, "Новый Жилец", "ivan petrov@mail.example", "5", "10,00"],
            ["00312", house, "", "g@x.ru; h@x.ru", "1", "100,00"],
            ["00313", house, "Другой Жилец", "semin@gmial.com", "1", "100,00"],
        ]
        order = self._order(make_csv(rows), create_missing=True)
        order.action_check()
        told = [(p.row, p.code) for p in order.problem_ids if p.code in ("bad_email", "email_hint")]
        self.assertEqual(told, [(2, "bad_email"), (5, "email_hint")], "warned of at the check")
        order.action_load()
        self._work()
        self.assertEqual(order.state, "done")
        find = self.env["epd.personal.account"].search
        accounts = [find([("number", "=", number)]) for number in ("00311", "00312", "00313")]
        self.assertEqual(
            [self.receiving(account) for account in accounts],
            [[], ["g@x.ru", "h@x.ru"], ["semin@gmial.com"]],
        )
        self.assertEqual(accounts[0].address_ids.email, "ivan petrov@mail.example", "seen")

    def test_one_person_two_accounts_two_addresses(self):
        first, second = self.accounts[:2]
        second.partner_id = first.partner_id
        rows = (["00100", "", "", "a@x.ru"], ["00101", "", "", "b@x.ru"])
        for counts in ((0, 1, 1), (0, 0, 2)):
            order = self.load(*rows)
            self.assertEqual(self.counts(order), counts, "the same every month")
            self.assertEqual([p.code for p in order.problem_ids], ["other_email"])
        self.assertEqual(self.receiving(second), ["a@x.ru"])

    def test_a_round_trip_changes_nothing_twice(self):
        self.accounts[0].partner_id.email = "Ivan@Mail.ru; иван@почта.рф"
        self.accounts[1].partner_id.email = "petrova anna@mail.ru"
        self.env["epd.delivery.address"].create(
            {"account_id": self.accounts[2].id, "email": "typed@mail.ru"}
        )
        self.accounts[2].address_ids[:1]._lose("bounced", "err_user_unknown")
        self.accounts[0].address_ids[:1].action_close()
        fields = ["email", "email_normalized", "source", "state", "partner_id", "problem"]
        before = self.accounts.address_ids.read(fields)
        contacts = self.accounts.partner_id.mapped("email")
        texts = {
            account: ", ".join(a.email for a in account.address_ids if a.state != "closed")
            for account in self.accounts
        }
        for emails in (lambda account: account.partner_id.email or "", texts.get):
            rows = [
                [a.number, a.building_id.name, a.partner_id.name, emails(a)] for a in self.accounts
            ]
            for _time in range(2):
                order = self.load(*rows)
                if emails != texts.get:
                    self.assertEqual(self.counts(order), (0, 0, 4))
                self.assertEqual(self.accounts.address_ids.read(fields), before)
                self.assertEqual(self.accounts.partner_id.mapped("email"), contacts)
            self.accounts[0].address_ids[:1]  # closed by the office, and told again: stays closed
            texts[self.accounts[0]] = self.accounts[0].partner_id.email

    def test_odoos_own_export_comes_back_unchanged(self):
        """The list of accounts goes out by «Export» and comes in by «Загрузка из файлов», twice."""
        self.accounts[0].partner_id.email = "Ivan@Mail.ru; иван@почта.рф"
        self.accounts[1].partner_id.email = "petrova anna@mail.ru"
        self.accounts[2].address_ids._lose("bounced", "err_user_unknown")
        self.env["epd.delivery.address"].create(
            [
                {"account_id": self.accounts[2].id, "email": "typed@mail.ru"},
                {"account_id": self.accounts[3].id, "email": "third@mail.ru"},
            ]
        )
        self.accounts[0].address_ids[:1].action_close()
        names = ["number", "building_id/name", "premises", "area", "residents", "partner_id/name"]
        names += ["partner_id/vat", "partner_id/email"]
        before, contacts = (
            self.accounts.address_ids.read(),
            self.accounts.partner_id.read(["email"]),
        )
        for make in (make_csv, make_xlsx):
            rows = self.accounts.export_data(names)["datas"]
            rows = [["" if cell is False else str(cell or "") for cell in row] for row in rows]
            for _time in range(2):
                order = self._load(make([names, *rows]), "account")
                self.assertEqual((order.state, order.error_count), ("done", 0))
                self.assertEqual(self.counts(order), (0, 0, 4))
                self.assertEqual(self.accounts.address_ids.read(), before)
                self.assertEqual(self.accounts.partner_id.read(["email"]), contacts)
