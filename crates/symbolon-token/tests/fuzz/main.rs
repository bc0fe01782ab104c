//! A short run of each fuzz target: over what is in the repository already (keys and tokens of the other
//! tests are the corpus), and over mutants of it from a seed.

#[cfg(test)]
mod targets;

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::targets;

    /// xorshift64.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).expect("31 bits") % limit.max(1)
        }
    }

    fn corpus() -> Vec<Vec<u8>> {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let mut corpus = vec![
            br#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#.to_vec(),
            br#"{"payload":"AA","signatures":[{"header":{"alg":"HS256"},"signature":"AA"}]}"#
                .to_vec(),
            b"eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.AA".to_vec(),
        ];
        for folder in ["keys", "tokens"] {
            for entry in fs::read_dir(tests.join(folder)).expect("a folder") {
                let content = fs::read(entry.expect("an entry").path()).expect("a file");
                let text = String::from_utf8_lossy(&content);
                let body: String = text
                    .lines()
                    .filter(|line| !line.starts_with("--"))
                    .collect();
                if let Ok(der) = data_encoding::BASE64.decode(body.as_bytes()) {
                    corpus.push(der);
                }
                corpus.push(content);
            }
        }
        corpus
    }

    fn run(target: fn(&[u8]), rounds: usize) {
        let corpus = corpus();
        assert!(corpus.len() > 30);
        let mut random = Random(0x5eed_5eed_5eed_5eed);
        for octets in &corpus {
            target(octets);
        }
        for _ in 0..rounds {
            let mut octets = corpus[random.below(corpus.len())].clone();
            for _ in 0..=random.below(4) {
                let at = random.below(octets.len());
                match random.below(4) {
                    0 => octets.truncate(at),
                    1 => octets.insert(
                        at.min(octets.len()),
                        u8::try_from(random.below(256)).expect("8 bits"),
                    ),
                    2 => {
                        let donor = &corpus[random.below(corpus.len())];
                        let from = random.below(donor.len());
                        octets.extend(donor.iter().skip(from).take(40));
                    }
                    _ => {
                        if let Some(octet) = octets.get_mut(at) {
                            *octet ^= 1 << random.below(8);
                        }
                    }
                }
            }
            target(&octets);
        }
    }

    #[test]
    fn g20_tokens() {
        run(targets::token, 20_000);
    }

    #[test]
    fn g20_key_sets() {
        run(targets::key_set, 5_000);
    }

    #[test]
    fn g20_key_formats() {
        run(targets::key_formats, 5_000);
    }
}
