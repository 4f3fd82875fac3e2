//! `nymi assertion verify`: an offline check against L1 alone.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use nymi_core::UnixMillis;
use nymi_core::assertion::{
    self, AssertionError, Check, Claims, DEFAULT_CLOCK_SKEW_MS, Expectations, VerifiedAssertion,
    VerifiedCounter,
};
use nymi_core::chain::{self, Crl, Requirements, Role, TrustAnchor, VerifiedChain};
use nymi_core::crypto::RustCrypto;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::args::VerifyArgs;
use crate::error::CliError;
use crate::output::print;
use crate::shown::plain;

/// Verifies and prints; exit code 0 if it holds, 1 if not, 2 if it could not be checked.
pub(crate) fn verify(args: &VerifyArgs) -> ExitCode {
    let inputs = match Inputs::read(args) {
        Ok(inputs) => inputs,
        Err(error) => {
            eprintln!("nymi: {error}");
            return ExitCode::from(2);
        }
    };
    let anchors = [inputs.l1];
    let at = args.at.unwrap_or_else(now);
    let check = match (inputs.document_sha256, &args.audience) {
        (Some(document_sha256), _) => Check::Record { document_sha256 },
        (None, Some(audience)) => Check::LogIn {
            now: at,
            audience,
            nonce: args.nonce.as_deref(),
        },
        (None, None) => Check::Signature,
    };
    let mut expectations = Expectations::new(check).with_grade(args.grade);
    expectations.issuer = args.issuer.as_deref();
    expectations.crls = &inputs.crls;
    // A log-in is judged by its minute already.
    if args.document.is_some() {
        expectations.at = args.at;
    }
    let verified = assertion::verify(&RustCrypto, &anchors, inputs.token.trim(), &expectations)
        .map_err(|error| sentence(&error, &inputs.token))
        .and_then(|first| {
            in_time(first.claims(), args, at)?;
            let counter = inputs.countersignature.as_deref();
            let counter = counter
                .map(|token| countersigned(token, &first, &anchors, &expectations, args, at))
                .transpose()?;
            Ok((first, counter))
        });
    match verified {
        Ok((first, counter)) => {
            let said = |chain, iat| revocation(chain, iat, &anchors, &expectations);
            let first = Reported {
                claims: first.claims(),
                revocation: said(first.chain(), first.issued_at()),
            };
            let counter = counter.as_ref().map(|counter| Reported {
                claims: counter.claims(),
                revocation: said(counter.chain(), counter.issued_at()),
            });
            let printed = print(|out| report(out, &first, counter.as_ref(), args));
            finish(printed, ExitCode::SUCCESS)
        }
        Err(error) => {
            let printed = print(|out| {
                if args.json {
                    writeln!(out, "{}", json!({"verified": false, "error": error}))
                } else {
                    writeln!(out, "not verified: {}", plain(&error))
                }
            });
            finish(printed, ExitCode::FAILURE)
        }
    }
}

/// The exit code of a verdict, or that it could not be told.
fn finish(printed: Result<(), CliError>, verdict: ExitCode) -> ExitCode {
    match printed {
        Ok(()) => verdict,
        Err(error) => {
            eprintln!("nymi: {error}");
            ExitCode::from(2)
        }
    }
}

/// The second person's token, held to what the first one is.
fn countersigned(
    token: &str,
    first: &VerifiedAssertion,
    anchors: &[TrustAnchor],
    expectations: &Expectations<'_>,
    args: &VerifyArgs,
    at: UnixMillis,
) -> Result<VerifiedCounter, String> {
    assertion::verify_counter(&RustCrypto, anchors, token.trim(), first, expectations)
        .map_err(|error| sentence(&error, token))
        .and_then(|counter| in_time(counter.claims(), args, at).map(|()| counter))
        .map_err(|error| format!("the countersignature: {error}"))
}

