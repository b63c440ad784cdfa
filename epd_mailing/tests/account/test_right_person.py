from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestRightPerson(EpdCommon):
    """Each way in which an address comes to an account or goes: the right person, or nobody."""

    def setUp(self):
        super().setUp()
        self.account = self.accounts[0]
        self.partner = self.account.partner_id
        self.api = self.env["epd.api"].with_user(self.manager).with_company(self.company)

    # --- the doors: each takes a text for the payer of the account ---

    def by_contact(self, text):
        self.partner.with_user(self.operator).write({"email": text})

    def by_contact_form(self, text):
        with Form(self.partner.with_user(self.manager)) as form:
            form.email = text

    def by_portal(self, text):
        user = new_test_user(self.env, "epd_portal_payer", "base.group_portal")
        user.partner_id.email = False
        self.account.partner_id = user.partner_id
        self.partner = user.partner_id
        # as Odoo's portal does with what was typed on «My account»
        user.partner_id.with_user(user).sudo().write({"email": text})

    def by_api(self, text):
        payer = {"name": self.partner.name, "email": text}
        entry = {"number": self.account.number, "payer": payer}
        return self.api.put_accounts(f"k-{text}", [entry])

    def by_new_owner(self, text):
        partner = self.env["res.partner"].create({"name": "Новая Хозяйка"})
        wizard = self.env["epd.new.owner"].with_user(self.operator)
        with Form(wizard.with_context(default_account_id=self.account.id)) as form:
            form.partner_id = partner
            form.email = text
            form.basis = "Выписка из ЕГРН"
        form.save().action_apply()
        self.partner = partner

    def by_merge(self, text):
        other = self.env["res.partner"].create({"name": "Иванов И. И.", "email": text})
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((self.partner | other).ids, other, extra_checks=False)
        self.partner = other

    def by_web_save(self, text):
        self.partner.with_user(self.manager).web_save({"email": text}, {"email": {}})

    def by_odoo_load(self, text):
        result = self.env["res.partner"].load([".id", "email"], [[str(self.partner.id), text]])
        self.assertFalse(result["messages"])

    CONTACT_DOORS = (
        "by_contact",
        "by_contact_form",
        "by_portal",
        "by_new_owner",
        "by_merge",
        "by_web_save",
        "by_odoo_load",
    )

    def live(self):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.account.address_ids.filtered(lambda address: address.state != "closed")

    def receiving(self):
        return sorted(self.live().filtered("can_receive").mapped("email_normalized"))

    def each_door(self, doors):
        for door in doors:
            with self.subTest(door), self.cr.savepoint() as point:
                self.partner = self.account.partner_id
                yield getattr(self, door)
                point.rollback()
                self.env.invalidate_all()

    # --- what comes through them ---

    def test_a_blank_for_a_dot_reaches_no_stranger(self):
        text = "ivan petrov@mail.example"
        for door in self.each_door(self.CONTACT_DOORS):
            door(text)
            (address,) = self.live()
            self.assertEqual(self.receiving(), [])
            self.assertEqual((address.email, address.problem), (text, "space"))
            self.assertIn(text, address.problem_text)
            self.assertIn(self.account, self.account._wants_paper())
            self.assertFalse(address.email_normalized)

    def test_a_contact_made_of_a_typed_line_gets_no_strangers_mailbox(self):
        """Odoo's own field of contacts guesses: petrov@mail.example of the first text."""
        for text, name, receiving in (
            ("ivan petrov@mail.example", "ivan petrov@mail.example", []),
            ("Пётр <ivan petrov@mail.ru>", "Пётр <ivan petrov@mail.ru>", []),
            ("Иванов Иван ivan@mail.ru", "Иванов Иван ivan@mail.ru", []),
            ("a@x.ru, b@x.ru", "a@x.ru, b@x.ru", ["a@x.ru", "b@x.ru"]),
            ("Пётр <a@x.ru>", "Пётр", ["a@x.ru"]),
            ("Пётр <ПЁТР@почта.рф>", "Пётр", ["пётр@почта.рф"]),
            ("A@x.ru.", "a@x.ru.", ["a@x.ru"]),
            ("Пётр Первый", "Пётр Первый", []),
            ("ivan@mail", "ivan@mail", []),
        ):
            with self.subTest(text):
                contacts = self.env["res.partner"].with_user(self.manager)
                made = contacts.browse(contacts.name_create(text)[0])
                self.assertEqual(made.name, name)
                self.account.with_user(self.operator).partner_id = made
                self.assertEqual(self.receiving(), receiving)
                misspelt = "@" in text and not receiving
                self.assertEqual(bool(self.account.misspelt_text), misspelt, "seen, not lost")
        row = ["779", str(self.building.id), "ivan petrov@mail.example"]
        result = (
            self.env["epd.personal.account"]
            .with_user(self.manager)
            .with_company(self.company)
            .with_context(name_create_enabled_fields={"partner_id": True})
            .load(["number", "building_id/.id", "partner_id"], [row])
        )
        self.assertFalse(result["messages"])
        self.account = self.env["epd.personal.account"].browse(result["ids"])
        self.assertEqual((self.live().problem, self.receiving()), ("space", []))

    def test_a_new_owner_without_an_address_gets_paper(self):
        heir = self.env["res.partner"].create({"name": "Наследник", "email": "heir@example.com"})
        wizard = self.env["epd.new.owner"].with_user(self.operator)
        with Form(wizard.with_context(default_account_id=self.account.id)) as form:
            form.partner_id = heir
            form.basis = "Выписка из ЕГРН"
            self.assertEqual(form.email, "heir@example.com")
            self.assertFalse(form.email_problem)
            form.email = "heir @example.com"
            self.assertIn("heir @example.com", form.email_problem)
            form.email = "heir@gmial.com"
            self.assertIn("heir@gmail.com", form.email_problem)
            form.email = False  # «пусто: получает бумагу»
            self.assertFalse(form.email_problem)
        form.save().action_apply()
        self.assertEqual(self.receiving(), [])
        self.assertFalse(heir.email)
        self.assertIn(self.account, self.account._wants_paper())

    def test_a_misspelt_text_of_a_program_takes_no_good_ones_place(self):
        answer = self.by_api("ivan petrov@mail.example")
        (problem,) = answer["problems"]
        self.assertEqual((problem["code"], problem["record"]), ("email_wrong", "00100"))
        self.assertIn("ivan petrov@mail.example", problem["text"])
        self.assertEqual(self.receiving(), ["ivanov@example.com"])
        self.account, self.partner = self.accounts[3], self.accounts[3].partner_id
        answer = self.by_api("maria petrova@mail.example")
        self.assertEqual((answer["changed"], answer["problems"][0]["code"]), (1, "email_wrong"))
        self.assertEqual(self.live().email, "maria petrova@mail.example", "seen, not lost")
        self.assertEqual(self.receiving(), [])

    def test_a_new_account_with_a_misspelt_email_is_taken(self):
        payer = {"name": "Новый Плательщик", "email": "q nov@mail.ru"}
        entry = {"number": "777", "building": self.building.name, "payer": payer}
        answer = self.api.put_accounts("new", [entry])
        self.assertEqual((answer["made"], answer["problems"][0]["code"]), (1, "email_wrong"))
        self.account = self.env["epd.personal.account"].search([("number", "=", "777")])
        self.assertEqual((self.live().email, self.receiving()), ("q nov@mail.ru", []))

    def test_cleared(self):
        for door in self.each_door(
            ("by_contact", "by_contact_form", "by_web_save", "by_odoo_load")
        ):
            door("" if door == self.by_odoo_load else False)
            self.assertFalse(self.live())
            (closed,) = self.account.address_ids
            self.assertIn("contact", closed.state_reason)
            self.assertIn(self.account, self.account._wants_paper())

    def test_a_new_address_lives_after_the_old_one_was_closed(self):
        self.account.address_ids.with_user(self.operator).action_close()
        for door in self.each_door((*self.CONTACT_DOORS, "by_api")):
            door("new@example.com")
            self.assertEqual(self.receiving(), ["new@example.com"])

    def test_what_the_office_closed_stays_closed_when_the_same_is_told_again(self):
        self.account.address_ids.with_user(self.operator).action_close()
        for text in ("ivanov@example.com", "Ivanov@Example.com."):
            self.by_contact(text)
            self.by_api(text)
            self.assertEqual(self.receiving(), [])
        self.by_contact("other@example.com")
        self.by_contact("ivanov@example.com")
        self.assertEqual(self.receiving(), ["ivanov@example.com"], "given again")

    def test_the_spouse_has_the_same_mailbox(self):
        old = self.account.address_ids
        self.by_new_owner("ivanov@example.com")
        self.assertEqual(old.state, "closed")
        (new,) = self.live()
        self.assertEqual((new.email, new.partner_id), ("ivanov@example.com", self.partner))
        heir = self.env["res.partner"].create({"name": "Наследник", "email": "Ivanov@example.com"})
        self.account.with_user(self.operator).partner_id = heir
        self.assertEqual(self.live().partner_id, heir)

    def test_one_address_follows_the_person(self):
        self.env["epd.delivery.address"].with_user(self.operator).create(
            {"account_id": self.account.id, "email": "typed@example.com"}
        )
        for door in self.each_door(
            ("by_contact", "by_contact_form", "by_api", "by_web_save", "by_odoo_load")
        ):
            door("typed@example.com")
            (address,) = self.live()
            self.assertEqual((address.source, self.receiving()), ("partner", ["typed@example.com"]))

    def test_lists(self):
        for text in ("a@x.ru, b@x.ru", "a@x.ru; b@x.ru", "A@x.ru;b@X.ru.,", "a@x.ru\nb@x.ru"):
            for door in self.each_door((*self.CONTACT_DOORS, "by_api")):
                if "\n" in text and door == self.by_contact_form:
                    continue  # a line has no line breaks
                door(text)
                self.assertEqual(self.receiving(), ["a@x.ru", "b@x.ru"], text)

    def test_a_list_shrinks_and_grows(self):
        self.by_contact("a@x.ru, b@x.ru")
        self.by_contact("b@x.ru, c@x.ru")
        self.assertEqual(self.receiving(), ["b@x.ru", "c@x.ru"])
        self.by_contact("c@x.ru")
        self.assertEqual(self.receiving(), ["c@x.ru"])

    def test_malformed_ones_and_their_one_form(self):
        bad = ("ivan@mail", "@mail.ru", "ivan@mail..ru", "ivan@mаil.ru", "ivan@mail.rи")
        for text in bad:
            for door in self.each_door(self.CONTACT_DOORS):
                door(text)
                self.assertEqual((self.live().email, self.receiving()), (text, []))
            with self.assertRaisesRegex(ValidationError, "misspelt"):
                self.type_in(text)
        for text, normal in (
            ("Ivan@Mail.ru.", "ivan@mail.ru"),
            ("ИВАН@ПОЧТА.РФ", "иван@почта.рф"),
            ("ivan@ПОЧТА.РФ", "ivan@xn--80a1acny.xn--p1ai"),
        ):
            for door in self.each_door((*self.CONTACT_DOORS, "by_api")):
                door(text)
                self.assertEqual(self.receiving(), [normal])

    # --- typed by hand ---

    def type_in(self, text, **more):
        vals = {"account_id": self.account.id, "email": text, **more}
        return self.env["epd.delivery.address"].with_user(self.operator).create(vals)

    def test_typed(self):
        address = self.type_in("Second@Mail.ru., third@mail.ru")
        self.assertEqual((address.email_normalized, len(address)), ("second@mail.ru", 1))
        self.assertEqual(
            self.receiving(), ["ivanov@example.com", "second@mail.ru", "third@mail.ru"]
        )
        self.assertEqual(address.partner_id, self.partner)
        with self.assertRaisesRegex(ValidationError, "already"):
            self.type_in("SECOND@mail.ru")
        for text in ("ivan petrov@mail.example", "", False, "  "):
            with self.assertRaises(ValidationError):
                self.type_in(text)
            with self.assertRaises(ValidationError):
                address.with_user(self.operator).email = text
        address.with_user(self.operator).email = "fourth@mail.ru; fifth@mail.ru"
        self.assertEqual(
            self.receiving(),
            ["fifth@mail.ru", "fourth@mail.ru", "ivanov@example.com", "third@mail.ru"],
        )
        with self.assertRaisesRegex(ValidationError, "already"):
            address.with_user(self.operator).email = "third@mail.ru"

    def test_typed_down_the_list_of_accounts(self):
        account = self.accounts[3].with_user(self.operator)
        account.new_email = "maria@mail.ru, m2@mail.ru"
        self.account = self.accounts[3]
        self.assertEqual(self.receiving(), ["m2@mail.ru", "maria@mail.ru"])
        with self.assertRaisesRegex(ValidationError, "q nov@mail.ru"):
            account.new_email = "q nov@mail.ru"

    def test_typed_with_the_account_itself(self):
        account = self.env["epd.personal.account"].create(
            {
                "number": "778",
                "building_id": self.building.id,
                "company_id": self.company.id,
                "partner_id": self.partner.id,
                "address_ids": [(0, 0, {"email": "typed@mail.ru"})],
            }
        )
        self.assertEqual(
            account.address_ids.mapped("email_normalized"), ["typed@mail.ru", "ivanov@example.com"]
        )

    # --- what an operator may not do over RPC ---

    def test_only_the_program_says_what_the_service_is_given(self):
        address = self.account.address_ids.with_user(self.operator)
        typed = self.type_in("typed@mail.ru")
        stranger = self.accounts[1]
        for vals in (
            {"email_normalized": "stranger@mail.ru"},
            {"problem": False},
            {"memory": "active"},
            {"source": "manual"},
            {"partner_id": stranger.partner_id.id},
            {"account_id": stranger.id},
            {"state": "closed"},
        ):
            for record in (address, typed):
                with self.subTest(vals), self.assertRaises(UserError):
                    record.write(vals)
                with self.subTest(vals), self.assertRaises(UserError):
                    record.web_save(vals, {})
            if "account_id" not in vals and vals != {"source": "manual"}:
                with self.subTest(vals), self.assertRaises(UserError):
                    self.type_in("more@mail.ru", **{**vals, "problem": "space"})
        with self.assertRaisesRegex(UserError, "contact"):
            address.email = "stranger@mail.ru"
        names = ("email_normalized", "source", "partner_id", "problem", "state", "memory")
        context = {f"default_{name}": "stranger@mail.ru" for name in names}
        context["default_partner_id"] = stranger.partner_id.id
        sly = self.env["epd.delivery.address"].with_user(self.operator).with_context(**context)
        made = sly.create({"account_id": self.account.id, "email": "honest@mail.ru"})
        self.assertEqual(
            (made.email_normalized, made.source, made.partner_id, made.state, made.memory),
            ("honest@mail.ru", "manual", self.partner, "active", False),
        )
        copied = made.copy({"email": "copied@mail.ru"})
        self.assertEqual(copied.email_normalized, "copied@mail.ru")
        result = sly.load(
            ["account_id/.id", "email", "email_normalized"],
            [[str(self.account.id), "loaded@mail.ru", "stranger@mail.ru"]],
        )
        self.assertTrue(result["messages"])
        self.assertNotIn("stranger@mail.ru", self.receiving())

    def test_an_address_is_closed_not_deleted(self):
        address = self.account.address_ids
        for user in (self.operator, self.manager):
            with self.assertRaises(UserError):
                address.with_user(user).unlink()
            with self.assertRaises(UserError):
                self.account.with_user(user).write({"address_ids": [(2, address.id, 0)]})
        self.assertEqual(self.receiving(), ["ivanov@example.com"])

    # --- people come and go ---

    def test_the_owner_changes_and_changes_back(self):
        self.account.address_ids._lose("bounced", "err_mailbox_full")
        self.type_in("typed@mail.ru")
        self.account.partner_id = self.accounts[1].partner_id
        self.assertEqual(self.receiving(), ["petrova@example.com"])
        self.account.partner_id = self.partner
        self.assertEqual(self.receiving(), [])
        self.assertEqual(self.live().state, "bounced", "as it was left")
        self.live().with_user(self.operator).action_reopen()
        self.assertEqual(self.receiving(), ["ivanov@example.com"])
        self.account.partner_id = False
        self.assertFalse(self.live())

    def test_who_left_is_not_followed(self):
        self.account.partner_id = self.accounts[1].partner_id
        self.partner.email = "elsewhere@mail.ru"
        self.assertEqual(self.receiving(), ["petrova@example.com"])

    def test_merged_contacts(self):
        twin = self.env["res.partner"].create({"name": "Иванов Иван", "email": "twin@mail.ru"})
        second = self.accounts[3]
        second.partner_id = twin
        self.env["epd.delivery.consent"].create({"account_id": second.id, "basis": "Заявление"})
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((self.partner | twin).ids, self.partner, extra_checks=False)
        self.env.invalidate_all()
        self.assertEqual(second.partner_id, self.partner)
        self.account = second
        self.assertEqual(self.receiving(), ["ivanov@example.com"])
        self.assertEqual(second.consent_state, "instead")

    def test_contacts_that_pay_for_nothing_cost_no_queries(self):
        def count(number):
            contacts = self.env["res.partner"].create([{"name": "Гость"}] * number)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            contacts._epd_get_payers()
            return self.cr.sql_log_count - before

        self.assertEqual(count(2), count(40))
        self.assertFalse(self.env["res.partner"]._epd_get_payers())
        self.assertEqual(self.partner._epd_get_payers(), self.partner)

    def test_an_archived_contact_still_owes(self):
        self.partner.active = False
        self.assertEqual(self.receiving(), ["ivanov@example.com"])

    # --- what a person sees ---

    def test_a_hint_is_only_taken_by_a_person(self):
        self.by_contact("ivan@gmial.com")
        address = self.live()
        self.assertEqual(self.receiving(), ["ivan@gmial.com"], "as given")
        self.assertEqual(address.hint, "ivan@gmail.com")
        address.with_user(self.operator).action_take_hint()
        self.assertEqual(self.receiving(), ["ivan@gmail.com"])
        self.assertEqual(self.partner.email, "ivan@gmail.com")
        typed = self.type_in("ivan@yandx.ru")
        typed.with_user(self.operator).action_take_hint()
        self.assertEqual(typed.email_normalized, "ivan@yandex.ru")
        with self.assertRaises(UserError):
            typed.with_user(self.operator).action_take_hint()
        self.by_contact("ivan@mail.rи")
        (misspelt,) = self.live().filtered("problem")
        misspelt.with_user(self.operator).action_take_hint()
        self.assertIn("ivan@mail.ru", self.receiving())

    def test_a_hint_is_taken_on_the_contact(self):
        person = self.partner.with_user(self.manager)
        for text, receiving in (
            ("a@gmial.com; ba@gmail.com", ["a@gmail.com", "ba@gmail.com"]),
            ("ivan@mail.rи", ["ivan@mail.ru"]),
        ):
            person.email = text
            self.assertTrue(person.epd_email_hint)
            self.assertIn(person.epd_email_hint, person.epd_email_problem)
            person.action_epd_take_hints()
            self.assertEqual(self.receiving(), receiving)
            self.assertFalse(person.epd_email_hint)

    def test_a_hint_is_taken_for_one_address_of_a_list(self):
        self.by_contact("a@gmail.co, ba@gmail.com; c@yandx.ru")
        first = self.live().filtered(lambda address: address.email == "a@gmail.co")
        first.with_user(self.operator).action_take_hint()
        self.assertEqual(self.receiving(), ["a@gmail.com", "ba@gmail.com", "c@yandx.ru"])

    def test_the_chatter_says_that_no_letter_goes_to_a_misspelt_address(self):
        self.by_contact("ivan petrov@mail.example")
        note = self.account.message_ids[0].body
        self.assertIn("ivan petrov@mail.example", note)
        self.assertIn("No letter goes there", note)
        self.assertIn("misspelt", self.account.emails_text)
