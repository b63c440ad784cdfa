"""Unisender Go on this machine: its Web API, webhooks and event dumps, with an inbox of its own at ``/go/``.

Every behaviour is marked: «documented» (the vendor's reference or the official SDK of the platform), «captured»
(seen in public clients' payloads) or «assumed». ``BEHAVIOURS`` lists them on the inbox page.
"""

BEHAVIOURS = (
    ("documented", "POST с JSON, ключ в заголовке X-API-KEY или в api_key, настоящие статусы HTTP"),
    ("documented", "failed_emails по адресам; если не принят никто — HTTP 400 и код 204"),
    (
        "documented",
        "ключ идемпотентности: второй запрос в течение минуты — код 1573, позже — новое письмо",
    ),
    ("documented", "отправитель только с подтверждённого домена с действующим DKIM"),
    (
        "documented",
        "track_read и track_links по умолчанию включены; ссылка отписки дописывается к письму",
    ),
    ("documented", "вебхук: пачки до 100 событий, delivery_info, повторы, отключение"),
    ("documented", "выгрузка событий: очередь, частями, limit по умолчанию 50"),
    ("captured", "повторный адрес — в обоих списках, с причиной duplicate"),
    ("captured", "код 114 на чужом сервере (go1/go2)"),
    ("captured", "события: косые черты экранированы, подпись MD5 по сырым байтам"),
    ("assumed", "пределы тарифа 901–905 отвечают HTTP 403"),
    ("assumed", "подпись gzip-тела считается по распакованному"),
    ("assumed", "отклонённый запрос освобождает ключ идемпотентности"),
)
