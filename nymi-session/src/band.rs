//! The band's end.

use std::io::Write as _;
use std::sync::Arc;

use nymi_core::UnixMillis;
use nymi_core::band::BandRefusal;
use nymi_core::band::session::{
    SessionAnswer, SessionCaller, SessionFrames, SessionRequest, session_frame,
};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_core::crypto::{PrivateKey as _, SecretKey};
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{Error, ServerConfig, ServerConnection};
use zeroize::Zeroizing;

use crate::records::{RecordsError, give, take};
use crate::verify::{EnterpriseApplications, Verdict};
use crate::{ALPN, provider};

/// What a band believes.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The L1 of its enrollment.
    pub anchor: TrustAnchor,
    /// The grade of its firmware.
    pub grade: GradeRequirement,
    /// What its clock shows.
    pub at: UnixMillis,
}

/// What a band's end heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A part of the handshake: there are records to answer.
    Handshake,
    /// Somebody who proved who they are asks.
    Request(SessionCaller, SessionRequest),
    /// The application ended the session.
    Closed,
}

/// The band's end of a session.
pub struct BandEnd {
    connection: ServerConnection,
    verdict: Arc<Verdict>,
    frames: SessionFrames,
}

impl BandEnd {
    /// Waits for an application to begin, with the band's identity key.
    ///
    /// # Errors
    /// The key cannot be used, or the system gives no random numbers.
    pub fn new(identity: &SecretKey, trust: Trust) -> Result<Self, BandRefusal> {
        let unfit = |error: Error| BandRefusal::rule(format!("no session: {error}"));
        let provider = provider();
        let key = PrivateKeyDer::Pkcs8(identity.to_pkcs8_der().to_vec().into());
        let raw_key = CertificateDer::from(identity.public_key().to_spki_der());
        let certified = CertifiedKey::new(vec![raw_key], any_ecdsa_type(&key).map_err(unfit)?);
        let resolver = AlwaysResolvesServerRawPublicKeys::new(Arc::new(certified));
        let Trust { anchor, grade, at } = trust;
        let (verifier, verdict) =
            EnterpriseApplications::new(anchor, grade, at, Arc::clone(&provider));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(unfit)?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::new(resolver));
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.max_early_data_size = 0;
        let connection = ServerConnection::new(Arc::new(config)).map_err(unfit)?;
        Ok(Self {
            connection,
            verdict,
            frames: SessionFrames::default(),
        })
    }

    /// Takes what the application said. After an error the session is over.
    ///
    /// # Errors
    /// Its chain does not do (8000, with the chain error's number), or what it says is not valid (3026).
    pub fn receive(&mut self, records: &[u8]) -> Result<Heard, BandRefusal> {
        let taken = take(&mut self.connection, records, &mut self.frames);
        if let Some(Err(error)) = self.verdict.get() {
            return Err(BandRefusal::distrust(Some(error.number()), error));
        }
        let closed = taken.map_err(|error| match error {
            RecordsError::Tls(error) => BandRefusal::rule(format!("TLS: {error}")),
            RecordsError::Frames => no_request(),
        })?;
        if self.connection.is_handshaking() {
            return Ok(Heard::Handshake);
        }
        if self.connection.alpn_protocol() != Some(ALPN) {
            return Err(BandRefusal::rule("the application means another protocol"));
        }
        let message = self.frames.message().map_err(|_| no_request())?;
        let Some(message) = message.map(Zeroizing::new) else {
            return Ok(if closed {
                Heard::Closed
            } else {
                Heard::Handshake
            });
        };
        let request = SessionRequest::from_bytes(&message).map_err(|_| no_request())?;
        match self.verdict.get() {
            Some(Ok(caller)) => Ok(Heard::Request(caller.clone(), request)),
            // TLS does not get here without a chain.
            _ => Err(BandRefusal::rule("nobody proved who they are")),
        }
    }

    /// The records of the handshake.
    pub fn records(&mut self) -> Vec<u8> {
        give(&mut self.connection)
    }

    /// The records of an answer.
    ///
    /// # Errors
    /// The answer is too long, or the connection is closed.
    pub fn answer(&mut self, answer: &SessionAnswer) -> Result<Vec<u8>, BandRefusal> {
        let no_answer = || BandRefusal::rule("the answer cannot be sent");
        let message = Zeroizing::new(answer.to_bytes());
        let frame = session_frame(&message).map(Zeroizing::new);
        let frame = frame.map_err(|_| no_answer())?;
        self.connection
            .writer()
            .write_all(&frame)
            .map_err(|_| no_answer())?;
        Ok(self.records())
    }
}

fn no_request() -> BandRefusal {
    BandRefusal::rule("what the session carries is no request")
}
