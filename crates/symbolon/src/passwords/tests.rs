//! Hashes of every known form, and what a login costs whom.

use super::*;

fn plain(text: &str) -> Arc<PlainPassword> {
    Arc::new(PlainPassword::parse(text).unwrap())
}

fn stored(text: &str) -> Against {
    Against::of_program(Some(text), &Scheme::DEFAULT)
}

async fn matches(hasher: &PasswordHasher, password: &str, hash: &str) -> bool {
    let outcome = hasher.verify(&plain(password), stored(hash)).await;
    matches!(outcome.unwrap(), PasswordOutcome::Matched(_))
}

fn hasher() -> PasswordHasher {
    PasswordHasher::standard()
}

/// Made by Werkzeug 3.1.9, Django 5.2, bcrypt 5.0.0, argon2-cffi and passlib of the password
/// `correct horse`.
const FOREIGN: &[&str] = &[
    "scrypt:32768:8:1$BNM0C0J6WtSnlcbG$ac176e49c7e9a71f73947486728b2957026f5261800769c3db07c6472ebb52217e94af99c12c496a70a5ce6eae69dd869078d077b7ed1f30456db51d160c3de4",
    "scrypt:16384:8:2$BOuYHoaRI5KSuBuw$bfd3b64b4bc0e06cca4c1723652cab86d0b9026c57f7442a8d49745fec00f52a9ea54f79aef89262a9a629b9dbc068bca2c32cc734f34b59e28a3746a43268bc",
    "pbkdf2:sha256:1000$LvPLGcKH8rMe6Szv$712ba694c42dff2b23591e8c42b3928d8bccc5e95576ef1f9f5e0768b9daf3b7",
    "pbkdf2:sha256:1000000$ZAsgeFnWjpPubivQ$b8a94de24c268aad7e74019d8652ed9e3e6476e1372423c6ead8db4d876d3f31",
    "pbkdf2:sha1:1000$Gq9U6VNADFkQKQ0x$248af3ffaa8b89843a884548fc291f757415a66d",
    "pbkdf2:sha512:1000$uQZ59hOknmjkzpRb$cd5ec60fffaf68ab8d670f44dee713feec030d3273d4b3757d0fd0d6f6f4a038ae581b035425c72e48f416045c650752391a8c7f1142763b6ac082e087f7795e",
    "pbkdf2_sha256$1000$saltsaltsalt$F7o7+5VTVzFAO998X6s3AHrDsJVdMiIlgndIMe19NvY=",
    "pbkdf2_sha1$1000$saltsaltsalt$JfNU29qvQkW1UgahO6OQ0oP6O0I=",
    "scrypt$1024$saltsaltsalt$8$5$Kc4G/Z/sXNdpyJ3LA2iScqjXi5dcUdJjvGFcHHaopUBuAIBmjcsT7arqi7ouFHELmir7VXCJnsuMxD3W9oBDHw==",
    "argon2$argon2id$v=19$m=1024,t=1,p=2$c2FsdHNhbHRzYWx0$1PvnJ4+XCQIEwPL7ppOyolNBivf0rs2Ibuwd9h9Ksxs",
    "bcrypt_sha256$$2b$04$CCKPA464VGElWbrAnQswK.1Ax11mGZuXe.bmzeoALH1msi.YvMkby",
    "bcrypt$$2b$04$cpMFkwVMhF/QoaaL7WiYXeMYAywZd2EwOMVcZyAo.zFnyLlZlSDSm",
    "$2b$04$3raLIf4ojzsUs4l/sRP73ORnzPAWNXluOaotkCwMDDh0MLHoqTQm.",
    "$2y$04$3raLIf4ojzsUs4l/sRP73ORnzPAWNXluOaotkCwMDDh0MLHoqTQm.",
    "$2a$04$1JaYcy3KCCWs48JxTNo79uempcydmU9VXrdkr6rqHJQh9nLxPFsx6",
    "$argon2id$v=19$m=1024,t=1,p=1$Kwi56Xj3VcXe4T0kWuV4Xw$qAFjQ/G80C9bSebM9JePAxtjPkV7EJ8xX/gCF1Z+DZg",
    "$argon2i$v=19$m=1024,t=1,p=1$OzFIg9QhVkgjwFcAHS60pw$q/ZTof/pyPcfI8K6cslWh3JF4SdESty1bkGvUNXmR+I",
    "$pbkdf2-sha256$1000$Sukdg7CW8v7/39vbWytFSA$3u8mwtkm4oLSG50zWiECbaoorlx1V8Fh0lWHWbcqlP4",
    "$pbkdf2-sha256$i=1000,l=32$Sukdg7CW8v7/39vbWytFSA$3u8mwtkm4oLSG50zWiECbaoorlx1V8Fh0lWHWbcqlP4",
    "$pbkdf2-sha512$1000$w3hvTUkp5XzPGeO8N4bQOg$l9hnGIeV3XXAQPRstth3pks.D.Z7NaflpB9fvfkgXv4y1TSJ.eDPRy0JwnjVW/A6sdmgg.LwbAdRomA.AFBiCg",
    "$scrypt$ln=10,r=8,p=1$JASA0LqXklLK+R+j9N6bMw$0jM8MqoDHaVXTN7ppPuRYhO9vZfur0MvO1uYowZJd3M",
];

