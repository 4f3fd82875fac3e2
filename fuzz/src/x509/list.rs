//! Revocation lists of a description, in DER.

use super::*;

impl List {
    pub(super) fn extensions(&self) -> Vec<Ext> {
        let mut all = Vec::new();
        if let Some(number) = self.number {
            all.push(ext(20, false, &small(2, number)));
        }
        if let Some(base) = self.base {
            all.push(ext(27, true, &small(2, base)));
        }
        if let Some((name, flags, reasons)) = &self.point {
            let name = name
                .as_ref()
                .map(|name| tlv(0xa0, &tlv(0xa0, &name.der(false))));
            let flag = |bit: u8, tag: u8| (flags >> bit & 1 == 1).then(|| tlv(tag, &[0xff]));
            let reasons = reasons.map(|reasons| tlv(0x83, &bits(reasons & 0x1ff)));
            let parts = [
                name,
                flag(0, 0x81),
                flag(1, 0x82),
                reasons,
                flag(2, 0x84),
                flag(3, 0x85),
            ];
            all.push(ext(
                28,
                true,
                &tlv(0x30, &flat(parts.into_iter().flatten())),
            ));
        }
        if let Some(above) = self.key_id {
            all.push(ext(
                AUTHORITY_KEY_ID,
                false,
                &seq(&[&tlv(0x80, &[above % 6; 20])]),
            ));
        }
        if let Some((number, critical, value)) = &self.other {
            all.push(ext(*number & 0x7f, *critical, value));
        }
        all
    }

    pub(super) fn der(&self, of: &Above) -> Vec<u8> {
        let algorithm = seq(&[&id(ECDSA_SHA256)]);
        let (this, next) = match self.update % 8 {
            6 => ("270101000000Z", "280101000000Z"),
            7 => ("260101000000Z", "260201000000Z"),
            _ => ("260501000000Z", "260601000000Z"),
        };
        let entries = flat(self.entries.iter().take(8).map(Entry::der));
        let entries = if entries.is_empty() {
            vec![]
        } else {
            tlv(0x30, &entries)
        };
        let extensions = self.extensions();
        let extensions = match extensions.is_empty() {
            true => vec![],
            false => tlv(0xa0, &write_exts(&extensions)),
        };
        let to_be_signed = seq(&[
            &tlv(2, &[1]),
            &algorithm,
            &if self.odd.is(0) {
                self.issuer.der()
            } else {
                of.subject.clone()
            },
            &utc(this),
            &utc(next),
            &entries,
            &extensions,
        ]);
        let signer = if self.odd.is(1) { self.signer } else { of.key };
        signed(&to_be_signed, &algorithm, signer)
    }
}

impl Entry {
    pub(super) fn der(&self) -> Vec<u8> {
        let mut extensions = Vec::new();
        if let Some(reason) = self.reason {
            extensions.push(ext(21, false, &tlv(0x0a, &[reason % 12])));
        }
        if let Some(issuer) = &self.issuer {
            extensions.push(ext(29, true, &seq(&[&tlv(0xa4, &issuer.der())])));
        }
        let extensions = if extensions.is_empty() {
            vec![]
        } else {
            write_exts(&extensions)
        };
        seq(&[
            &small(2, self.serial | 1),
            &utc("260502000000Z"),
            &extensions,
        ])
    }
}
