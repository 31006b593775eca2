"""A mail server of aiosmtpd for smtp_test.cc: mail_server.py TLS FOLDER, with TLS of none, starttls, implicit.

Prints its port, then one JSON object per message. Users log in as "chat" with "secret" where there is TLS. Mail to
full@… is refused for good, mail to busy@… for now. FOLDER receives cert.pem. Ends with its standard input.
"""

import asyncio
import json
import pathlib
import ssl
import subprocess
import sys

from aiosmtpd.smtp import SMTP, AuthResult

TLS, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("full@"):
            return "550 no such mailbox"
        if address.startswith("busy@"):
            return "451 later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "text": envelope.content.decode("ascii"),
                          "user": bool(session.authenticated), "tls": session.ssl is not None or TLS == "implicit"}),
              flush=True)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"chat", b"secret"))


def context():
    if TLS == "none":
        return None
    cert, key = FOLDER / "cert.pem", FOLDER / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(cert, key)
    return made


async def main():
    tls = context()

    def connection():
        return SMTP(Handler(), authenticator=authenticate, auth_required=tls is not None,
                    auth_require_tls=TLS == "starttls", require_starttls=TLS == "starttls",
                    tls_context=tls if TLS == "starttls" else None)

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0,
                                                            ssl=tls if TLS == "implicit" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