#[tokio::test]
async fn hashes_of_other_programs_match_their_password_and_no_other() {
    let hasher = hasher();
    for hash in FOREIGN {
        assert!(matches(&hasher, "correct horse", hash).await, "{hash}");
        assert!(!matches(&hasher, "correct horsf", hash).await, "{hash}");
        let stored = PasswordHash::from_phc((*hash).to_owned());
        assert!(hasher.is_outdated(&stored), "{hash}");
    }
}

#[tokio::test]
async fn w3_passwords_are_hashed_with_argon2id_and_a_salt_of_their_own() {
    let hasher = hasher();
    let first = hasher.hash(plain("correct horse battery")).await.unwrap();
    let second = hasher.hash(plain("correct horse battery")).await.unwrap();
    let (first, second) = (first.as_phc(), second.as_phc());
    assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_ne!(first, second);
    assert!(matches(&hasher, "correct horse battery", first).await);
    assert!(!matches(&hasher, "correct horse batterz", first).await);
    assert!(!hasher.is_outdated(&PasswordHash::from_phc(first.to_owned())));
}

#[tokio::test]
async fn w2_passwords_that_differ_after_72_bytes_differ() {
    let hasher = hasher();
    let long = "x".repeat(80);
    let hash = hasher.hash(plain(&long)).await.unwrap();
    assert!(matches(&hasher, &long, hash.as_phc()).await);
    assert!(!matches(&hasher, &format!("{}y", &long[..79]), hash.as_phc()).await);
}

#[tokio::test]
async fn w2_bcrypt_takes_no_password_for_its_first_72_bytes() {
    // Of 72 times `x`, by bcrypt 5.0.0.
    const OF_72: &str = "$2b$04$aFp8VcL8i0ESX3Cus4EX0eEUDEoM5He/zkxx.v/j3RiNvvVc5HF3a";
    let hasher = hasher();
    assert!(matches(&hasher, &"x".repeat(72), OF_72).await);
    for other in [71, 73, 80, 1024] {
        assert!(
            !matches(&hasher, &"x".repeat(other), OF_72).await,
            "{other}"
        );
    }
}

#[tokio::test]
async fn w2_imported_hashes_take_what_was_typed_and_new_ones_what_it_composes_to() {
    // Of `cafe` with a combining acute, by Werkzeug 3.1.9.
    const DECOMPOSED: &str = "pbkdf2:sha256:1000$saltsalt$968af62dc9048baec313256594ef29e6c430532e4492208251a143d1016b3d16";
    let hasher = hasher();
    assert!(matches(&hasher, "cafe\u{301}", DECOMPOSED).await);
    assert!(!matches(&hasher, "caf\u{e9}", DECOMPOSED).await);
    let new = hasher.hash(plain("cafe\u{301}")).await.unwrap();
    assert!(matches(&hasher, "caf\u{e9}", new.as_phc()).await);
}

#[tokio::test]
async fn w4_nobody_has_a_password_and_costs_the_same_scheme() {
    let hasher = hasher();
    for hash in FOREIGN {
        let scheme = StoredHash::parse(hash).unwrap().scheme().clone();
        let label = scheme.label().unwrap();
        assert_eq!(Scheme::from_label(&label), Some(scheme.clone()), "{label}");
        let nobody = Against::Nobody(scheme);
        let outcome = hasher.verify(&plain("correct horse"), nobody).await;
        assert!(matches!(outcome.unwrap(), PasswordOutcome::Mismatched));
    }
    let real = hasher.hash(plain("correct horse battery")).await.unwrap();
    let real = StoredHash::parse(real.as_phc()).unwrap();
    assert_eq!(*real.scheme(), Scheme::DEFAULT);
}

#[test]
fn one_scheme_has_one_label_whoever_wrote_it() {
    let label = |text: &str| StoredHash::parse(text).unwrap().scheme().label().unwrap();
    assert_eq!(label(FOREIGN[2]), label(FOREIGN[6]));
    assert_eq!(label(FOREIGN[11]), label(FOREIGN[12]));
    assert_ne!(label(FOREIGN[10]), label(FOREIGN[11]));
    for label in [
        "",
        "{}",
        r#"{"pbkdf2":{"digest":"sha256","rounds":4000000000},"length":32}"#,
    ] {
        assert_eq!(Scheme::from_label(label), None, "{label}");
    }
}

