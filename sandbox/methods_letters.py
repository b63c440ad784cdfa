"""sendEmail and checkEmail."""

import json
import re

from . import fates
from .errors import ApiError
from .forms import nested, number, text

NEEDED = ("sender_name", "sender_email", "subject", "body", "list_id")
UNSUBSCRIBE_LINKS = ("{{UnsubscribeUrl}}", "{{_UnsubscribeUrl}}")
LANGUAGES = ("", "ru", "en", "ua", "it", "uk", "es", "pl", "de", "fr", "pt", "da", "be", "kz", "tr")


class LetterMethods:
    """Letters: accepted or rejected, and what became of them."""

    def do_sendEmail(self, args):
        """One letter to one or several people; the shapes of the answer by ``error_checking``."""
        people = self._get_recipients(args)
        for name in NEEDED:
            if name not in args:
                raise ApiError("invalid_arg", f"SZ010126-03 [{name} is required]")
        if not people:
            raise ApiError("invalid_arg", "SZ010126-03 [email is required]")
        checking = text(args, "error_checking") == "1"
        number(args, "track_read"), number(args, "track_links")
        rejections = self._reject_people(people, args)
        if rejections[0] and not checking and len(people) == 1:
            raise ApiError(*rejections[0])
        entries = [
            self._make_entry(index, email, rejections[index], args, checking)
            for index, email in enumerate(people)
        ]
        if checking or len(people) > 1:
            return entries
        beside = {"email": people[0]} if self.settings["email_beside_id"] else {}
        return {"email_id": entries[0]["id"], **beside}

    @staticmethod
    def _get_recipients(args):
        listed = [value for key, value in args.items() if key.startswith("email[")]
        listed = listed or ([args["email"]] if "email" in args else [])
        return [get_address(value.decode("utf-8", "replace")) for value in listed]

    def _make_entry(self, index, email, error, args, checking):
        if error:
            code, message = error
            if checking:
                found = {"errors": [{"code": code, "message": message}]}
                return {"index": index, "email": email, **found}
            return {"email": email, "error": message, "code": code}
        letter_id = self._show_id(self._take_in(email, args))
        return {"index": index, "email": email, "id": letter_id}

    def _show_id(self, letter_id):
        return int(letter_id) if self.settings["ids_as_numbers"] else str(letter_id)

    def _take_in(self, email, args):
        headers = dict(_get_headers(args))
        letter = {
            "email": email,
            "subject": text(args, "subject"),
            "body": text(args, "body"),
            "sender": f"{text(args, 'sender_name')} <{text(args, 'sender_email')}>",
            "reply_to": headers.get("Reply-To", ""),
            "list_id": text(args, "list_id"),
            "metadata": json.dumps(nested(args, "metadata"), ensure_ascii=False),
            "ref_key": text(args, "ref_key"),
            "track_read": number(args, "track_read"),
            "track_links": number(args, "track_links"),
        }
        files = [(key[12:-1], args[key]) for key in args if key.startswith("attachments[")]
        if self.settings["letters_subscribe"]:
            self.put_into_list(email, text(args, "list_id"))
        return self.store.add_letter(letter, files)

    def _reject_people(self, people, args):
        """Return the rejection of each recipient, or None, before any letter is accepted.

        :raise ApiError: the call as a whole is rejected
        """
        rejections, earlier = [], []
        for email in people:
            rejections.append(self._reject(email, args, earlier))
            earlier += [] if rejections[-1] else [email]
        return rejections

    def _reject(self, email, args, earlier):
        """Return (code, message) of a rejection of this letter, or None.

        :param earlier: addresses of the letters that the same call has accepted before
        :raise ApiError: the call as a whole is rejected
        """
        return (
            self._reject_recipient(email)
            or self._reject_text(args)
            or self._reject_size(args)
            or self._reject_scripted(email)
            or self._reject_limits(email, args, earlier)
        )

    @staticmethod
    def _reject_recipient(email):
        if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", email):
            return "invalid_email", "Неверный адрес"
        return None

    def _reject_text(self, args):
        if not self.is_sender_checked(text(args, "sender_email")):
            return "unchecked_sender_email", "Неподтвержденный Email отправителя"
        for name, code in (
            ("sender_name", "empty_sender_name"),
            ("subject", "empty_subject"),
            ("body", "body_empty"),
        ):
            if not text(args, name).strip():
                return code, f"Пустое поле {name}"
        if text(args, "cc").count("@") > 1:
            return "cc_exceeded", "Слишком много копий"
        if text(args, "lang") not in LANGUAGES:
            return "unsupported_lang", "Язык не поддерживается"
        for name, value in _get_headers(args):
            if name not in ("Reply-To", "Priority"):
                return "header_not_allowed", name
            if not value:
                return "wrong_header_parameter", name
        if self.settings["unsubscribe_link_required"] and not any(
            link in text(args, "body") for link in UNSUBSCRIBE_LINKS
        ):
            return "unsubscribe_link_missing", "Нет ссылки отписки: {{_UnsubscribeUrl}}"
        return None

    def _reject_size(self, args):
        limit = self.settings["letter_bytes"]
        files = sum(len(args[key]) for key in args if key.startswith("attachments["))
        if limit and files * 1.37 + len(args["body"]) > limit:
            code = "attachment_quota_error" if files else "body_exceeds_length"
            return code, "Слишком большое письмо"
        return None

    @staticmethod
    def _reject_scripted(email):
        code = fates.REJECTIONS.get(fates.script_of(email))
        return (code, "По сценарию песочницы") if code else None

    def _reject_limits(self, email, args, earlier):
        settings, now = self.settings, self.store.now()
        if settings["list_must_exist"] and not self.is_list(text(args, "list_id")):
            raise ApiError("invalid_arg", "SZ010126-06 [list_id is unknown]")
        if settings["free_plan"] and not self.is_contact(email):
            raise ApiError("invalid_arg", "SZ010126-07 [Free plan: only confirmed addresses]")
        if settings["address_seconds"] and (
            email in earlier
            or self.store.rows(
                "SELECT 1 FROM letter WHERE email = ? AND received > ? LIMIT 1",
                email,
                now - settings["address_seconds"],
            )
        ):
            return "has_been_sent", "Письмо на этот адрес отправлено меньше минуты назад"
        if settings["per_day"] and (
            self.store.rows("SELECT count(*) AS n FROM letter WHERE received > ?", now - 86400)[0][
                "n"
            ]
            + len(earlier)
            >= settings["per_day"]
        ):
            raise ApiError(settings["day_limit_code"], settings["day_limit_text"])
        if settings["empty_account"]:
            raise ApiError("not_enough_money", "SZ010126-05 [Not enough money]")
        ref_key = text(args, "ref_key")
        if (
            ref_key
            and settings["ref_key_unique"]
            and self.store.rows("SELECT 1 FROM letter WHERE ref_key = ?", ref_key)
        ):
            raise ApiError("invalid_arg", "ref_key is not unique")
        return None

    def do_checkEmail(self, args):
        """Statuses of at most 500 ids; unknown and month-old ones fail."""
        ids = [part.strip() for part in text(args, "email_id").split(",") if part.strip()]
        if not ids or len(ids) > 500:
            raise ApiError("invalid_arg", "1 to 500 ids are expected")
        if self.settings["bad_id_refuses_all"] and not all(part.isdigit() for part in ids):
            raise ApiError("invalid_arg", "SZ010126-08 [email_id is wrong]")
        self.advance()
        statuses, failed, oldest = [], [], self.store.now() - fates.MONTH
        marks = ",".join("?" * len(ids))
        known = {
            str(row["id"]): row
            for row in self.store.rows(
                f"SELECT id, received, status FROM letter WHERE id IN ({marks})", *ids
            )
        }
        for letter_id in ids:
            row = known.get(letter_id)
            if row and row["received"] > oldest:
                statuses.append({"id": self._show_id(letter_id), "status": row["status"]})
            else:
                failed.append({letter_id: "not found"})
        answer = {"statuses": statuses}
        if len(ids) == 1 and statuses:
            answer["status"] = statuses[0]["status"]
        if failed and self.settings["failed_ids_inside"]:
            answer["failed_email_id"] = failed
        elif failed:
            return {"__top__": {"failed_email_id": failed}, **answer}
        return answer


def get_address(written):
    """Return the address of ``Name <address>``, in small letters."""
    return (re.findall(r"<([^>]*)>", written) or [written])[-1].strip().lower()


def _get_headers(args):
    """Return [(name, value)] of ``headers``: a text of lines, or an array."""
    lines = text(args, "headers").splitlines()
    for key, value in nested(args, "headers").items():
        lines.append(value if key.isdigit() else f"{key}: {value}")
    pairs = (line.partition(":") for line in lines if line.strip())
    return [(name.strip(), value.strip()) for name, _colon, value in pairs]
