"""Maker and checker verified with other people's code: PyJWT and cryptography instead of nymi-core.

    countersigned.py L1.pem DOCUMENT FIRST.jws COUNTERSIGNATURE.jws

Prints who signed and who countersigned; fails with a traceback if a signature, a chain, a role or a claim
is not as documented.
"""

import hashlib
import sys

import jwt
from cryptography import x509

from verify import ASSERTION_ROLE, chain_of, extension

# A record outlives its log-in, and its day is not this machine's.
RECORD = {"verify_aud": False, "verify_exp": False, "verify_iat": False}


def text(name):
    with open(name, encoding="ascii") as file:
        return file.read().strip()


def is_ca(certificate):
    try:
        return extension(certificate, x509.BasicConstraints).ca
    except x509.ExtensionNotFound:
        return False


def claims_of(token, l1, typ):
    leaf, _ = chain_of(token, l1, typ)
    assert not is_ca(leaf)
    assert ASSERTION_ROLE in extension(leaf, x509.ExtendedKeyUsage)
    return jwt.decode(token, leaf.public_key(), algorithms=["ES256"], options=RECORD)


def main(l1_file, document_file, first_file, counter_file):
    with open(l1_file, "rb") as file:
        l1 = x509.load_pem_x509_certificate(file.read())
    with open(document_file, "rb") as file:
        document = hashlib.sha256(file.read()).hexdigest()
    first, counter = text(first_file), text(counter_file)
    maker = claims_of(first, l1, "nymi-assertion+jwt")
    checker = claims_of(counter, l1, "nymi-countersignature+jwt")
    assert maker["document_sha256"] == checker["document_sha256"] == document
    assert checker["countersigns"] == hashlib.sha256(first.encode()).hexdigest()
    assert maker["sub"] != checker["sub"], "one person alone"
    assert (maker["Domain"], maker["Username"]) != (checker["Domain"], checker["Username"])
    assert maker["iat"] <= checker["iat"]
    head, _, _ = counter.rpartition(".")
    try:
        claims_of(f"{head}.{'A' * 86}", l1, "nymi-countersignature+jwt")
    except jwt.InvalidSignatureError:
        print(f"{maker['Domain']}\\{maker['Username']}, then {checker['Domain']}\\{checker['Username']}")
    else:
        sys.exit("a changed signature was accepted")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
