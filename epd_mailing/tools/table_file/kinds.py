"""What can be loaded, and by which words offices head the columns."""

from typing import NamedTuple


class Field(NamedTuple):
    """``type``: account, text, money, quantity, tariff, ratio, whole, date, month, choice, digits.

    ``words``: headers it is known by (lower case); ``example`` stands in the sample file.
    """

    type: str
    words: tuple[str, ...] = ()
    example: str = ""
    required: bool = False
    across: bool = False  # may stand once per service


_ACCOUNT = Field(
    "account",
    ("лицевой счёт", "лицевой счет", "лс", "л/с", "л.с.", "№ лс", "номер лс", "номер лицевого счёта",
     "номер лицевого счета", "№ лицевого счета", "account", "personal account", "account number",
     "account_id", "account_id/number", "personal account/number", "лицевой счет/number",
     "personal account/account number", "лицевой счёт/номер", "номер л/с", "ls", "лиц. счет", "лиц.счет", "лицсчет",
     "accounts_id", "account id", "rash", "order_uid", "номер лс (иной идентификатор потребителя)",
     "лицевой", "код лс", "nomerls", "lc_numer", "lschet", "счет плательщика"),
    "0100001",
    required=True,
)  # fmt: skip
_PERIOD = Field(
    "month", ("период", "месяц", "расчётный период", "расчетный период", "period", "billing period",
    "period_id/name"), "03.2026",
)  # fmt: skip
_SERVICE = Field(
    "text", ("услуга", "код услуги", "вид услуги", "service", "service code", "service_id/code",
    "наименование услуги", "utilities_title", "usluga"), "1", required=True,
)  # fmt: skip
_PAYEE = Field(
    "digits", ("расчётный счёт", "расчетный счет", "р/с", "р/с получателя", "счёт получателя",
    "счет получателя", "получатель", "payee", "payee_id/acc_number", "paid to"),
    "40702810900000001234",
)  # fmt: skip
_NEW_ACCOUNT = {
    "building": Field("text", ("дом", "адрес", "адрес дома", "building", "address",
        "account_id/building_id/name", "building_id/name", "addr", "адрес дома/помещения",
        "адрес ожф", "адрес помещения", "адрес объекта", "адрес плательщика"), "г. Казань, ул. Примерная, д. 10"),
    "premises": Field("text", ("помещение", "квартира", "кв", "кв.", "номер помещения",
        "№ помещения", "№ квартиры", "premises", "account_id/premises", "kv", "flat"), "1"),
    "premises_kind": Field("choice", ("вид помещения", "тип помещения", "premises kind",
        "premises_kind", "account_id/premises_kind"), "Квартира"),
    "area": Field("quantity", ("площадь", "площадь, м²", "общая площадь", "area", "area, m²",
        "account_id/area"), "38,4"),
    "residents": Field("whole", ("проживает", "жильцов", "количество проживающих", "residents",
        "зарегистрировано", "account_id/residents", "проживающих", "кол-во проживающих",
        "количество жильцов", "кол-во жильцов", "число проживающих"), "1"),
    "payer": Field("text", ("плательщик", "ответственный", "фио", "собственник", "ф.и.о.", "payer",
        "responsible person", "account_id/partner_id/name", "partner_id/name", "fio", "клиент", "абонент",
        "потребитель", "фио плательщика", "фио абонента", "ф.и.о. плательщика", "ф.и.о. абонента",
        "фио собственника", "ф.и.о. собственника", "собственник (фио)", "собственник/наниматель",
        "наниматель", "фио нанимателя", "владелец", "фио владельца", "фио потребителя",
        "фио ответственного", "квартиросъемщик", "квартиросъёмщик"),
        "Иванов Иван Иванович"),
    "payer_surname": Field("text", ("фамилия", "surname", "last name")),
    "payer_first_name": Field("text", ("имя", "имя потребителя", "first name")),
    "payer_patronymic": Field("text", ("отчество", "отчество (при наличии)", "patronymic")),
    "payer_inn": Field(
        "digits",
        ("инн", "инн плательщика", "payer inn", "account_id/partner_id/vat", "partner_id/vat"),
    ),
    "email": Field("text", ("почта", "e-mail", "email", "эл. почта", "электронная почта",
        "адрес электронной почты", "account_id/partner_id/email", "partner_id/email"), "ivanov@example.com"),
}  # fmt: skip


