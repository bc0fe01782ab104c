//! Guessing a password through `POST /api/login` (W4, W5).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use http::{StatusCode, header};
use symbolon::{Config, HookError, Identity, Users};
use tokio::task::JoinSet;

use crate::support::{Answer, PASSWORD, Server, on_both_engines};

const WRONG: &str = "a password that nobody has";

/// One name in many spellings: case, width, composed and not, and space around it.
const SPELLINGS: [&str; 8] = [
    "josé",
    "JOSÉ",
    "Jose\u{301}",
    " josé\t",
    "ｊｏｓé",
    "JosÉ",
    "josé\u{3000}",
    "jOSE\u{301}",
];

/// Long enough for all to have their turn, on a machine that is busy too.
fn patient(config: &mut Config) {
    config.store.deadline = Duration::from_mins(1);
    config.passwords.deadline = Duration::from_mins(1);
}

async fn guess_until_blocked(server: &Server, username: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for _ in 0..11 {
        answers.push(server.login(username, WRONG).await);
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn w5_two_hundred_guesses_at_once_over_all_spellings_and_nodes() {
    on_both_engines(|database| async move {
        let first = Server::open(&database, patient).await;
        let made = first.engine.create_user("josé", PASSWORD, &[]).await;
        made.unwrap();
        let mut nodes = vec![Arc::new(first)];
        if database.starts_with("postgres") {
            nodes.push(Arc::new(Server::open(&database, patient).await));
        }
        let mut guesses = JoinSet::new();
        for number in 0..200 {
            let node = Arc::clone(&nodes[number % nodes.len()]);
            let spelling = SPELLINGS[number % SPELLINGS.len()];
            guesses.spawn(async move { node.login(spelling, WRONG).await });
        }
        // Only what was compared is called wrong.
        let mut compared = 0;
        for answer in guesses.join_all().await {
            match answer.status {
                StatusCode::UNAUTHORIZED => compared += 1,
                StatusCode::TOO_MANY_REQUESTS => {
                    assert_eq!(answer.code(), "too_many_attempts");
                    let seconds: u64 = answer.header(header::RETRY_AFTER).parse().unwrap();
                    assert!((1..=900).contains(&seconds), "{seconds}");
                }
                // There was no room to look at it, on a machine that is busy.
                StatusCode::SERVICE_UNAVAILABLE => {}
                status => panic!("{status}: {}", answer.body),
            }
        }
        assert!((1..=100).contains(&compared), "{compared} were compared");
        // The right one waits like any other, on every node.
        for node in &nodes {
            let answer = node.login("josé", PASSWORD).await;
            assert_eq!(answer.code(), "too_many_attempts");
        }
        for node in &nodes {
            node.clock.advance(Duration::from_mins(15));
        }
        assert_eq!(
            nodes[0].login("JOSÉ", PASSWORD).await.status,
            StatusCode::OK
        );
    })
    .await;
}

#[tokio::test]
async fn w5_the_tenth_wrong_password_waits_and_a_login_forgets_all() {
    let server = Server::start().await;
    let answers = guess_until_blocked(&server, "alice").await;
    for answer in &answers[..10] {
        assert_eq!(answer.code(), "invalid_credentials");
        assert_eq!(answer.header(header::RETRY_AFTER), "");
    }
    assert_eq!(answers[10].code(), "too_many_attempts");
    assert_eq!(answers[10].header(header::RETRY_AFTER), "1");
    // The right password during the wait is refused just so.
    let right = server.login("alice", PASSWORD).await;
    assert_eq!(right.status, answers[10].status);
    assert_eq!(right.headers, answers[10].headers);
    assert_eq!(right.body, answers[10].body);

    server.clock.advance(Duration::from_secs(1));
    let eleventh = server.login("alice", WRONG).await;
    assert_eq!(eleventh.code(), "invalid_credentials");
    let waits = server.login("alice", WRONG).await;
    assert_eq!(waits.header(header::RETRY_AFTER), "2");
    server.clock.advance(Duration::from_secs(2));
    assert_eq!(server.login("alice", PASSWORD).await.status, StatusCode::OK);
    let answers = guess_until_blocked(&server, "alice").await;
    assert_eq!(answers[9].code(), "invalid_credentials");
    assert_eq!(answers[10].header(header::RETRY_AFTER), "1");
}

#[tokio::test]
async fn w5_a_success_never_resets_another_account() {
    let server = Server::start().await;
    let made = server.engine.create_user("mallory", PASSWORD, &[]).await;
    made.unwrap();
    for _ in 0..10 {
        let guess = server.login("alice", WRONG).await;
        assert_eq!(guess.code(), "invalid_credentials");
        let own = server.login("mallory", PASSWORD).await;
        assert_eq!(own.status, StatusCode::OK);
    }
    let guess = server.login("alice", WRONG).await;
    assert_eq!(guess.code(), "too_many_attempts");
}

#[tokio::test]
async fn w4_unknown_disabled_and_known_names_wait_alike() {
    let server = Server::start().await;
    let made = server.engine.create_user("bob", PASSWORD, &[]).await;
    made.unwrap();
    server.engine.disable_user("bob").await.unwrap();
    let known = guess_until_blocked(&server, "alice").await;
    for name in ["nobody", "bob"] {
        let other = guess_until_blocked(&server, name).await;
        for (one, other) in known.iter().zip(other) {
            assert_eq!(one.status, other.status);
            assert_eq!(one.headers, other.headers);
            assert_eq!(one.body, other.body);
        }
    }
}

#[tokio::test]
async fn what_can_be_nobodys_name_or_password_is_never_counted() {
    let server = Server::start().await;
    for _ in 0..20 {
        assert_eq!(
            server.login("al ice", WRONG).await.code(),
            "invalid_username"
        );
        assert_eq!(server.login("alice", "").await.code(), "invalid_password");
    }
    assert_eq!(server.login("alice", PASSWORD).await.status, StatusCode::OK);
}

/// A program's users: everybody's password is `right`; while it is out nobody can tell.
struct Program {
    asked: Arc<AtomicU32>,
    out: Arc<AtomicU32>,
}

impl Users for Program {
    async fn authenticate(
        &self,
        username: &str,
        password: &str,
    ) -> Result<Option<Identity>, HookError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.out.load(Ordering::Relaxed) > 0 {
            return Err("the directory is out".into());
        }
        let identity = Identity::new(username, username);
        Ok((password == "right").then_some(identity))
    }

    async fn find(&self, _subject: &str) -> Result<Option<Identity>, HookError> {
        Ok(None)
    }
}

async fn with_program() -> (Server, Arc<AtomicU32>, Arc<AtomicU32>) {
    let (asked, out) = (Arc::default(), Arc::default());
    let program = Program {
        asked: Arc::clone(&asked),
        out: Arc::clone(&out),
    };
    let server = Server::start_with(|config| {
        *config = config.clone().with_users(program);
    })
    .await;
    (server, asked, out)
}

#[tokio::test]
async fn w5_a_programs_users_are_counted_over_all_spellings() {
    let (server, asked, _) = with_program().await;
    let mut answers = Vec::new();
    for number in 0..40 {
        let spelling = SPELLINGS[number % SPELLINGS.len()];
        // A name that only looks alike logs in meanwhile, and forgives nothing of it.
        let own = server.login("JOSÉ", "right").await;
        let guess = server.login(spelling, "wrong").await;
        answers.push((own.status.as_u16(), guess.status.as_u16()));
    }
    assert_eq!(answers[9], (200, 401));
    assert_eq!(answers[10], (429, 429));
    assert_eq!(asked.load(Ordering::Relaxed), 20);
    assert_eq!(server.login("maria", "right").await.status, StatusCode::OK);
}

#[tokio::test]
async fn w5_names_that_nobody_here_could_have_are_counted_over_all_spellings_too() {
    let (server, asked, _) = with_program().await;
    let mut answers = Vec::new();
    for number in 0..12 {
        let spelling = ["al ice", "AL ICE", " Al Ice\t"][number % 3];
        let guess = server.login(spelling, "wrong").await;
        answers.push(guess.status.as_u16());
    }
    assert_eq!(answers[..10], [401; 10]);
    assert_eq!(answers[10..], [429; 2]);
    assert_eq!(asked.load(Ordering::Relaxed), 10);
}

#[tokio::test]
async fn w5_an_outage_counts_for_nothing() {
    let (server, asked, out) = with_program().await;
    out.store(1, Ordering::Relaxed);
    for _ in 0..60 {
        let answer = server.login("alice", "right").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    out.store(0, Ordering::Relaxed);
    assert_eq!(server.login("alice", "right").await.status, StatusCode::OK);
    assert_eq!(asked.load(Ordering::Relaxed), 61);
}
