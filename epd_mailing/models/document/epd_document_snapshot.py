from collections import defaultdict

from odoo import api, models

from ...tools import figures, money, payment_qr, receipt_data

# block titles on paper, and the purpose of the payment in the code
_TITLES = {
    False: ("Жилищно-коммунальные услуги", "Оплата ЖКУ"),
    True: ("Капитальный ремонт", "Взнос на капитальный ремонт"),
}


# form → forms that print the same charges
SAME_CHARGES = {
    "epd": ("receipt", "capital_repair"),
    "receipt": ("epd",),
    "capital_repair": ("epd",),
}


# a context value that no caller over RPC can hand in: a clerk has lifted the second form
LIFTED = object()


class SnapshotProblem(Exception):
    """Why an account has no document: ``code`` for programs, ``text`` for a person."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code
        self.text = text


class EpdDocumentSnapshot(models.AbstractModel):
    """Charges → snapshot: everything a receipt prints, as plain data, for a slice of accounts."""

    _name = "epd.document.snapshot"
    _description = "Snapshot of a Payment Document"

    @api.model
    def _build(self, accounts, period, form):
        """Return the snapshots of ``accounts`` for ``period``, with a fixed number of queries.

        :param accounts: ``epd.personal.account`` of one company (a slice of some hundreds)
        :param form: one of ``FORMS``
        :return: ``{account_id: (snapshot or None, problem or None)}``; a problem is a dict with
            ``code`` and ``text`` in the user's language. Number and version are filled in later.
        """
        company = period.company_id
        data = self._read_slice(accounts, period, form)
        head = self._get_head(period, form)
        answer = {}
        for account in accounts:
            try:
                blocks = self._snapshot_blocks(account, data, form, company, period)
                answer[account.id] = self._snapshot_account(account, data, head, blocks), None
            except SnapshotProblem as problem:
                answer[account.id] = None, {"code": problem.code, "text": problem.text}
        return answer

    @api.model
    def _build_bare(self, accounts, period, form):
        """Return ``{account_id: snapshot}`` without blocks: who and when, but no figures."""
        data = self._read_slice(accounts, period, form)
        head = self._get_head(period, form)
        return {account.id: self._snapshot_account(account, data, head, []) for account in accounts}

    @api.model
    def _get_head(self, period, form):
        """Return the part of the snapshot that all accounts have in common."""
        return {
            "schema": receipt_data.SCHEMA,
            "form": form,
            "period": self._snapshot_period(period),
            "issuer": self._snapshot_issuer(period.company_id),
        }

    @api.model
    def _get_gis_document_ids(self, accounts, period, form):
        """Return ``{account_id: identifier (ИПД)}``: hook of the room that knows ГИС ЖКХ."""
        return {}

    @api.model
    def _read_slice(self, accounts, period, form):
        """Read all that the slice needs: one search a model."""
        where = [("period_id", "=", period.id), ("account_id", "in", accounts.ids)]
        data = {}
        for name, order in (
            ("epd.charge", "sequence, service_id, id"),
            ("epd.account.balance", "id"),
            ("epd.meter.reading", "service_id, meter_number, id"),
        ):
            grouped = defaultdict(list)
            for record in self.env[name].search(where, order=order):
                grouped[record.account_id.id].append(record)
            data[name] = grouped
        data["provisions"] = self.env["epd.service.provision"]._get_valid(
            [("building_id", "in", accounts.building_id.ids)], period
        )
        data["second_forms"] = self._get_second_forms(accounts, period, form)
        data["gis_document_ids"] = self._get_gis_document_ids(accounts, period, form)
        infos = self.env["epd.consumer.info"].search(
            [
                ("period_id", "=", period.id),
                ("building_id", "in", [False, *accounts.building_id.ids]),
                ("account_id", "in", [False, *accounts.ids]),
            ],
            order="id",
        )
        data["infos"] = infos.filtered(lambda info: not info.account_id)
        data["account_infos"] = infos.filtered("account_id").grouped("account_id")
        return data

    @api.model
    def _get_second_forms(self, accounts, period, form):
        """Return ``{account_id: number of the document}`` where another form has the same charges.

        Nothing where the company does not want to be stopped by it.
        """
        lifted = self.env.context.get("epd_second_form") is LIFTED
        if lifted or period.company_id.epd_second_form != "error":
            return {}
        documents = self.env["epd.payment.document"].search_fetch(
            [
                ("period_id", "=", period.id),
                ("account_id", "in", accounts.ids),
                ("form", "in", SAME_CHARGES[form]),
                ("state", "=", "saved"),
            ],
            ["account_id", "name"],
        )
        return {document.account_id.id: document.name for document in documents}

    @api.model
    def _snapshot_period(self, period):
        return {
            "start": period.date_start.isoformat(),
            "present_by": period.present_by and period.present_by.isoformat() or "",
            "pay_by": period.pay_by and period.pay_by.isoformat() or "",
            "limit_index": str(money.to_decimal(period.limit_index)),
        }

    @api.model
    def _snapshot_issuer(self, company):
        partner = company.partner_id
        address = ", ".join(filter(None, (partner.zip, partner.city, partner.street)))
        return {
            "name": partner.name or "",
            "inn": partner.vat or "",
            "kpp": partner.epd_kpp or "",
            "ogrn": partner.epd_ogrn or company.company_registry or "",
            "address": address,
            "phone": partner.phone or "",
            "dispatch_phone": company.epd_phone_dispatch or "",
            "email": partner.email or "",
            "website": partner.website or "",
        }

    @api.model
    def _snapshot_account(self, account, data, head, blocks):
        partner = account.partner_id
        last, first, middle = partner._epd_name_parts() if partner else ("", "", "")
        building, nowhere = account.building_id, account.building_id.browse()
        infos = data["infos"].filtered(lambda info: info.building_id in (building, nowhere))
        infos |= data["account_infos"].get(account, infos.browse())
        snapshot = {
            **head,
            "account": {
                "number": account.number,
                "unified_number": account.unified_number or "",
                "gis_service_id": account.gis_service_id or "",
                "gis_document_id": data["gis_document_ids"].get(account.id) or "",
            },
            "payer": {
                "name": partner.name or "",
                "last_name": last,
                "first_name": first,
                "middle_name": middle,
                "is_company": bool(partner.is_company),
                "inn": (partner.vat or "") if partner.is_company else "",
                "kpp": (partner.epd_kpp or "") if partner.is_company else "",
            },
            "premises": {
                "address": account.address,
                "kind": account.premises_kind,
                "area": str(money.to_decimal(account.area)),
                "residents": account.residents,
                "building_area": str(money.to_decimal(building.total_area)),
                "common_area": str(money.to_decimal(building.common_area)),
            },
            "blocks": blocks,
            # meters have no part in the capital repair contribution
            "readings": [
                self._snapshot_reading(reading)
                for reading in data["epd.meter.reading"][account.id]
                if head["form"] != "capital_repair"
            ],
            "info": [info.text for info in infos],
        }
        if account.large_print:  # only then, like all that not every receipt has
            snapshot["large_print"] = True
        receipt_data.fill_totals(snapshot)
        self._fill_codes(snapshot, account.company_id)
        try:
            receipt_data.check_sums(snapshot)
        except receipt_data.SumError as error:
            raise SnapshotProblem(
                "sums_differ",
                self.env._(
                    "The document does not add up: %(figure)s must be %(expected)s, it is "
                    "%(found)s. Correct the charges or the balance.",
                    figure=error.figure,
                    expected=error.expected,
                    found=error.actual,
                ),
            ) from error
        return snapshot

    @api.model
    def _snapshot_reading(self, reading):
        return {
            "service": reading.service_id.name,
            "meter": reading.meter_number,
            "zone": reading.zone or "",
            **figures.snapshot_figures(reading, figures.READING),
            "verify_by": reading.verify_by and reading.verify_by.isoformat() or "",
        }

    @api.model
    def _snapshot_blocks(self, account, data, form, company, period):
        """Return the blocks of one account: one a payee, in the order of the services."""
        second = data["second_forms"].get(account.id)
        if second:
            raise SnapshotProblem(
                "second_form",
                self.env._(
                    "The account has the document %s with the same charges already. Cancel it first, or "
                    "let the settings warn only.",
                    second,
                ),
            )
        provisions, building = data["provisions"], account.building_id.id
        blocks, payees = {}, {}
        repair_payees = self._get_repair_payees(provisions, building)
        for charge in data["epd.charge"][account.id]:
            provision = provisions.get((building, charge.service_id.id))
            if not provision:
                raise SnapshotProblem(
                    "no_provision",
                    self.env._(
                        "It is not known to whom “%(service)s” is paid in this building. Enter "
                        "the provision of the service.",
                        service=charge.service_id.name,
                    ),
                )
            payee = provision.payee_id
            if self._form_takes(form, payee, payee in repair_payees, company):
                payees[payee] = payee in repair_payees
                blocks.setdefault(payee, []).append(self._snapshot_line(charge, provision))
        balances = {}
        for balance in data["epd.account.balance"][account.id]:
            payee = balance.payee_id
            if self._form_takes(form, payee, payee in repair_payees, company):
                payees.setdefault(payee, payee in repair_payees)
                balances[payee] = balance
        if not payees:
            raise SnapshotProblem(
                "no_charges",
                self.env._("There are no charges and no balance of this form in the period."),
            )
        if form == "receipt" and len(payees) > 1:
            raise SnapshotProblem(
                "several_payees",
                self.env._(
                    "A receipt has one payee, and the charges are paid to several. Use the form "
                    "“Single payment document”."
                ),
            )
        return [
            self._snapshot_block(payee, repair, blocks.get(payee, []), balances.get(payee))
            for payee, repair in payees.items()
        ]

    @api.model
    def _get_repair_payees(self, provisions, building):
        """Return the bank accounts that take nothing but capital repair in this building."""
        kinds = defaultdict(set)
        for (house, _service), provision in provisions.items():
            if house == building:
                kinds[provision.payee_id].add(provision.service_id.kind)
        return {payee for payee, found in kinds.items() if found == {"capital_repair"}}

    @api.model
    def _form_takes(self, form, payee, is_repair, company):
        if form == "capital_repair":
            return is_repair
        if form == "receipt":
            return not is_repair and payee.partner_id == company.partner_id
        return True

    @api.model
    def _snapshot_line(self, charge, provision):
        return {
            "service": charge.service_id.name,
            "kind": charge.service_id.kind,
            "uom": charge.service_id.uom_name,
            "provider": provision.provider_id.name,
            "method": charge.volume_method or "",
            "recalculation_reason": charge.recalculation_reason or "",
            "explanation": charge.explanation or "",
            **figures.snapshot_figures(charge, figures.CHARGE),
        }

    @api.model
    def _snapshot_block(self, payee, is_repair, lines, balance):
        def amount(name):
            return str(money.to_decimal(balance and balance[name]))

        charged = sum((money.to_decimal(line["total"]) for line in lines), money.to_decimal(0))
        if balance and money.to_decimal(balance.charged) != charged:
            raise SnapshotProblem(
                "charged_differs",
                self.env._(
                    "%(payee)s: the balance says %(balance)s was charged, the lines add up to "
                    "%(lines)s. Correct one of them.",
                    payee=payee.epd_payee_name or payee.partner_id.name,
                    balance=money.format_money(balance.charged),
                    lines=money.format_money(charged),
                ),
            )

        def day(name):
            value = balance and balance[name]
            return value.isoformat() if value else ""

        return {
            "title": _TITLES[is_repair][0],
            "purpose": _TITLES[is_repair][1],
            "payee": payee._epd_payee_values(),
            "lines": lines,
            "balance": {
                "opening": amount("opening"),
                "paid": amount("paid"),
                "paid_through": day("paid_through"),
                "last_payment": day("last_payment_date"),
                "penalty": amount("penalty"),
                "court_costs": amount("court_costs"),
            },
        }

    @api.model
    def _fill_codes(self, snapshot, company):
        """Write the payment code of each block (GOST R 56042-2014); ``Sum`` only when owed.

        Where nothing is owed there is none (an empty text), unless the company wants it without a sum.
        """
        for block in snapshot["blocks"]:
            block["qr"] = ""
            order = self._get_payment_order(snapshot, block, company)
            if order.sum_kopecks or company.epd_code_without_sum == "print":
                try:
                    block["qr"] = payment_qr.build_payment_string(order)
                except payment_qr.PaymentQrError as error:
                    raise self._get_code_problem(block, error) from error

    @api.model
    def _get_payment_order(self, snapshot, block, company):
        """Return what the payment code of a block says (``payment_qr.PaymentOrder``)."""
        start = snapshot["period"]["start"]
        month, year = start[5:7], start[:4]
        account, payer = snapshot["account"], snapshot["payer"]
        number, ids = account["number"], (account["gis_service_id"], account["gis_document_id"])
        return payment_qr.PaymentOrder(
            **block["payee"],
            sum_kopecks=money.kopecks(block["due"]),
            purpose=f"{block['purpose']} за {month}.{year} л/с {number}",
            purpose_tail=payment_qr.gis_identifier(ids[0] or ids[1])
            if company.epd_code_gis
            else "",
            last_name=payer["last_name"],
            first_name=payer["first_name"],
            middle_name=payer["middle_name"],
            payer_address=snapshot["premises"]["address"],
            pers_acc=number,
            payment_period=month + year,
            category=company.epd_code_category or "",
            tech_code="02",
            uin=ids[1],
        )

    @api.model
    def _get_code_problem(self, block, error):
        """Return the ``SnapshotProblem`` of a payment code, pointing at whose data are wrong."""
        why = self.env["res.partner.bank"]._epd_describe_code_error(error)
        if error.party == "payer":
            return SnapshotProblem(
                "payer",
                self.env._(
                    "The payment code cannot be created: %(why)s. Correct it on the personal account "
                    "or on the card of its responsible person.",
                    why=why,
                ),
            )
        if error.party == "office":
            return SnapshotProblem(
                "code_settings",
                self.env._(
                    "The payment code cannot be created: %(why)s. Correct it in the settings.",
                    why=why,
                ),
            )
        return SnapshotProblem(
            "requisites",
            self.env._(
                "The payment code of “%(payee)s” cannot be created: %(why)s. Correct it at the "
                "payee's bank account.",
                payee=block["payee"]["name"] or "—",
                why=why,
            ),
        )
