"""A private authority of the state folder and the certificate that the gateways show to their clients."""

import os
import subprocess

AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 825
NAMES = ("DNS:localhost", "IP:127.0.0.1", "IP:::1")


class CertificateFailure(OSError):
    """openssl could not make what was asked of it; the text is its own."""


class Certificates:
    """Made once, kept as long as the folder lives; the gateways' one is made anew when the address changes."""

    def __init__(self, state, bind):
        self._folder = state.path("tls")
        wildcard = bind in ("0.0.0.0", "::", "localhost")
        self._names = ",".join(NAMES if wildcard or f"IP:{bind}" in NAMES else (*NAMES, f"IP:{bind}"))

    def path(self, name):
        return os.path.join(self._folder, name)

    @property
    def authority(self):
        return self.path("ca.pem")

    def files(self):
        """The keys of the gateway's configuration that take a file of ours."""
        return {"tls_cert": self.path("gateway.pem"), "tls_key": self.path("gateway.key")}

    def prepare(self):
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        if not os.path.exists(self.authority):
            self._make_authority()
            self._make_certificate()
        elif self._read("names") != self._names or not os.path.exists(self.path("gateway.pem")):
            self._make_certificate()

    def _make_authority(self):
        self._key("ca.key")
        self._openssl("req", "-x509", "-new", "-key", self.path("ca.key"), "-subj", "/CN=CHAT local authority", "-days",
                      str(AUTHORITY_DAYS), "-addext", "basicConstraints=critical,CA:TRUE", "-addext",
                      "keyUsage=critical,keyCertSign,cRLSign", "-out", self.path("ca.pem.new"))
        os.replace(self.path("ca.pem.new"), self.authority)

    def _make_certificate(self):
        self._key("gateway.key")
        request = self._openssl("req", "-new", "-key", self.path("gateway.key"), "-subj", "/CN=CHAT local gateway")
        self._write("extensions", f"subjectAltName={self._names}\nbasicConstraints=CA:FALSE\n"
                                  "keyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n")
        self._openssl("x509", "-req", "-CA", self.authority, "-CAkey", self.path("ca.key"), "-CAcreateserial", "-days",
                      str(CERTIFICATE_DAYS), "-extfile", self.path("extensions"), "-out", self.path("gateway.pem.new"),
                      text=request)
        os.replace(self.path("gateway.pem.new"), self.path("gateway.pem"))
        self._write("names", self._names)

    def _key(self, name):
        made = self._openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        self._write(name, made)

    def _write(self, name, text):
        descriptor = os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)

    def _read(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    @staticmethod
    def _openssl(*arguments, text=None):
        ended = subprocess.run(["/usr/bin/openssl", *arguments], check=False, input=text, capture_output=True, text=True,
                               cwd="/")
        if ended.returncode != 0:
            raise CertificateFailure(f"openssl {arguments[0]}: {ended.stderr.strip()}")
        return ended.stdout