def _money(*words: str, across: bool = True) -> Field:
    return Field("money", words, across=across)


def _quantity(*words: str) -> Field:
    return Field("quantity", words, across=True)


_CHARGES = {
    "account": _ACCOUNT,
    "period": _PERIOD,
    "service": _SERVICE,
    "service_name": Field("text", ("название услуги", "service name", "service_id/name"),
        "Содержание жилого помещения"),
    "service_kind": Field("choice", ("группа услуг", "service kind", "service_id/kind"), "Жилищная"),
    "uom": Field("text", ("ед. изм.", "единица", "ед.", "единица измерения", "unit",
        "service_id/uom_name"), "м²"),
    "payee": _PAYEE,
    "line_key": Field("text", ("ключ строки", "строка источника", "source line", "line_key"), ""),
    "volume_individual": Field("quantity", ("объём", "объем", "количество", "объём инд.", "volume",
        "объем индивидуальный", "volume_individual", "volume individual"), "38,4", across=True),
    "volume_common": _quantity("объём од", "объем сои", "объём сои", "volume_common",
        "volume common"),
    "volume_method": Field("choice", ("способ определения", "способ определения объёма", "метод",
        "volume_method", "volume method"), "Иное"),
    "tariff": Field("tariff", ("тариф", "цена", "tariff", "rate", "bet", "tarif"), "31,50", across=True),
    "amount_individual": _money("начислено инд.", "плата индивидуальная", "amount_individual",
        "amount individual"),
    "amount_common": _money("начислено сои", "плата на сои", "amount_common", "amount common"),
    "amount": Field("money", ("начислено", "сумма", "начисление", "начислено за период", "amount",
        "charged", "cost", "nachisleno", "всего начислено"), "1 209,60", across=True),
    "ratio": Field("ratio", ("повышающий коэффициент", "коэффициент", "ratio"), across=True),
    "excess": _money("превышение", "превышение платы", "excess"),
    "recalculation": _money("перерасчёт", "перерасчет", "recalculation", "перерасчеты", "перерасчеты всего", "recalc"),
    "recalculation_reason": Field("text", ("основание перерасчёта", "основание перерасчета",
        "причина перерасчета", "причина перерасчёта", "recalculation_reason",
        "recalculation reason")),
    "discount": _money("льготы", "льгота", "скидка", "субсидии", "льготы и субсидии", "discount", "privileges",
        "льготы, субсидии"),
    "vat_rate": Field("ratio", ("ставка ндс", "ндс, %", "vat_rate", "vat rate"), "5"),
    "vat_amount": _money("ндс", "сумма ндс", "в том числе ндс", "в т.ч. ндс", "vat_amount", "vat"),
    "total": Field("money", ("итого", "к оплате", "итого к оплате", "всего", "total", "total due", "value"),
        "1 209,60", across=True),
    "norm_individual": _quantity("норматив", "norm_individual", "norm individual"),
    "norm_common": _quantity("норматив на сои", "norm_common", "norm common"),
    "house_reading": _quantity("показание одпу", "house_reading"),
    "house_volume_premises": _quantity("объём в помещениях", "объем в помещениях",
        "house_volume_premises"),
    "house_volume_common": _quantity("объём на сои по дому", "объем на сои по дому",
        "house_volume_common"),
    "explanation": Field("text", ("порядок расчётов", "порядок расчетов", "explanation")),
    "instalment_period": _money("рассрочка за период", "instalment_period"),
    "instalment_past": _money("рассрочка за прошлые", "instalment_past"),
    "instalment_percent": Field("ratio", ("процент рассрочки", "instalment_percent")),
    "instalment_interest": _money("проценты рассрочки", "instalment_interest"),
    "instalment_total": _money("итого с рассрочкой", "instalment_total"),
    **_NEW_ACCOUNT,
}  # fmt: skip
_BALANCES = {
    "account": _ACCOUNT,
    "period": _PERIOD,
    "payee": _PAYEE,
    "opening": Field("money", ("сальдо", "входящее сальдо", "долг", "задолженность",
        "долг на начало", "сальдо на начало", "opening", "задолженность / аванс", "сальдо начальное",
        "начальное сальдо", "сальдо вх", "задолженность за предыдущие периоды", "вх. сальдо"), "0,00"),
    "advance": Field("money", ("аванс", "аванс на начало", "аванс на начало расчетного периода",
        "переплата на начало", "advance")),
    "paid": Field("money", ("оплачено", "оплата", "платежи", "paid"), "0,00"),
    "paid_through": Field("date", ("учтены платежи по", "paid_through", "payments taken up to"),
        "31.03.2026"),
    "last_payment_date": Field("date", ("дата последней оплаты", "last_payment_date",
        "дата платежа"), ""),
    "charged": Field("money", ("начислено", "начисление", "charged"), "4 819,12", across=True),
    "recalculation": Field("money", ("перерасчёт", "перерасчет", "перерасчеты", "recalculation")),
    "penalty": Field("money", ("пени", "пеня", "начислено пени", "начислено пеней", "penalty"),
        "0,00"),
    "court_costs": Field("money", ("судебные издержки", "court_costs", "госпошлина"), ""),
    # not kept: what the row says it comes to is compared with what its figures make
    "due": Field("money", ("исходящее сальдо", "сальдо на конец", "долг на конец", "конечное сальдо",
        "сальдо конечное", "сальдо исх", "исх. сальдо", "к оплате", "итого к оплате", "closing",
        "closing balance", "due")),
}  # fmt: skip
_PAYMENTS = {
    "account": _ACCOUNT,
    "period": _PERIOD,
    "payee": _PAYEE,
    "paid": Field("money", ("оплачено", "оплата", "сумма", "сумма платежей", "сумма платежа",
        "сумма оплаты", "платёж", "платеж", "paid", "sum", "summa", "сумма операции"),
        "5 000,00", required=True),
    "last_payment_date": Field("date", ("дата последней оплаты", "дата платежа", "дата",
        "дата оплаты", "дата операции", "date", "last_payment_date", "trans_date", "дата транзакции", "paydate"), "20.03.2026"),
    "payment_number": Field("text", ("номер платежа", "№ платежа", "номер операции", "№ операции",
        "номер чека", "номер документа", "№ документа", "id платежа", "payment number",
        "payment_number", "transaction_id", "номер транзакции", "id операции"), "157"),
    "paid_through": _BALANCES["paid_through"],
    "operation": Field("choice", ("операция", "тип операции", "вид операции", "transaction_type",
        "operation")),
}  # fmt: skip
# words for a payment, for money given back, and for money that went out
OPERATIONS = {
    "payment": ("payment", "оплата", "платёж", "платеж", "purchase", "приход", "зачисление", "sale",
        "поступление", "продажа"),
    "refund": ("refund", "возврат", "reversal", "отмена", "chargeback", "сторно", "возврат платежа",
        "возврат покупки"),
    "outgoing": ("outgoing", "расход", "списание"),
}  # fmt: skip
_READINGS = {
    "account": _ACCOUNT,
    "period": _PERIOD,
    "service": _SERVICE._replace(example="5"),
    "meter_number": Field("text", ("прибор учёта", "прибор учета", "номер прибора", "№ прибора",
        "счётчик", "счетчик", "заводской номер", "meter", "meter_number", "meter number"),
        "500100001", required=True),
    "zone": Field("text", ("зона", "тарифная зона", "zone", "tariff zone"), ""),
    "previous": Field("quantity", ("предыдущее", "предыдущее показание", "previous"), "201"),
    "current": Field("quantity", ("текущее", "показание", "текущее показание", "показания",
        "current"), "205", across=True),
    "consumption": Field("quantity", ("расход", "потребление", "consumption"), "4"),
    "read_on": Field("date", ("дата снятия", "дата показания", "дата показаний", "дата", "read_on",
        "read on"), "24.03.2026"),
    "verify_by": Field("date", ("поверка", "дата поверки", "поверить до", "verify_by",
        "verify by"), "01.02.2028"),
}  # fmt: skip
_UNIFIED = Field("text", ("елс", "единый лицевой счёт", "единый лицевой счет", "unified_number",
    "unified account number", "номер елс в гис жкх", "номер единого лицевого счета", "номер елс",
    "номер единого лицевого счета в гис жкх"), "16АК330010")  # fmt: skip
