//! Whom each end believes.

use std::sync::{Arc, OnceLock};

use nymi_core::UnixMillis;
use nymi_core::band::session::SessionCaller;
use nymi_core::chain::{
    self, Certificate, ChainError, GradeRequirement, Requirements, Role, TrustAnchor,
};
use nymi_core::crypto::PublicKey;
use nymi_crypto_ring::RingVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible,
    SignatureScheme,
};

use crate::provider::SCHEMES;

fn signature_of(
    provider: &CryptoProvider,
    spki: &[u8],
    message: &[u8],
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    if !SCHEMES.contains(&signed.scheme) {
        return Err(PeerIncompatible::NoSignatureSchemesInCommon.into());
    }
    let spki = SubjectPublicKeyInfoDer::from(spki);
    let algorithms = &provider.signature_verification_algorithms;
    verify_tls13_signature_with_raw_key(message, &spki, signed, algorithms)
}

/// Believes one key: the band's identity key that the server knows.
#[derive(Debug)]
pub(crate) struct PinnedBand {
    spki: Vec<u8>,
    provider: Arc<CryptoProvider>,
}

impl PinnedBand {
    pub(crate) fn new(key: &PublicKey, provider: Arc<CryptoProvider>) -> Self {
        let spki = key.to_spki_der();
        Self { spki, provider }
    }
}

impl ServerCertVerifier for PinnedBand {
    fn verify_server_cert(
        &self,
        raw_key: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if raw_key.as_ref() == self.spki && others.is_empty() {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::UnknownIssuer.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        raw_key: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        signature_of(&self.provider, raw_key, message, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// Believes applications and enrollment terminals of one enterprise, at one moment.
#[derive(Debug)]
pub(crate) struct EnterpriseApplications {
    anchor: TrustAnchor,
    grade: GradeRequirement,
    at: UnixMillis,
    /// What became of the chain that was shown.
    verdict: Arc<Verdict>,
    provider: Arc<CryptoProvider>,
}

/// Who the chain proves, or what is wrong with it; unset until one was shown.
pub(crate) type Verdict = OnceLock<Result<SessionCaller, ChainError>>;

impl EnterpriseApplications {
    pub(crate) fn new(
        anchor: TrustAnchor,
        grade: GradeRequirement,
        at: UnixMillis,
        provider: Arc<CryptoProvider>,
    ) -> (Self, Arc<Verdict>) {
        let verdict = Arc::new(Verdict::new());
        let shown = Arc::clone(&verdict);
        let verifier = Self {
            anchor,
            grade,
            at,
            verdict,
            provider,
        };
        (verifier, shown)
    }

    fn judge(&self, presented: &[&[u8]]) -> Result<SessionCaller, ChainError> {
        let anchors = std::slice::from_ref(&self.anchor);
        let with_role = |role| {
            let requirements = Requirements::new(self.grade).with_role(role);
            chain::verify(&RingVerifier, anchors, presented, self.at, &requirements)
        };
        // An enrollment terminal need not be an application.
        let chain = with_role(Role::Nea).or_else(|no| with_role(Role::Nba).map_err(|_| no))?;
        let leaf = chain.leaf();
        Ok(SessionCaller {
            name: leaf.subject_cn().unwrap_or_default().to_owned(),
            is_terminal: leaf.has_role(Role::Nba),
        })
    }
}

impl ClientCertVerifier for EnterpriseApplications {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let presented: Vec<&[u8]> = std::iter::once(leaf)
            .chain(others)
            .map(AsRef::as_ref)
            .collect();
        // TLS shows one chain; were it two, the first verdict stands.
        match self.verdict.get_or_init(|| self.judge(&presented)) {
            Ok(_) => Ok(ClientCertVerified::assertion()),
            Err(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let leaf = Certificate::from_der(leaf).map_err(|_| CertificateError::BadEncoding)?;
        signature_of(&self.provider, leaf.spki_der(), message, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}
