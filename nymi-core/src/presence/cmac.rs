use core::fmt;

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// AES-128-CMAC (RFC 4493, SP 800-38B) with key schedule and subkeys kept.
///
/// A message of exactly one block, as the PAC has, costs one AES call.
#[derive(Clone)]
pub struct Cmac {
    cipher: Aes128,
    whole: [u8; 16],
    padded: [u8; 16],
}

impl fmt::Debug for Cmac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cmac(…)")
    }
}

impl Cmac {
    /// Prepares a key.
    pub fn new(key: &[u8; 16]) -> Self {
        let cipher = Aes128::new(key.into());
        let zero = encrypt(&cipher, [0; 16]);
        let whole = double(zero);
        Self {
            cipher,
            whole,
            padded: double(whole),
        }
    }

    /// The tag of one block.
    pub fn tag_block(&self, block: &[u8; 16]) -> [u8; 16] {
        encrypt(&self.cipher, xor(*block, &self.whole))
    }

    /// The tag of a message of any length.
    pub fn tag(&self, message: &[u8]) -> [u8; 16] {
        let last_length = match message.len() % 16 {
            0 if !message.is_empty() => 16,
            partial => partial,
        };
        let (head, last) = message.split_at(message.len() - last_length);
        let mut chain = [0; 16];
        for block in head.as_chunks().0 {
            chain = encrypt(&self.cipher, xor(chain, block));
        }
        let mut block = [0; 16];
        block[..last.len()].copy_from_slice(last);
        let subkey = if last.len() == 16 {
            &self.whole
        } else {
            block[last.len()] = 0x80;
            &self.padded
        };
        encrypt(&self.cipher, xor(xor(chain, &block), subkey))
    }
}

impl Drop for Cmac {
    fn drop(&mut self) {
        // The cipher clears its own key schedule.
        self.whole.zeroize();
        self.padded.zeroize();
    }
}

impl ZeroizeOnDrop for Cmac {}

#[inline]
fn encrypt(cipher: &Aes128, block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    cipher.encrypt_block(&mut block);
    block.into()
}

fn xor(block: [u8; 16], other: &[u8; 16]) -> [u8; 16] {
    (u128::from_ne_bytes(block) ^ u128::from_ne_bytes(*other)).to_ne_bytes()
}

/// Multiplication by x in GF(2^128), without a branch on the secret.
fn double(block: [u8; 16]) -> [u8; 16] {
    let value = u128::from_be_bytes(block);
    let carry = 0u128.wrapping_sub(value >> 127) & 0x87;
    ((value << 1) ^ carry).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::cmac::Mac;
    use proptest::prelude::*;

    /// RFC 4493, 4: the four examples.
    #[test]
    fn rfc_4493() {
        let key: [u8; 16] = hex::decode("2b7e151628aed2a6abf7158809cf4f3c")
            .unwrap()
            .try_into()
            .unwrap();
        let message = hex::decode(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
             30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
        )
        .unwrap();
        for (length, tag) in [
            (0, "bb1d6929e95937287fa37d129b756746"),
            (16, "070a16b46b4d4144f79bdd9dd04a287c"),
            (40, "dfa66747de9ae63030ca32611497c827"),
            (64, "51f0bebf7e3b9d92fc49741779363cfe"),
        ] {
            assert_eq!(hex::encode(Cmac::new(&key).tag(&message[..length])), tag);
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_cmac_crate(key: [u8; 16], message in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut other = <::cmac::Cmac<Aes128> as ::cmac::KeyInit>::new(&key.into());
            other.update(&message);
            let expected: [u8; 16] = other.finalize().into_bytes().into();
            prop_assert_eq!(Cmac::new(&key).tag(&message), expected);
        }

        #[test]
        fn one_block_is_the_general_case(key: [u8; 16], block: [u8; 16]) {
            let cmac = Cmac::new(&key);
            prop_assert_eq!(cmac.tag_block(&block), cmac.tag(&block));
        }
    }
}
