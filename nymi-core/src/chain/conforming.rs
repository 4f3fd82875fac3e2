//! What section 4 of RFC 5280 obliges issuers to, where a chain is safe without it
//! ([`Profile::Conforming`](super::Profile::Conforming)).

use super::certificate::Certificate;
use super::constraints::mailbox;
use super::error::Fault;
use super::general_name::GeneralName;
use super::{dns, key_usage};

const fn rule(rule: &'static str) -> Result<(), Fault> {
    Err(Fault::NotConforming { rule })
}

/// Rules for every certificate of a path.
pub(crate) fn check(certificate: &Certificate) -> Result<(), Fault> {
    let extensions = &certificate.extensions;
    if extensions.names_authority && extensions.authority_key.is_none() {
        return rule("authorityKeyIdentifier has a keyIdentifier (4.2.1.1)");
    }
    let names = extensions
        .alternative_names
        .iter()
        .flat_map(|names| &names.names);
    for name in names {
        let text = |span| core::str::from_utf8(certificate.bytes(span)).unwrap_or("");
        match *name {
            GeneralName::Dns(span) if !dns::is_presentable(text(span)) => {
                return rule("a dNSName has the preferred name syntax (4.2.1.6)");
            }
            GeneralName::Rfc822(span) if mailbox(text(span)).is_none() => {
                return rule("an rfc822Name is a mailbox (4.2.1.6)");
            }
            GeneralName::Uri(span) if !text(span).contains(':') => {
                return rule("a uniformResourceIdentifier is absolute (4.2.1.6)");
            }
            _ => {}
        }
    }
    let signs_nothing = !certificate.has_usage(key_usage::KEY_CERT_SIGN)
        && !certificate.has_usage(key_usage::CRL_SIGN);
    if certificate.is_ca() && extensions.key_usage.is_some() && signs_nothing {
        return rule("a CA signs certificates or CRLs (4.2.1.3, 4.2.1.9)");
    }
    Ok(())
}

/// Rules for the anchor, the operator's own choice. Other CAs may state basicConstraints without
/// making it critical: the path validation suite of NIST has such a chain among the valid ones.
pub(crate) fn check_anchor(anchor: &Certificate) -> Result<(), Fault> {
    let extensions = &anchor.extensions;
    if extensions
        .basic_constraints
        .is_some_and(|constraints| !constraints.critical)
    {
        return rule("basicConstraints of a CA is critical (4.2.1.9)");
    }
    let cross_signed = !anchor.is_self_issued() && extensions.subject_key.is_some();
    if cross_signed && extensions.authority_key.is_none() {
        return rule("authorityKeyIdentifier names the issuer's key (4.2.1.1)");
    }
    Ok(())
}

/// 4.2.1.1: a self-signed certificate that has both identifiers has the same twice.
pub(crate) fn identifiers_differ(certificate: &Certificate) -> bool {
    let extensions = &certificate.extensions;
    match (extensions.authority_key, extensions.subject_key) {
        (Some(authority), Some(subject)) => {
            certificate.bytes(authority) != certificate.bytes(subject)
        }
        _ => false,
    }
}

/// 4.2.1.1 and 4.2.1.2: a CA has a subject key identifier, and what it issues names it. Chains that
/// do without both are let pass: there is nothing to be confused about.
pub(crate) fn check_identifiers(issuer: &Certificate, subject: &Certificate) -> Result<(), Fault> {
    match (
        issuer.extensions.subject_key,
        subject.extensions.authority_key,
    ) {
        (Some(_), None) => rule("authorityKeyIdentifier names the issuer's key (4.2.1.1)"),
        (None, Some(_)) => rule("a CA has a subjectKeyIdentifier (4.2.1.2)"),
        _ => Ok(()),
    }
}
