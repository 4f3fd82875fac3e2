"""An assertion verified with other people's code: PyJWT and cryptography instead of nymi-core.

    verify.py L1.pem < ANSWER        ANSWER is the JSON object that sign.py prints

Prints who it was; fails with a traceback if signature, chain, roles or claims are not as documented.
"""

import base64
import json
import sys

import jwt
from cryptography import x509

ARC = "2.25.1853451625"
ASSERTION_ROLE = x509.ObjectIdentifier(f"{ARC}.2.3")
BRONZE = x509.ObjectIdentifier(f"{ARC}.1.2")


def chain_of(token, l1, typ="nymi-assertion+jwt"):
    """The certificates of a token of this type, each signed by the next, the last by L1."""
    header = jwt.get_unverified_header(token)
    assert sorted(header) == ["alg", "typ", "x5c"], header
    assert header["typ"] == typ, header
    leaf, l2 = (x509.load_der_x509_certificate(base64.b64decode(text)) for text in header["x5c"])
    leaf.verify_directly_issued_by(l2)
    l2.verify_directly_issued_by(l1)
    return leaf, l2


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind).value


def main(l1_file):
    answer = json.load(sys.stdin)
    token = answer["assertion"]
    with open(l1_file, "rb") as file:
        l1 = x509.load_pem_x509_certificate(file.read())
    leaf, l2 = chain_of(token, l1)
    assert extension(l2, x509.BasicConstraints).ca and extension(l2, x509.BasicConstraints).path_length == 0
    assert [policy.policy_identifier for policy in extension(l2, x509.CertificatePolicies)] == [BRONZE]
    assert not extension(leaf, x509.BasicConstraints).ca
    assert ASSERTION_ROLE in extension(leaf, x509.ExtendedKeyUsage)
    claims = jwt.decode(token, leaf.public_key(), algorithms=["ES256"], options={"verify_aud": False})
    assert claims["exp"] == claims["iat"] + 60, claims
    for name in ("Username", "Domain", "NymiBandID", "method", "verified_at"):
        assert claims[name] == answer[name], name
    tampered = token[:-8] + ("A" * 8 if token[-8:] != "A" * 8 else "B" * 8)
    try:
        jwt.decode(tampered, leaf.public_key(), algorithms=["ES256"], options={"verify_aud": False})
    except jwt.InvalidSignatureError:
        print(f"{claims['Domain']}\\{claims['Username']} at {claims['verified_at']}, method {claims['method']}")
    else:
        sys.exit("a changed signature was accepted")


if __name__ == "__main__":
    main(*sys.argv[1:])
