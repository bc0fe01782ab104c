//! `mutants COUNT SEED`: asks the Rust libraries about so many mutants, and prints those that Symbolon
//! accepts, `algorithm token` a line, for libraries of other languages to judge.
//!
//! Fails where Symbolon is alone among the Rust libraries. The counts go to standard error.

use std::{
    io::{BufWriter, Write as _},
    process::ExitCode,
};

use differential::{Judges, Mutant, Random, mutant};

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let (Some(Ok(count)), Some(Ok(seed)), None) = (words.next(), words.next(), words.next()) else {
        eprintln!("mutants COUNT SEED");
        return ExitCode::from(2);
    };
    let judges = Judges::new();
    let mut random = Random::new(seed);
    let mut out = BufWriter::new(std::io::stdout().lock());
    let (mut accepted, mut alone, mut theirs) = (0, 0, [0, 0]);
    for _ in 0..count {
        let Mutant { algorithm, token } = mutant(&mut random, &judges);
        let others = [
            judges.jsonwebtoken(algorithm, &token),
            judges.josekit(algorithm, &token),
        ];
        for (sum, one) in theirs.iter_mut().zip(others) {
            *sum += u32::from(one);
        }
        if !judges.symbolon(algorithm, &token) {
            continue;
        }
        accepted += 1;
        if !others.contains(&true) {
            alone += 1;
            eprintln!("only Symbolon accepts {token}");
        }
        if writeln!(out, "{algorithm} {token}").is_err() {
            return ExitCode::FAILURE;
        }
    }
    let [jsonwebtoken, josekit] = theirs;
    eprintln!(
        "{count} mutants: Symbolon accepts {accepted}, jsonwebtoken {jsonwebtoken}, josekit {josekit}; Symbolon alone {alone}"
    );
    ExitCode::from(u8::from(alone > 0))
}