#[tokio::test]
async fn a_stored_hash_cannot_ask_for_any_amount_of_work() {
    let hasher = hasher();
    let hex = "a".repeat(64);
    for hash in [
        "$argon2id$v=19$m=4194304,t=2,p=1$c3ltYm9sb24tbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=19456,t=4000000,p=1$c3ltYm9sb24tbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2d$v=19$m=19456,t=2,p=1$c3ltYm9sb24tbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        &format!("pbkdf2:sha256:4000000000$salt${hex}"),
        &format!("pbkdf2:sha256:0$salt${hex}"),
        &format!("pbkdf2:sha256:+1000$salt${hex}"),
        &format!("scrypt:16777216:8:1$salt${hex}"),
        &format!("scrypt:32768:8:1000000$salt${hex}"),
        // Little to go through, and half a GiB of it.
        &format!("scrypt:2:8:524288$salt${hex}"),
        &format!("scrypt:32768:4294967295:4294967295$salt${hex}"),
        &format!("scrypt:32767:8:1$salt${hex}"),
        &format!("scrypt:1:8:1$salt${hex}"),
        &format!("scrypt:32768:8:0$salt${hex}"),
        "$scrypt$ln=63,r=8,p=1$JASA0LqXklLK+R+j9N6bMw$0jM8MqoDHaVXTN7ppPuRYhO9vZfur0MvO1uYowZJd3M",
        "$2b$31$3raLIf4ojzsUs4l/sRP73ORnzPAWNXluOaotkCwMDDh0MLHoqTQm.",
        "$2b$03$3raLIf4ojzsUs4l/sRP73ORnzPAWNXluOaotkCwMDDh0MLHoqTQm.",
        // An output of a byte would match every 256th password.
        "pbkdf2:sha256:1000$salt$aa",
        &format!("pbkdf2:sha256:1000$salt${}", "a".repeat(400)),
        &format!("pbkdf2:sha256:1000$${hex}"),
        "plain text",
    ] {
        let outcome = hasher.verify(&plain("x"), stored(hash)).await;
        assert!(matches!(outcome, Err(HashError::Unusable(_))), "{hash}");
    }
    assert_eq!(hasher.pool.used(), (0, 0), "nothing was reserved for them");
}

#[test]
fn a_hash_cut_or_altered_is_none() {
    for hash in FOREIGN {
        for length in 0..hash.len() {
            if let Some(Ok(cut)) = StoredHash::find(&hash[..length]) {
                // A shorter output is another hash, and its scheme says so.
                let whole = StoredHash::parse(hash).unwrap();
                assert_ne!(cut.scheme(), whole.scheme(), "{}", &hash[..length]);
            }
        }
        assert!(StoredHash::parse(&format!("{hash}$")).is_err(), "{hash}");
        assert!(StoredHash::parse(&format!(" {hash}")).is_err(), "{hash}");
    }
}

#[tokio::test]
async fn w3_a_hash_is_outdated_by_dearer_parameters_and_by_no_cheaper_ones() {
    let with = |mebibytes: u64, iterations| {
        let options = PasswordHashing {
            memory: mebibytes << 20,
            iterations,
            ..PasswordHashing::default()
        };
        let checked = options.check().unwrap();
        PasswordHasher::new(Randomness::system(), checked, Clock::system())
    };
    let (standard, more_memory, more_passes) = (hasher(), with(20, 2), with(19, 3));
    let password = plain("correct horse battery");
    let hash = more_memory.hash(Arc::clone(&password)).await.unwrap();
    assert!(hash.as_phc().starts_with("$argon2id$v=19$m=20480,t=2,p=1$"));
    assert!(!standard.is_outdated(&hash) && !more_memory.is_outdated(&hash));
    // Fewer passes in more memory: neither is the other's better, so what is configured counts.
    assert!(more_passes.is_outdated(&hash));
    assert!(matches(&standard, "correct horse battery", hash.as_phc()).await);

    let old = standard.hash(password).await.unwrap();
    assert!(more_memory.is_outdated(&old) && more_passes.is_outdated(&old));
    assert!(!standard.is_outdated(&old));
    // Only what isn't of the default scheme carries its name to the store.
    assert_eq!(old.scheme(), None);
    let label = hash.scheme().unwrap();
    assert_eq!(
        Scheme::from_label(label).as_ref(),
        Some(more_memory.current())
    );
}

#[tokio::test]
async fn w3_a_hash_that_takes_more_than_the_whole_budget_is_refused_before_it_is_computed() {
    // argon2-cffi's default, 64 MiB, and Werkzeug's, a bit above 32.
    const LARGE: &[&str] = &[
        "$argon2id$v=19$m=65536,t=3,p=4$c3ltYm9sb24tbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        FOREIGN[0],
    ];
    let options = PasswordHashing {
        memory_budget: 40 << 20,
        ..PasswordHashing::default()
    };
    let mut checked = options.check().unwrap();
    checked.limits.budget = 30 << 20;
    let hasher = PasswordHasher::new(Randomness::system(), checked, Clock::system());
    for hash in LARGE {
        let outcome = hasher.verify(&plain("x"), stored(hash)).await;
        assert!(matches!(outcome, Err(HashError::Unusable(_))), "{hash}");
    }
    assert_eq!(hasher.pool.used(), (0, 0));
    let nobody = Against::Nobody(Scheme::DEFAULT);
    assert!(hasher.verify(&plain("x"), nobody).await.is_ok());
}
