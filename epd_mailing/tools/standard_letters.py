"""Letters that every office begins with: the same words as HTML and as plain text.

They become ordinary templates of the office, which it changes as it likes. Russian, as payers read them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class StandardLetter:
    """A letter to begin with; ``body`` with fields of ``message.FIELDS``.

    :param body_format: ``html`` or ``text``
    """

    name: str
    subject: str
    body_format: str
    body: str


SUBJECT = "Платёжный документ за {{ period }}, лицевой счёт {{ account_number }}"

LETTERS = (
    StandardLetter(
        "Письмо с квитанцией (HTML)",
        SUBJECT,
        "html",
        """<p>Здравствуйте, {{ payer_name }}!</p>
<p>Направляем платёжный документ за {{ period }} по лицевому счёту <b>{{ account_number }}</b>, \
{{ premises_address }}. Документ в приложении к письму.</p>
<p>Оплатить нужно до {{ due_date }}. В документе есть код для оплаты в приложении банка.</p>
<p>Вопросы по начислениям: {{ provider_name }}, тел. {{ provider_phone }}, {{ provider_email }}.</p>
<p style="color: #777; font-size: 12px">Больше не присылать документы на этот адрес: \
<a href="{{ unsubscribe_link }}">отписаться</a>. Тогда документ будет доставляться на бумаге.</p>""",
    ),
    StandardLetter(
        "Письмо с квитанцией (текст)",
        SUBJECT,
        "text",
        """Здравствуйте, {{ payer_name }}!

Направляем платёжный документ за {{ period }} по лицевому счёту {{ account_number }}, \
{{ premises_address }}. Документ в приложении к письму.

Оплатить нужно до {{ due_date }}. В документе есть код для оплаты в приложении банка.

Вопросы по начислениям: {{ provider_name }}, тел. {{ provider_phone }}, {{ provider_email }}.

Больше не присылать документы на этот адрес: {{ unsubscribe_link }}
Тогда документ будет доставляться на бумаге.""",
    ),
)
