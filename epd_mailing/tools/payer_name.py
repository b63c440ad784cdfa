"""A payer's name as written → last name, first name and patronymic of a payment code, or none.

A bank fills its form with these three; a wrong guess is worse than none. So: one person's name is taken
apart, a sole trader's without «ИП»; an organisation, several owners and «Собственник» give nothing.
"""

import re
from dataclasses import dataclass

_SOLE_TRADER = re.compile(r"^(ип|индивидуальный предприниматель)\.?\s+", re.IGNORECASE)
_FORMS = (
    r"[оозпна]?ао|ооо|тсж|тсн|жск|гск|снт|кфх|нко|ано|фгуп|гуп|муп|фгбу|гбу|мбу|мку|мкд|ук|администрация|комитет|"
    r"департамент|министерство|управление|общество|товарищество|кооператив|учреждение|предприятие|фонд|муниципальн\w*|"
    r"ф?г[ак]у|[мг]у|ф?гбоу|мбоу|мбдоу|мкдоу|мо|дирекция|банк|союз|храм|церковь|приход|мечеть|школа|музей|казна|"
    r"росимущество|минобороны|росгвардия"
)
# what offices write where they know no name
_NOBODY = (
    r"собственники?|наниматели?|владелец|владельцы|наследники?|жилец|жильцы|квартиросъ[её]мщик|неизвест(?:ен|но|ный)|"
    r"нет|не|без|пусто|пустует|уточнить"
)
_ORGANISATION = re.compile(rf"[«»\"“”„]|(^|\s)({_FORMS}|{_NOBODY})(\s|-\d|$)", re.IGNORECASE)
# «ЖСК-5», «ТСЖ-Радуга»: the form of an organisation with a hyphen behind it
_HYPHENED = re.compile(r"^(тсж|тсн|жск|гск|снт|ооо|муп|гуп)-", re.IGNORECASE)
_HONORIFIC = re.compile(r"^(г-н|г-жа|гр\.|гр-н|гр-ка|гражданин|гражданка)\s*", re.IGNORECASE)
# after «Фамилия Имя Отчество» of the Turkic way: a part of the patronymic
_PATRONYMIC_ENDS = {"оглы", "оглу", "кызы", "гызы", "угли", "уулу", "кизи", "зода"}
_SEVERAL = re.compile(r"[,;/&+]|\s(и|или)\s", re.IGNORECASE)
_INITIALS = re.compile(r"^([А-ЯЁA-Z])\.\s?([А-ЯЁA-Z])\.?$")
_INITIALS_FIRST = re.compile(r"^((?:[А-ЯЁA-Z]\.\s?){1,2})(\S{2,})$")
# a letter first; a dot only ends an initial
_WORD = re.compile(r"^(?:[^\W\d_]\.|[^\W\d_]['’ʼ`\-\w]*)$")


@dataclass(frozen=True)
class PayerName:
    """Parts of a person's name; all empty where it is not one person's."""

    last: str = ""
    first: str = ""
    middle: str = ""


def read_payer_name(name: str, is_organisation: bool = False) -> PayerName:
    """Return the parts of ``name``, written in the Russian order: last name, first name, patronymic.

    :param is_organisation: True where it is known to be none of a person; only «ИП …» is then read
    """
    # shares, notes; behind the last closing bracket none is looked for
    head, bracket, tail = (name or "").rpartition(")")
    text = re.sub(r"\([^)]*\)", " ", head + bracket) + tail
    text = " ".join(text.split())
    sole_trader = _SOLE_TRADER.match(text)
    if sole_trader:
        text = text[sole_trader.end() :]
    elif is_organisation:
        return PayerName()
    text = _HONORIFIC.sub("", text)
    if any(sign.search(text) for sign in (_ORGANISATION, _HYPHENED, _SEVERAL)):
        return PayerName()
    if first := _INITIALS_FIRST.match(text):  # «И. И. Иванов»
        text = f"{first[2]} {first[1]}".strip()
    words = text.split()
    if len(words) > 3 and words[-1].lower() in _PATRONYMIC_ENDS:
        words[-2:] = [" ".join(words[-2:])]
    if len(words) == 2 and (initials := _INITIALS.match(words[1])):
        words[1:] = [f"{letter}." for letter in initials.groups()]
    if not 1 <= len(words) <= 3 or not all(_WORD.match(word.split()[0]) for word in words):
        return PayerName()
    # «Совет ветеранов»: a person's names are all written alike
    if words[0][:1].isupper() and any(word[:1].islower() for word in words):
        return PayerName()
    return PayerName(*words)
