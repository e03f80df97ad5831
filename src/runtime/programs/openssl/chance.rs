//! What keys are drawn from: the machine's own chance, stretched.

use rsa::rand_core::{CryptoRng, Error, RngCore};
use sha2::{Digest, Sha256};

use crate::runtime::kernel::Sys;

pub struct Chance {
    seed: Vec<u8>,
    drawn: u64,
    left: Vec<u8>,
}

impl Chance {
    pub fn of(sys: &mut Sys<'_>) -> Chance {
        Chance { seed: sys.noise(32), drawn: 0, left: vec![] }
    }
}

impl RngCore for Chance {
    fn next_u32(&mut self) -> u32 {
        let mut b = [0; 4];
        self.fill_bytes(&mut b);
        u32::from_le_bytes(b)
    }

    fn next_u64(&mut self) -> u64 {
        let mut b = [0; 8];
        self.fill_bytes(&mut b);
        u64::from_le_bytes(b)
    }

    fn fill_bytes(&mut self, into: &mut [u8]) {
        for b in into {
            if self.left.is_empty() {
                let block = Sha256::new().chain_update(&self.seed).chain_update(self.drawn.to_le_bytes());
                self.left = block.finalize().to_vec();
                self.drawn += 1;
            }
            *b = self.left.pop().unwrap_or_default();
        }
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(into);
        Ok(())
    }
}

impl CryptoRng for Chance {}
