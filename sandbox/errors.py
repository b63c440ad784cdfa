"""Rejections of the classic API."""


class ApiError(Exception):
    """An answer ``{"error": …, "code": …}``.

    :param code: the machine code
    :param text: what a person reads; the service often puts a ticket-like word before it
    """

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code
        self.text = text
