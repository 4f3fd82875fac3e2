"""Signs a PDF by taps of as many different people as asked: python sign_pdf.py FILE [MEANING...]

Writes FILE.jws with one assertion a line. Each names the SHA-256 of the file as it is, so a PDF that is changed
afterwards no longer fits: `nymi assertion verify --l1 L1 --document FILE - < FILE.jws` (one line) says so.
"""

import asyncio
import hashlib
import os
import sys
from pathlib import Path

import nymi


def digest_of(file: Path) -> bytes:
    """The SHA-256 of a PDF."""
    data = file.read_bytes()
    # Readers look for the header in the first 1024 bytes (ISO 32000-2, annex I).
    if b"%PDF-" not in data[:1024]:
        sys.exit(f"{file} is not a PDF")
    return hashlib.sha256(data).digest()


async def sign(client: nymi.AsyncClient, digest: bytes, meaning: str) -> nymi.AssertIdentityAnswer:
    """The signature of whoever taps next; the band tells its wearer how it went."""
    tap = await client.wait_tap(timeout=60)
    shown: nymi.Notification = "negative"
    try:
        signed = await client.assert_identity(
            tap.nymi_band_id, intent_id=tap.intent_id, document_sha256=digest, meaning=meaning
        )
        shown = "positive"
        return signed
    finally:
        try:
            await client.notify(tap.nymi_band_id, shown)
        except nymi.NymiError as error:
            print(f"the band shows nothing: {error}", file=sys.stderr)


async def main(file: Path, meanings: list[str]) -> None:
    digest = digest_of(file)
    signatures: dict[tuple[str, str], str] = {}
    async with nymi.AsyncClient("Records") as client:
        await client.init(
            username=os.environ["NYMI_USER"], password=os.environ["NYMI_PASSWORD"], grade="bronze"
        )
        await client.subscribe("127.0.0.1")
        while len(signatures) < len(meanings):
            meaning = meanings[len(signatures)]
            print(f'Tap to sign {file} as "{meaning}".', flush=True)
            try:
                signed = await sign(client, digest, meaning)
            except (nymi.BandError, nymi.PresenceError, nymi.AccountError) as error:
                if isinstance(error, TimeoutError):
                    raise
                print(f"{error}\nTap again.", file=sys.stderr)
                continue
            person = (signed.domain, signed.username)
            if person in signatures:
                print(f"{signed.username} has signed already; the next signature is another person's.", file=sys.stderr)
                continue
            signatures[person] = signed.assertion
            print(f"{signed.domain}\\{signed.username}: {meaning}, {signed.verified_at.isoformat()}", flush=True)
    file.with_name(file.name + ".jws").write_text("".join(f"{one}\n" for one in signatures.values()))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        asyncio.run(main(Path(sys.argv[1]), sys.argv[2:] or ["approved"]))
    except nymi.NymiError as failure:
        sys.exit(f"{failure}\n{failure.remedy or ''}")