/// The error, with the number under which logs and `nymi explain` know a refused chain, or with what
/// may be wrong with a text that is no token.
fn sentence(error: &AssertionError, text: &str) -> String {
    match error {
        AssertionError::Chain(chain) => format!("{error} (nsl {})", chain.number()),
        AssertionError::Parts { .. } | AssertionError::Base64 { .. } => match before_token(text) {
            Some(hint) => format!("{error}. {hint}"),
            None => error.to_string(),
        },
        other => other.to_string(),
    }
}

/// What to leave out of a line that seems to have a token after something else, such as who signed.
/// Every token begins with `{"` in base64url.
fn before_token(text: &str) -> Option<&'static str> {
    let text = text.trim();
    text.match_indices("eyJ").find_map(|(at, _)| {
        let before = &text[..at];
        if before.trim_end().ends_with(':') {
            return Some("Give the token alone: what follows the colon");
        }
        let blank = before.ends_with(char::is_whitespace);
        blank.then_some("Give the token alone: what follows the blank")
    })
}

/// What the checks of the library leave to the caller: whether a log-in for nobody in particular has
/// expired, whether `--at` lies before the assertion, and whether a record is meant for `--audience`.
fn in_time(claims: &Claims, args: &VerifyArgs, at: UnixMillis) -> Result<(), String> {
    let skew = i64::from(DEFAULT_CLOCK_SKEW_MS);
    let issued = UnixMillis::from_secs(claims.iat);
    if at.saturating_add(skew) < issued {
        return Err(format!(
            "it was issued at {issued}, after {at}; check the clock, or --at"
        ));
    }
    let expires = UnixMillis::from_secs(claims.exp);
    if args.document.is_none() && at >= expires.saturating_add(skew) {
        return Err(format!(
            "it expired at {expires}: as a log-in it is worth nothing at {at}; to prove a signed \
             record, name it with --document"
        ));
    }
    match &args.audience {
        Some(audience) if *audience != claims.aud => Err(format!(
            "its audience is {:?}, not {audience:?}",
            claims.aud
        )),
        _ => Ok(()),
    }
}

/// What the lists say of the certificates of a verified assertion, of which they revoke none.
#[derive(Clone, Copy)]
enum Revocation {
    NoLists,
    NotRevoked,
    /// The lists are not about each of the certificates.
    Unknown,
}

