use nymi_core::assertion::{Check, Expectations, Sha256Hex, verify};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_core::crypto::RustCrypto;

/// `nymi up` prints the file of the root certificate, `l1`, and the server's URL, `nes`.
pub fn who_signed(
    l1_pem: &str,
    nes_url: &str,
    record: &[u8],
    token: &str,
) -> Result<String, Box<dyn std::error::Error>> {
    let l1 = TrustAnchor::from_pem(l1_pem)?;
    let document_sha256 = *Sha256Hex::of(record).as_bytes();
    let expect = Expectations::new(Check::Record { document_sha256 })
        .with_issuer(nes_url)
        // Of `nymi up`, whose certificates are for evaluation; in production leave it out.
        .with_grade(GradeRequirement::Bronze);
    let verified = verify(&RustCrypto, &[l1], token, &expect)?;
    let claims = verified.claims();
    Ok(format!("{} at {}", claims.username, claims.verified_at))
}
