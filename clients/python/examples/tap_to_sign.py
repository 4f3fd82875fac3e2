"""Signs a file at the next tap: python tap_to_sign.py FILE"""

import getpass
import hashlib
import os
import sys
from pathlib import Path

import nymi

file = Path(sys.argv[1])
user = os.environ["NYMI_USER"]
password = os.environ.get("NYMI_PASSWORD") or getpass.getpass(f"Password of {user}: ")
with nymi.Client("Records") as client:
    try:
        client.init(username=user, password=password, grade="bronze")  # a real site has gold: leave it out
        client.subscribe("127.0.0.1")
        print(f"Tap your band to approve {file}.", flush=True)
        tap = client.wait_tap(timeout=60)
        digest = hashlib.sha256(file.read_bytes()).digest()
        signed = client.assert_identity(
            tap.nymi_band_id, intent_id=tap.intent_id, document_sha256=digest, meaning="approved"
        )
    except nymi.NymiError as error:
        sys.exit(f"{error}\n{error.remedy or ''}")
file.with_name(file.name + ".jws").write_text(signed.assertion)
print(f"{signed.domain}\\{signed.username} approved it at {signed.verified_at:%c}.")
