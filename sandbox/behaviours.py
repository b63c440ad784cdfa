"""What the sandbox does, and on whose word: one table, shown on its page «Поведение».

Marks: ``documented`` — the vendor's pages say so; ``captured`` — seen in an answer of the service
or in the code of a public client; ``assumed`` — inferred, to be checked on a live account.
What may be otherwise at the real service is a setting, with the value that the sandbox starts with.
"""

from dataclasses import dataclass

MARKS = {"documented": "документация", "captured": "замечено", "assumed": "предположение"}


@dataclass(frozen=True)
class Behaviour:
    """One thing that the sandbox does.

    :param mark: a key of ``MARKS``
    :param text: what it does, in Russian
    :param name: of the setting; nothing where it cannot be switched
    :param default: the value that the sandbox starts with
    """

    mark: str
    text: str
    name: str = ""
    default: object = None


BEHAVIOURS = (
    # --- the call ---
    Behaviour("documented", "Методы зовут GET или POST; ошибка приходит как error и code"),
    Behaviour("assumed", "Ошибка приходит с кодом HTTP 200"),
    Behaviour("documented", "Языки адреса: ru, en; у клиентов встречаются также ua и it"),
    Behaviour("assumed", "Адрес без языка (/api/МЕТОД) понимается", "lang_optional", True),
    Behaviour("captured", "Тело multipart/form-data понимается: так шлют клиенты на PHP"),
    Behaviour(
        "captured",
        "Сжатое тело: Content-Encoding или request_compression, gzip и bzip2",
        "packed_bodies",
        True,
    ),
    Behaviour("documented", "Вызовов в минуту на ключ", "calls_per_minute", 1200),
    Behaviour("assumed", "Предел вызовов назван пределом адреса, а не ключа", "ip_limit", False),
    Behaviour("documented", "Доступ к API выключен в кабинете: access_denied", "api_off", False),
    Behaviour("documented", "Предупреждение (warnings) в каждом ответе", "warning", ""),
    # --- sendEmail ---
    Behaviour("documented", "Вызовов sendEmail в минуту", "per_minute", 60),
    Behaviour("documented", "Писем в сутки новому пользователю", "per_day", 1000),
    Behaviour(
        "assumed",
        "Чем отвечает письму сверх суточного числа",
        "day_limit_code",
        "api_call_limit_exceeded_for_api_key",
    ),
    Behaviour("assumed", "Слова этого ответа", "day_limit_text", "Daily limit"),
    Behaviour("documented", "Секунд между письмами на один адрес", "address_seconds", 60),
    Behaviour("documented", "Письмо не больше, байт", "letter_bytes", 2**20),
    Behaviour("assumed", "В размер входят вложения, после кодирования (× 1,37)"),
    Behaviour("documented", "Нет денег: not_enough_money", "empty_account", False),
    Behaviour("captured", "Несколько получателей: email[0], email[1], … — один вызов"),
    Behaviour("assumed", "Неизвестный список list_id: invalid_arg", "list_must_exist", True),
    Behaviour("assumed", "Повтор ref_key отклоняется: invalid_arg", "ref_key_unique", True),
    Behaviour(
        "documented",
        "Письмо без ссылки отписки отклоняется: unsubscribe_link_missing (когда — не сказано)",
        "unsubscribe_link_required",
        False,
    ),
    Behaviour(
        "captured",
        "Бесплатный тариф: письма только тем, кто есть в списках; иначе invalid_arg",
        "free_plan",
        False,
    ),
    Behaviour("documented", "Заголовки headers текстом, строка на заголовок: Reply-To, Priority"),
    Behaviour("captured", "Заголовки headers массивом: headers[Reply-To]=…"),
    Behaviour(
        "captured", "Номер письма текстом; числом у старых клиентов", "ids_as_numbers", False
    ),
    Behaviour(
        "captured",
        "При error_checking=0 рядом с email_id стоит email: для старых клиентов",
        "email_beside_id",
        False,
    ),
    # --- checkEmail ---
    Behaviour("documented", "До 500 номеров за вызов; письма старше месяца забыты"),
    Behaviour(
        "captured",
        "failed_email_id внутри result; иначе — рядом с ним",
        "failed_ids_inside",
        True,
    ),
    Behaviour(
        "assumed",
        "Негодный номер отклоняет весь вызов checkEmail: invalid_arg",
        "bad_id_refuses_all",
        False,
    ),
    # --- account ---
    Behaviour("captured", "Логин учётной записи (не адрес регистрации)", "login", "ID7208007"),
    Behaviour(
        "captured", "Неизвестный логин: OB13012016 [Can't find user by provided login]", "", None
    ),
    Behaviour("assumed", "Код этого ответа", "unknown_login_code", "invalid_arg"),
    Behaviour("assumed", "getUserInfo запрещён обычному ключу", "user_info_denied", False),
    Behaviour("assumed", "getCheckedEmail запрещён обычному ключу", "checked_email_denied", False),
    Behaviour("documented", "validateSender шлёт письмо с подтверждением"),
    Behaviour("documented", "getSenderDomainList: домены отправителя"),
    # --- contacts ---
    Behaviour("documented", "subscribe, exclude, unsubscribe, importContacts (до 500 строк)"),
    Behaviour("assumed", "Кому послано письмо, тот попадает в список", "letters_subscribe", True),
    Behaviour("documented", "getContact: время последнего письма контакта, UTC"),
    # --- webhook ---
    Behaviour("documented", "Обработчику дано 3 секунды; иначе повтор"),
    Behaviour("documented", "Через сколько секунд повтор", "hook_retry_seconds", 600),
    Behaviour(
        "documented", "Через сколько секунд неудач webhook выключен", "hook_stop_seconds", 86400
    ),
    Behaviour("assumed", "setHook требует, чтобы адрес ответил на GET", "hook_must_answer", False),
    Behaviour("captured", "metadata внутри event_data; иначе — рядом", "metadata_inside", True),
    Behaviour("captured", "Событие плоско, по одному", "flat_events", False),
    Behaviour("captured", "Имя списка событий: events или Events", "events_key", "events"),
    Behaviour("captured", "email_id в событии — число", "", None),
    Behaviour("assumed", "event_time отстоит от UTC, часов", "event_hours", 0),
    # --- of the sandbox itself ---
    Behaviour("assumed", "Скорость, с которой меняются статусы", "speed", 1.0),
    Behaviour("assumed", "События придержаны", "hook_paused", False),
    Behaviour("assumed", "События приходят дважды", "hook_repeat", False),
    Behaviour("assumed", "События приходят не по порядку", "hook_shuffle", False),
)
DEFAULTS = {one.name: one.default for one in BEHAVIOURS if one.name}