_GIS_SERVICE = Field("text", ("ижку", "идентификатор жку", "gis_service_id",
    "gis service identifier"), "16АК330010-01")  # fmt: skip
_ACCOUNTS = {
    "account": _ACCOUNT._replace(words=(*_ACCOUNT.words, "number", "номер")),
    **_NEW_ACCOUNT,
    "entrance": Field("whole", ("подъезд", "entrance"), "1"),
    "floor": Field("whole", ("этаж", "floor"), "1"),
    "unified_number": _UNIFIED,
    "gis_service_id": _GIS_SERVICE,
    "date_open": Field("date", ("открыт", "дата открытия", "date_open", "opened on"), "01.06.2014"),
    "date_close": Field("date", ("закрыт", "дата закрытия", "date_close", "closed on"), ""),
    "channel": Field("choice", ("способ доставки", "доставка", "channel"), "E-mail"),
}
_GIS = {
    "account": _ACCOUNT,
    "unified_number": _UNIFIED,
    "gis_service_id": _GIS_SERVICE,
    "gis_document_id": Field("text", ("ипд", "идентификатор пд",
        "идентификатор платежного документа", "идентификатор платёжного документа",
        "gis_document_id"), "16АК330010-01-6031"),
    "placed_on": Field("date", ("дата размещения", "размещён", "размещен", "placed_on",
        "placed on"), "03.04.2026"),
}  # fmt: skip
_BUILDINGS = {
    "building": _NEW_ACCOUNT["building"]._replace(required=True),
    "fias_id": Field("text", ("фиас", "код фиас", "фиас/гар", "гар", "fias_id",
        "идентификатор фиас"), "6d1ebb35-70c6-4129-bd55-da3969658f5d"),
    "gis_house_id": Field("text", ("номер дома в гис жкх", "gis_house_id")),
    "total_area": Field("quantity", ("общая площадь", "общая площадь дома", "площадь дома",
        "total_area"), "4014,5"),
    "living_area": Field("quantity", ("жилая площадь", "площадь квартир", "living_area"), "3284"),
    "common_area": Field("quantity", ("площадь мест общего пользования", "площадь мкд общая",
        "места общего пользования", "моп", "common_area"), "612"),
    "entrances": Field("whole", ("подъездов", "количество подъездов", "entrances"), "2"),
    "floors": Field("whole", ("этажей", "этажность", "количество этажей", "floors"), "10"),
}  # fmt: skip
_SERVICES = {
    "service": Field("text", ("код", "код услуги", "service code", "code"), "5", required=True),
    "service_name": Field("text", ("название услуги", "наименование услуги", "услуга", "название",
        "наименование", "service name", "name"), "Холодное водоснабжение", required=True),
    "service_kind": Field("choice", ("группа услуг", "вид услуги", "вид", "service kind"),
        "Коммунальная"),
    "uom": _CHARGES["uom"]._replace(example="м³", required=True),
    "okei_code": Field("text", ("океи", "код океи", "okei_code"), "113"),
    "sequence": Field("whole", ("порядок", "№ п/п", "sequence"), "5"),
}  # fmt: skip
_PROVISIONS = {
    "building": _NEW_ACCOUNT["building"]._replace(required=True),
    "service": _SERVICE._replace(example="5"),
    "payee": _PAYEE._replace(required=True),
    "provider": Field("text", ("исполнитель", "поставщик", "поставщик услуги", "инн поставщика",
        "инн исполнителя", "provider")),
    "date_from": Field("date", ("с", "действует с", "дата начала", "date_from"), "01.01.2026"),
    "date_to": Field("date", ("по", "действует по", "дата окончания", "date_to")),
}  # fmt: skip
_TARIFFS = {
    "service": _SERVICE._replace(example="5"),
    "building": _NEW_ACCOUNT["building"]._replace(
        words=(*_NEW_ACCOUNT["building"].words, "дома", "объект")
    ),
    "tariff": Field("tariff", (*_CHARGES["tariff"].words, "ставка", "размер платы", "тариф, руб",
        "тариф, руб.", "размер платы, руб."), "59,80", required=True),
    "date_from": Field("date", ("с", "действует с", "дата начала", "дата начала действия", "дата",
        "date_from"), "01.07.2026", required=True),
    "uom": _CHARGES["uom"]._replace(example="м³"),
}  # fmt: skip
KINDS = {
    "charge": _CHARGES,
    "balance": _BALANCES,
    "payment": _PAYMENTS,
    "reading": _READINGS,
    "account": _ACCOUNTS,
    "gis": _GIS,
    "building": _BUILDINGS,
    "service": _SERVICES,
    "provision": _PROVISIONS,
    "tariff": _TARIFFS,
}


