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
    Behaviour(
        "captured",
        "Текст ошибки начинается с номера: OB13012016 […]; номера SZ010126-… песочница выдумала",
    ),
    Behaviour("documented", "Неверный ключ: invalid_api_key; неизвестный метод: unknown_method"),
    Behaviour("assumed", "Негодный или недостающий аргумент, не число вместо числа: invalid_arg"),
    Behaviour("captured", "Имена со скобками читаются как в PHP: a[b]=…, a[]=…"),
    Behaviour("captured", "Тело JSON — не форма: аргументы тогда в адресе"),
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
    Behaviour(
        "documented",
        "Обязательны email, sender_name, sender_email, subject, body, list_id; вложение — байты, "
        "не base64",
    ),
    Behaviour(
        "captured",
        "error_checking=1: список из index, email, id или errors[code, message]; без него — "
        "email_id, а у нескольких получателей список из id или error",
    ),
    Behaviour(
        "captured",
        "Отказы письму: invalid_email, unchecked_sender_email, empty_sender_name, empty_subject, "
        "body_empty, cc_exceeded, unsupported_lang, header_not_allowed, wrong_header_parameter, "
        "attachment_quota_error, body_exceeds_length, has_been_sent",
    ),
    Behaviour(
        "assumed", "Порядок проверок; отклонённый целиком вызов не принимает ни одного письма"
    ),
    Behaviour("documented", "track_read и track_links: 0, если не сказано; иначе нет ok_read"),
    Behaviour("assumed", "Языки lang: ru, en, ua, it, uk, es, pl, de, fr, pt, da, be, kz, tr"),
    Behaviour(
        "assumed",
        "Что станет с письмом, решает первое слово адреса: full, unknown, inactive, retry, again, "
        "giveup, lost, spam, fbl, unsub, new, noread, read, click — статусы; unsubscribed "
        "(unsubscribed_globally), invalid, later (retry_later) — отказы; slow, drop, e502, nonjson "
        "— сбои. Прочие доставлены, просмотрена часть; сроки выдуманы",
    ),
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
    Behaviour("documented", "До 500 номеров checkEmail за вызов; письма старше месяца забыты"),
    Behaviour("documented", "Статусы без времени; у одного номера рядом стоит status"),
    Behaviour("assumed", "Причина в failed_email_id: not found"),
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
    Behaviour("documented", "Поля getUserInfo"),
    Behaviour("assumed", "Значения getUserInfo, кроме логина и остатка, выдуманы"),
    Behaviour("documented", "getCheckedEmail: email, name, is_checked; без email — все адреса"),
    Behaviour("documented", "validateSender шлёт письмо с подтверждением"),
    Behaviour("assumed", "validateSender подтверждённого адреса: invalid_arg"),
    Behaviour("documented", "getSenderDomainList: домены отправителя; ключ DKIM выдуман"),
    # --- contacts ---
    Behaviour("documented", "getLists; createList: название неповторимо, иначе invalid_arg"),
    Behaviour("documented", "subscribe, exclude, unsubscribe, importContacts (до 500 строк)"),
    Behaviour("documented", "subscribe с double_optin 3 или 4 — active, иначе invited"),
    Behaviour("assumed", "Список, которого нет: invalid_arg; exclude без списков — из всех"),
    Behaviour("assumed", "Контакт, которого нет: invalid_arg; availability всегда available"),
    Behaviour("assumed", "Кому послано письмо, тот попадает в список", "letters_subscribe", True),
    Behaviour("documented", "getContact: время последнего письма контакта, UTC"),
    # --- webhook ---
    Behaviour("documented", "setHook, listHooks, removeHook; при установке адрес зовут GET"),
    Behaviour("documented", "Обработчику дано 3 секунды; иначе повтор с retry_count"),
    Behaviour("captured", "auth — MD5 тела байт в байт с ключом на своём месте; «/» как «\\/»"),
    Behaviour("captured", "status_group: виденное значение success_pending_group, другие неведомы"),
    Behaviour("assumed", "До 100 событий в вызове; вызов о каждом статусе, об ok_sent тоже"),
    Behaviour("assumed", "event_format json_post_gzip; removeHook неизвестного адреса — не ошибка"),
    Behaviour("assumed", "Песочница зовёт только эту машину: иной hook_url — invalid_arg"),
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
