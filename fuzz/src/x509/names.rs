//! Names, policies and distribution points of a description, in DER.

use super::*;

impl Name {
    pub(super) fn der(&self) -> Vec<u8> {
        let names = [
            "Acme NES L1 CA",
            "Acme NES L2 CA",
            "kiosk",
            "Other CA",
            "",
            "Ünit",
            "a  b",
        ];
        let text = names[usize::from(self.common) % names.len()];
        let text = match self.spelling % 8 {
            6 => text.to_uppercase(),
            7 => text.replace(' ', "   "),
            _ => text.to_owned(),
        };
        match self.unit {
            Some(unit) => dn(&[(11, ["Plant", "Office"][usize::from(unit % 2)]), (3, &text)]),
            None if text.is_empty() => dn(&[]),
            None => dn(&[(3, &text)]),
        }
    }
}

impl General {
    /// In a constraint an address has a mask.
    pub(super) fn der(&self, in_constraint: bool) -> Vec<u8> {
        let pick =
            |list: &[&str], index: u8| list[usize::from(index) % list.len()].as_bytes().to_vec();
        match self {
            Self::Dns(index) => {
                let names = [
                    "acme.example",
                    "kiosk.acme.example",
                    ".acme.example",
                    "*.acme.example",
                    "",
                    "evil.example",
                    "ACME.example.",
                ];
                tlv(0x82, &pick(&names, *index))
            }
            Self::Email(index) => {
                let names = [
                    "a@acme.example",
                    "acme.example",
                    ".acme.example",
                    "\"a b\"@acme.example",
                    "@",
                    "b@evil.example",
                ];
                tlv(0x81, &pick(&names, *index))
            }
            Self::Uri(index) => {
                let names = [
                    "https://acme.example/",
                    "https://u@kiosk.acme.example:8443/x",
                    ".acme.example",
                    "acme.example",
                    "urn:x",
                    "https://[::1]/",
                    "http://192.0.2.1/",
                ];
                tlv(0x86, &pick(&names, *index))
            }
            Self::Ip(address, prefix) => {
                let bits = prefix.unwrap_or(24) % 33;
                let mask = u32::MAX
                    .checked_shl(u32::from(32 - bits))
                    .unwrap_or(0)
                    .to_be_bytes();
                match in_constraint {
                    true => tlv(0x87, &[*address, mask].concat()),
                    false => tlv(0x87, address),
                }
            }
            Self::Directory(name) => tlv(0xa4, &name.der()),
            Self::Text(tag @ 0..=0xf0, text) => {
                let ascii: Vec<u8> = text.iter().map(|octet| octet & 0x7f).collect();
                tlv([0x81, 0x82, 0x86][usize::from(tag % 3)], &ascii)
            }
            Self::Text(tag, text) => tlv(0x80 | (tag % 9), text),
        }
    }
}

impl Policy {
    pub(super) fn der(&self) -> Vec<u8> {
        let any: &[u8] = &[0x55, 0x1d, 0x20, 0];
        match self.0 % 6 {
            0 => id(any),
            1 => GRADE_GOLD.to_der(),
            2 => GRADE_BRONZE.to_der(),
            other => id(&[0x2a, 3, other]),
        }
    }
}

impl Point {
    pub(super) fn der(&self) -> Vec<u8> {
        let is_empty = self.name.is_none() && self.issuer.is_none();
        let usual = is_empty.then_some(&General::Uri(0));
        let name = self.name.as_ref().or(usual);
        let name = name.map(|name| tlv(0xa0, &tlv(0xa0, &name.der(false))));
        let reasons = self
            .reasons
            .map(|reasons| tlv(0x81, &bits(reasons & 0x1ff)));
        let issuer = self
            .issuer
            .as_ref()
            .map(|issuer| tlv(0xa2, &tlv(0xa4, &issuer.der())));
        seq(&[&flat([name, reasons, issuer].into_iter().flatten())])
    }
}