# What the further rows of an example file hold, column by column; the first is made of ``Field.example``.
_MORE_ROWS: dict[str, tuple[dict[str, str], ...]] = {
    "charge": (
        {"service": "5", "service_name": "Холодное водоснабжение", "service_kind": "Коммунальная",
         "uom": "м³", "volume_individual": "3", "volume_method": "Прибор учёта", "tariff": "38,20",
         "amount": "114,60", "total": "114,60"},
        {"account": "0100002", "premises": "2", "area": "54,2", "residents": "3",
         "payer": "Петрова Мария Сергеевна", "email": "petrova@example.com",
         "volume_individual": "54,2", "amount": "1 707,30", "total": "1 707,30"},
    ),
    "balance": (
        {"account": "0100002", "opening": "1 250,00", "paid": "1 250,00", "charged": "5 120,40"},
        {"account": "0100003", "opening": "-300,00", "charged": "6 004,75", "penalty": "12,35"},
    ),
    "payment": (
        {"account": "0100002", "paid": "1 250,00", "last_payment_date": "21.03.2026",
         "payment_number": "158"},
        {"account": "0100003", "paid": "320,50", "last_payment_date": "21.03.2026",
         "payment_number": "159"},
    ),
    "reading": (
        {"account": "0100002", "meter_number": "500100002", "previous": "87,4", "current": "93,1",
         "consumption": "5,7"},
        {"account": "0100003", "meter_number": "500100003", "previous": "412", "current": "419",
         "consumption": "7", "read_on": "25.03.2026"},
    ),
    "account": (
        {"account": "0100002", "premises": "2", "area": "54,2", "residents": "3",
         "payer": "Петрова Мария Сергеевна", "email": "petrova@example.com",
         "unified_number": "16АК330020", "gis_service_id": "16АК330020-01"},
        {"account": "0100003", "premises": "12А", "area": "71,6", "residents": "4", "floor": "2",
         "payer": "Сёмин Фёдор Алексеевич", "email": "", "channel": "Бумага",
         "unified_number": "16АК330030", "gis_service_id": "16АК330030-01"},
    ),
    "gis": (
        {"account": "0100002", "unified_number": "16АК330020", "gis_service_id": "16АК330020-01",
         "gis_document_id": "16АК330020-01-6031"},
        {"account": "0100003", "unified_number": "16АК330030", "gis_service_id": "16АК330030-01",
         "gis_document_id": "16АК330030-01-6031"},
    ),
    "building": (
        {"building": "г. Казань, ул. Примерная, д. 12", "fias_id": "", "total_area": "2986,3",
         "living_area": "2410", "common_area": "455,8", "entrances": "1", "floors": "9"},
    ),
    "service": (
        {"service": "1", "service_name": "Содержание жилого помещения", "service_kind": "Жилищная",
         "uom": "м²", "okei_code": "055", "sequence": "1"},
        {"service": "14", "service_name": "Взнос на капитальный ремонт",
         "service_kind": "Капитальный ремонт", "uom": "м²", "okei_code": "055", "sequence": "14"},
    ),
    "provision": (
        {"service": "1"},
        {"service": "14", "payee": "40705810200000005678"},
    ),
    "tariff": (
        {"service": "1", "building": "г. Казань, ул. Примерная, д. 10", "tariff": "34,10", "uom": "м²"},
    ),
}  # fmt: skip


def sample_rows(kind: str) -> list[list[str]]:
    """Return the header and a few example rows of a file of this kind, as texts."""
    fields = {
        code: field for code, field in KINDS[kind].items() if field.example and code != "period"
    }
    header = [field.words[0][:1].upper() + field.words[0][1:] for field in fields.values()]
    first = {code: field.example for code, field in fields.items()}
    rows = [first, *({**first, **more} for more in _MORE_ROWS[kind])]
    return [header, *([row[code] for code in fields] for row in rows)]