impl Revocation {
    const fn as_str(self) -> &'static str {
        match self {
            Self::NoLists => "not checked",
            Self::NotRevoked => "not revoked",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether the lists cover every certificate at each moment of the check.
fn revocation(
    chain: &VerifiedChain,
    issued_at: UnixMillis,
    anchors: &[TrustAnchor],
    expect: &Expectations<'_>,
) -> Revocation {
    if expect.crls.is_empty() {
        return Revocation::NoLists;
    }
    let requirements = Requirements::new(expect.grade)
        .with_role(Role::NesAssertion)
        .with_crls(expect.crls)
        .with_revocation(chain::Revocation::Required);
    let path = chain.path();
    let presented: Vec<&[u8]> = path.iter().skip(1).rev().map(|one| one.der()).collect();
    let known = |at| chain::verify(&RustCrypto, anchors, &presented, at, &requirements).is_ok();
    if std::iter::once(issued_at).chain(expect.at).all(known) {
        Revocation::NotRevoked
    } else {
        Revocation::Unknown
    }
}

struct Inputs {
    token: String,
    l1: TrustAnchor,
    crls: Vec<Crl>,
    document_sha256: Option<[u8; 32]>,
    countersignature: Option<String>,
}

impl Inputs {
    fn read(args: &VerifyArgs) -> Result<Self, CliError> {
        let l1 = fs::read_to_string(&args.l1)
            .map_err(|error| CliError::about(args.l1.display(), error))?;
        let l1 = TrustAnchor::from_pem(&l1)
            .map_err(|error| CliError::about(args.l1.display(), error))?;
        let mut crls = Vec::new();
        for file in &args.crls {
            crls.extend(lists(file)?);
        }
        let document_sha256 = match &args.document {
            Some(file) => {
                let document =
                    fs::read(file).map_err(|error| CliError::about(file.display(), error))?;
                Some(Sha256::digest(document).into())
            }
            None => None,
        };
        let countersignature = match &args.countersignature {
            Some(file) => Some(
                fs::File::open(file)
                    .and_then(token_of)
                    .map_err(|error| CliError::about(file.display(), error))?,
            ),
            None => None,
        };
        let mut token = args.token.clone();
        if token == "-" {
            token =
                token_of(io::stdin()).map_err(|error| CliError::about("standard input", error))?;
        }
        Ok(Self {
            token,
            l1,
            crls,
            document_sha256,
            countersignature,
        })
    }
}

/// A token and its line end; of anything longer enough to be told that it is too long.
fn token_of(source: impl Read) -> io::Result<String> {
    let mut token = String::new();
    let limit = assertion::MAX_TOKEN as u64 + 2;
    source.take(limit).read_to_string(&mut token)?;
    Ok(token)
}

/// The revocation lists of a file. DER is never text: the length of a list takes bytes that no text has.
fn lists(file: &Path) -> Result<Vec<Crl>, CliError> {
    let bytes = fs::read(file).map_err(|error| CliError::about(file.display(), error))?;
    let found = match std::str::from_utf8(&bytes) {
        Ok(text) => Crl::from_pem(text),
        Err(_) => Crl::from_der(&bytes).map(|list| vec![list]),
    };
    found.map_err(|error| {
        let why = format!("no revocation list that can be used: {}", error.fault());
        CliError::about(file.display(), why)
    })
}

fn now() -> UnixMillis {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// What the report says of one token.
struct Reported<'a> {
    claims: &'a Claims,
    revocation: Revocation,
}

fn report(
    out: &mut impl Write,
    first: &Reported<'_>,
    counter: Option<&Reported<'_>>,
    args: &VerifyArgs,
) -> io::Result<()> {
    if args.json {
        let shown = |one: &Reported<'_>| json!({"claims": one.claims, "revocation": one.revocation.as_str()});
        let mut all = shown(first);
        all["verified"] = json!(true);
        if let Some(counter) = counter {
            all["countersignature"] = shown(counter);
        }
        return writeln!(out, "{all}");
    }
    write_one(out, "verified", first, args)?;
    counter.map_or(Ok(()), |counter| {
        write_one(out, "countersigned", counter, args)
    })
}

fn write_one(
    out: &mut impl Write,
    what: &str,
    one: &Reported<'_>,
    args: &VerifyArgs,
) -> io::Result<()> {
    let claims = one.claims;
    let who = plain(&format!("{}\\{}", claims.domain, claims.username));
    writeln!(out, "{what}: {who} at {}", claims.verified_at)?;
    let endpoint = plain(&claims.endpoint);
    writeln!(
        out,
        "  band      {} at endpoint {endpoint} ({})",
        claims.band, claims.method
    )?;
    if let Some(meaning) = &claims.meaning {
        writeln!(out, "  meaning   {}", plain(meaning))?;
    }
    if let Some(hash) = &claims.document_sha256 {
        let matched = if args.document.is_some() {
            ", matches the document"
        } else {
            ""
        };
        writeln!(out, "  document  SHA-256 {hash}{matched}")?;
    }
    writeln!(
        out,
        "  issuer    {} for {}",
        plain(&claims.iss),
        plain(&claims.aud)
    )?;
    writeln!(out, "  assertion {}", plain(&claims.jti))?;
    match one.revocation {
        Revocation::NoLists => Ok(()),
        Revocation::NotRevoked => writeln!(out, "  lists     no certificate is revoked"),
        Revocation::Unknown => writeln!(
            out,
            "  lists     they are not about every certificate; give those of both L1 and L2"
        ),
    }
}
