//! The application's end.

use std::io::Write as _;
use std::sync::Arc;

use nymi_core::band::BandRequest;
use nymi_core::band::session::{
    SessionAnswer, SessionFrames, SessionId, SessionRequest, session_frame,
};
use nymi_core::crypto::{PublicKey, SecretKey};
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::TLS13;
use rustls::{CertificateError, ClientConfig, ClientConnection, Error};
use zeroize::Zeroizing;

use crate::records::{RecordsError, give, take};
use crate::verify::PinnedBand;
use crate::{ALPN, SessionError, provider};

/// Who the application is.
#[derive(Clone, Copy, Debug)]
pub struct ClientIdentity<'a> {
    /// Its certificate and what leads to L1, DER.
    pub chain: &'a [Vec<u8>],
    /// The key of the first.
    pub key: &'a SecretKey,
}

/// The application's end of a session with one band.
pub struct ClientEnd {
    connection: ClientConnection,
    id: SessionId,
    sequence: u32,
    frames: SessionFrames,
    waits: bool,
}

impl ClientEnd {
    /// Begins a session with the band that has this identity key. `id` is random.
    ///
    /// # Errors
    /// Chain and key of the application cannot be used.
    pub fn new(
        identity: ClientIdentity<'_>,
        band: &PublicKey,
        id: SessionId,
    ) -> Result<Self, SessionError> {
        let unfit = |error: Error| SessionError::Identity(error.to_string());
        let provider = provider();
        let chain = identity.chain.iter().cloned().map(CertificateDer::from);
        let key = PrivateKeyDer::Pkcs8(identity.key.to_pkcs8_der().to_vec().into());
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(unfit)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(PinnedBand::new(band, provider)))
            .with_client_auth_cert(chain.collect(), key)
            .map_err(unfit)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.resumption = Resumption::disabled();
        config.enable_sni = false;
        // Nobody looks at a name: the key is pinned.
        let name = ServerName::try_from("band").map_err(|_| SessionError::NotReady)?;
        let connection = ClientConnection::new(Arc::new(config), name).map_err(unfit)?;
        Ok(Self {
            connection,
            id,
            sequence: 0,
            frames: SessionFrames::default(),
            waits: false,
        })
    }

    /// Whether the band has proved itself, so that it can be asked.
    pub fn is_open(&self) -> bool {
        !self.connection.is_handshaking()
    }

    /// The next message to the band, before the session is open.
    pub fn message(&mut self) -> BandRequest {
        let records = give(&mut self.connection);
        let sequence = self.sequence;
        self.sequence = self.sequence.saturating_add(1);
        BandRequest::Session {
            id: self.id,
            sequence,
            records,
        }
    }

    /// The message that asks the band something.
    ///
    /// # Errors
    /// The session is not open, or an answer is awaited.
    pub fn ask(&mut self, request: &SessionRequest) -> Result<BandRequest, SessionError> {
        if !self.is_open() || self.waits {
            return Err(SessionError::NotReady);
        }
        let frame = session_frame(&request.to_bytes()).map_err(|_| SessionError::Message)?;
        self.connection
            .writer()
            .write_all(&frame)
            .map_err(|_| SessionError::NotReady)?;
        self.waits = true;
        Ok(self.message())
    }

    /// The message that ends the session.
    pub fn close(mut self) -> BandRequest {
        self.connection.send_close_notify();
        self.message()
    }

    /// Takes what the band said; an answer, once it is whole.
    ///
    /// # Errors
    /// It is not the band, or what it says is not valid. The session is over.
    pub fn receive(&mut self, records: &[u8]) -> Result<Option<SessionAnswer>, SessionError> {
        let closed = take(&mut self.connection, records, &mut self.frames).map_err(fault)?;
        if self.is_open() && self.connection.alpn_protocol() != Some(ALPN) {
            let error = Error::NoApplicationProtocol;
            return Err(SessionError::Tls(error));
        }
        let message = self.frames.message().map_err(|_| SessionError::Message)?;
        match message.map(Zeroizing::new) {
            Some(_) if !self.waits => Err(SessionError::Message),
            Some(message) => {
                self.waits = false;
                let answer = SessionAnswer::from_bytes(&message);
                answer.map(Some).map_err(|_| SessionError::Message)
            }
            None if closed => Err(SessionError::Closed),
            None => Ok(None),
        }
    }
}

fn fault(error: RecordsError) -> SessionError {
    match error {
        RecordsError::Tls(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            SessionError::OtherBand
        }
        RecordsError::Tls(error) => SessionError::Tls(error),
        RecordsError::Frames => SessionError::Message,
    }
}
