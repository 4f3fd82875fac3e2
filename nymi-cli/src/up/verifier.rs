//! Verifies signatures for the page as any third party could: with L1, the token and the document.

use nymi_core::assertion::{self, Check, Expectations};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_crypto_ring::RingVerifier;
use sha2::{Digest, Sha256};

use crate::page;

/// Knows L1 and nothing else.
pub(super) struct Offline {
    anchors: [TrustAnchor; 1],
}

impl Offline {
    pub(super) fn new(l1: TrustAnchor) -> Self {
        Self { anchors: [l1] }
    }
}

impl page::Verifier for Offline {
    fn verify(&self, token: &str, document: &[u8]) -> Result<page::Signature, String> {
        let check = Check::Record {
            document_sha256: Sha256::digest(document).into(),
        };
        let expectations = Expectations::new(check).with_grade(GradeRequirement::Bronze);
        let verified = assertion::verify(&RingVerifier, &self.anchors, token, &expectations)
            .map_err(|error| error.to_string())?;
        let claims = serde_json::to_value(verified.claims()).map_err(|error| error.to_string())?;
        let name = |certificate: &nymi_core::chain::Certificate| {
            certificate.subject_cn().unwrap_or("(no name)").to_owned()
        };
        Ok(page::Signature {
            claims: claims.as_object().cloned().unwrap_or_default(),
            leaf: name(verified.chain().leaf()),
            l2: name(verified.chain().issuer()),
            l1_fingerprint: hex::encode(self.anchors[0].fingerprint()),
            grade: "bronze".to_owned(),
        })
    }
}
