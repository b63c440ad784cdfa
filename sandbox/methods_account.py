"""getUserInfo, getCheckedEmail, validateSender, getSenderDomainList."""

from .errors import ApiError
from .forms import number, text
from .store import stamp


class AccountMethods:
    """The account at the service and its senders."""

    def do_getUserInfo(self, args):
        """The account: log-in, balance, tariff."""
        self._check_right("user_info_denied")
        self._check_login(args, "login", needed=False)
        start = stamp(self.store.now() - 15 * 86400)[:10]
        end = stamp(self.store.now() + 15 * 86400)[:10]
        sent = self.store.rows("SELECT count(*) AS n FROM letter")[0]["n"]
        return {
            "login": self.settings["login"],
            "email": "office@uk-demo.example.com",
            "firstname": "Анна",
            "middlename": "",
            "lastname": "Демо",
            "reg_time": "2019-02-11 09:30:00",
            "phone": "",
            "company": "УК «Демо»",
            "channel": "",
            "timezone": "Europe/Moscow",
            "master": "",
            "balance": self.balance,
            "currency": "RUB",
            "emails_paid": 0,
            "emails_used": sent,
            "period_emails_paid": 0,
            "period_emails_used": sent,
            "email_period_start": start,
            "email_period_end": end,
        }

    def do_getCheckedEmail(self, args):
        """Whether senders are confirmed: the one asked for, or all."""
        self._check_right("checked_email_denied")
        self._check_login(args, "login")
        email = text(args, "email").strip().lower()
        if email:
            return [{"email": email, "name": "", "is_checked": self.is_sender_checked(email)}]
        known = {self.sender: True}
        for row in self.store.rows("SELECT email, is_checked FROM sender"):
            known[row["email"]] = bool(row["is_checked"])
        return [{"email": one, "name": "", "is_checked": known[one]} for one in sorted(known)]

    def do_validateSender(self, args):
        """Mail a confirmation letter to a sender; ``/sandbox/confirm`` follows its link."""
        self._check_login(args, "login", needed=False)
        email = text(args, "email").strip().lower()
        if "@" not in email:
            raise ApiError("invalid_arg", "email is required")
        if self.is_sender_checked(email):
            raise ApiError("invalid_arg", "SZ010126-09 [The address is confirmed already]")
        self.store.run("INSERT OR IGNORE INTO sender VALUES (?, 0)", email)
        return {"message": "Confirmation letter was sent"}

    def do_getSenderDomainList(self, args):
        """The sender's domains with the keys of their signatures."""
        self._check_login(args, "username")
        names = {self.sender.partition("@")[2]: "active"}
        for row in self.store.rows("SELECT email FROM sender"):
            names.setdefault(row["email"].partition("@")[2], "inactive")
        wanted = text(args, "domain").strip().lower()
        start, limit = number(args, "offset"), number(args, "limit", 50)
        if not 1 <= limit <= 100 or start < 0:
            raise ApiError("invalid_arg", "limit is 1 to 100")
        found = [
            {
                "Domain": name,
                "Status": names[name],
                "key": "k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNAD",
            }
            for name in sorted(names)
            if wanted in ("", name)
        ]
        return {"status": "success", "domains": found[start : start + limit]}

    # --- for the other methods -------------------------------------------------------------------

    def is_sender_checked(self, email):
        """Tell whether a sender's address is confirmed."""
        email = email.strip().lower()
        return email == self.sender.lower() or bool(
            self.store.rows("SELECT 1 FROM sender WHERE email = ? AND is_checked", email)
        )

    def confirm_sender(self, email):
        """Follow the link of the confirmation letter."""
        self.store.run("INSERT OR REPLACE INTO sender VALUES (?, 1)", email.strip().lower())

    def _check_right(self, name):
        if self.settings[name]:
            raise ApiError("access_denied", "SZ010126-10 [No rights to the method]")

    def _check_login(self, args, name, needed=True):
        login = text(args, name)
        if not login and not needed:
            return
        if login != self.settings["login"]:
            raise ApiError(
                self.settings["unknown_login_code"],
                "OB13012016 [Can't find user by provided login]",
            )
