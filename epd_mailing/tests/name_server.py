"""A DNS server inside the test process, on a free port of this machine."""

import socket
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.resolver
import dns.rrset


class Names(threading.Thread):
    """``zone``: ``{name: [texts of TXT records]}``; ``resolver`` asks this server.

    A text in place of the list is an alias (CNAME), «fail» an error of the server, None no answer at all.
    """

    def __init__(self):
        super().__init__(daemon=True)
        self.zone = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.resolver = dns.resolver.Resolver(configure=False)
        self.resolver.nameservers = ["127.0.0.1"]
        self.resolver.port = self.socket.getsockname()[1]

    def run(self):
        while True:
            try:
                data, place = self.socket.recvfrom(4096)
            except OSError:
                return
            query = dns.message.from_wire(data)
            question = query.question[0]
            name = question.name.to_text(omit_final_dot=True).lower()
            found = self.zone.get(name, ())
            if found is None:
                continue
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.RA
            if found == "fail":
                answer.set_rcode(dns.rcode.SERVFAIL)
            elif isinstance(found, str):  # an alias
                target = dns.name.from_text(found)
                answer.answer.append(
                    dns.rrset.from_text(question.name, 60, "IN", "CNAME", found + ".")
                )
                texts = [self._quote(one) for one in self.zone.get(found, ())]
                answer.answer.append(dns.rrset.from_text(target, 60, "IN", "TXT", *texts))
            elif found:
                texts = [self._quote(one) for one in found]
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", *texts))
            elif name not in self.zone:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self.socket.sendto(answer.to_wire(max_size=4096), place)

    @staticmethod
    def _quote(text):
        """Return a text as strings of at most 255 characters."""
        return " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))
