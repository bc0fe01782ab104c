//! Logging in with others: what is used once, whom a link means, and whose a refresh is.

use std::{sync::Arc, time::Duration};

use symbolon_rules::{
    client,
    session::NewSession,
    upstream::{Browser, BrowserKey, LoginKey, State},
    user::UserState,
};
use tokio::task::JoinSet;

use super::{Database, NOW, create, hash, name, new_id, on_both_engines, sealed, user};
use crate::{
    Randomness,
    keys::sha256,
    store::{
        BeginSession, SetPassword, SetUserState, Store,
        sessions::EndSession,
        upstream::{
            BeginUpstreamLogin, ClaimRefresh, Claimed, DropTokens, FindLink, FindTokens,
            KeepTokens, Link, LinkTo, LinkUser, Linked, RedeemUpstreamLogin, ReleaseRefresh,
            ReplaceTokens, SweepUpstreamLogins, SweepUpstreamTokens, TokensId,
        },
    },
};

on_both_engines! {
    u1_a_login_is_redeemed_once_by_its_browser_in_time,
    u1_of_many_redeemers_at_once_one_gets_it,
    u2_a_link_is_found_by_issuer_and_subject_alone,
    u2_of_many_first_logins_at_once_one_user_stays,
    a_link_goes_with_its_user_and_shows_their_state,
    one_node_refreshes_at_a_time_and_one_that_is_gone_gives_way,
    of_many_claims_at_once_one_is_granted,
    tokens_go_with_their_session,
    what_is_over_is_swept_in_steps,
}

const RACERS: usize = 20;
const END: Duration = Duration::from_mins(10);

pub(super) fn keys() -> (LoginKey, BrowserKey) {
    use symbolon_rules::secret::Secret;

    let random = &mut Randomness::system();
    (
        Secret::<State>::generate(NOW, random).key(sha256),
        Secret::<Browser>::generate(NOW, random).key(sha256),
    )
}

async fn begin(store: &Store) -> (LoginKey, BrowserKey) {
    let (key, browser) = keys();
    let begin = BeginUpstreamLogin {
        key,
        browser,
        sealed: sealed(b"sealed"),
        expires_at: NOW + END,
    };
    store.run(begin).await.unwrap();
    (key, browser)
}

async fn redeem(store: &Store, key: LoginKey, browser: BrowserKey, after: Duration) -> bool {
    let now = NOW + after;
    let redeemed = store.run(RedeemUpstreamLogin { key, browser, now });
    let redeemed = redeemed.await.unwrap();
    assert!(
        redeemed
            .as_ref()
            .is_none_or(|kept| *kept == sealed(b"sealed"))
    );
    redeemed.is_some()
}

async fn u1_a_login_is_redeemed_once_by_its_browser_in_time(database: Database) {
    let store = database.open().await;
    let (key, browser) = begin(&store).await;
    let (other_key, other_browser) = keys();
    assert!(!redeem(&store, other_key, browser, Duration::ZERO).await);
    // Another browser neither gets it nor uses it up.
    assert!(!redeem(&store, key, other_browser, Duration::ZERO).await);
    assert!(redeem(&store, key, browser, Duration::ZERO).await);
    assert!(!redeem(&store, key, browser, Duration::ZERO).await);

    let (key, browser) = begin(&store).await;
    assert!(!redeem(&store, key, browser, END).await);
    assert!(redeem(&store, key, browser, Duration::from_millis(599_999)).await);
}

/// Runs them all at once and gathers what they say.
async fn race<T, F>(store: &Arc<Store>, racer: impl Fn(Arc<Store>, usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let racers: JoinSet<T> = (0..RACERS)
        .map(|number| racer(Arc::clone(store), number))
        .collect();
    racers.join_all().await
}

async fn u1_of_many_redeemers_at_once_one_gets_it(database: Database) {
    let store = Arc::new(database.open().await);
    for _ in 0..5 {
        let (key, browser) = begin(&store).await;
        let redeemed = race(&store, move |store, _| async move {
            redeem(&store, key, browser, Duration::ZERO).await
        });
        let redeemed = redeemed.await.into_iter().filter(|redeemed| *redeemed);
        assert_eq!(redeemed.count(), 1);
    }
}

fn link(issuer: &str, subject: &str) -> Link {
    Link {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
    }
}

async fn add(store: &Store, link: Link, to: LinkTo) -> Linked {
    let add = LinkUser { link, to, now: NOW };
    store.run(add).await.unwrap()
}

async fn found(store: &Store, link: Link) -> Option<String> {
    let facts = store.run(FindLink { link }).await.unwrap();
    facts.map(|facts| facts.username.as_str().to_owned())
}

async fn u2_a_link_is_found_by_issuer_and_subject_alone(database: Database) {
    let store = database.open().await;
    create(&store, "alice").await;
    let ours = || link("https://a.example", "1");
    assert_eq!(
        add(&store, ours(), LinkTo::Named(name("bob"))).await,
        Linked::NoUser
    );
    assert_eq!(
        add(&store, ours(), LinkTo::Named(name("alice"))).await,
        Linked::Done
    );
    assert_eq!(found(&store, ours()).await.as_deref(), Some("alice"));
    for other in [
        link("https://b.example", "1"),
        link("https://a.example", "2"),
        link("https://a.example/", "1"),
        link("https://A.example", "1"),
    ] {
        assert_eq!(found(&store, other).await, None);
    }
    // Neither the link nor the name can be taken twice, and what fails leaves nobody behind.
    let new = |username| LinkTo::New(user(username));
    assert_eq!(add(&store, ours(), new("bob")).await, Linked::LinkTaken);
    let theirs = || link("https://b.example", "1");
    assert_eq!(add(&store, theirs(), new("alice")).await, Linked::NameTaken);
    assert_eq!(found(&store, theirs()).await, None);
    assert_eq!(add(&store, theirs(), new("bob")).await, Linked::Done);
    assert_eq!(found(&store, theirs()).await.as_deref(), Some("bob"));
}

async fn u2_of_many_first_logins_at_once_one_user_stays(database: Database) {
    let store = Arc::new(database.open().await);
    let linked = race(&store, |store, number| async move {
        let new = LinkTo::New(user(&format!("user-{number}")));
        add(&store, link("https://a.example", "1"), new).await
    })
    .await;
    let done = linked.iter().filter(|linked| **linked == Linked::Done);
    assert_eq!(done.count(), 1);
    assert!(linked.iter().all(|linked| *linked != Linked::NameTaken));
    let winner = found(&store, link("https://a.example", "1")).await.unwrap();
    for number in 0..RACERS {
        let username = format!("user-{number}");
        let free = add(
            &store,
            link("https://b.example", &username),
            LinkTo::Named(name(&username)),
        );
        assert_eq!(free.await == Linked::Done, username == winner, "{username}");
    }
}

async fn a_link_goes_with_its_user_and_shows_their_state(database: Database) {
    let store = database.open().await;
    create(&store, "alice").await;
    let ours = || link("https://a.example", "1");
    add(&store, ours(), LinkTo::Named(name("alice"))).await;
    let set = SetUserState {
        username: name("alice"),
        state: UserState::Disabled,
    };
    store.run(set).await.unwrap();
    let set = SetPassword {
        username: name("alice"),
        password_hash: hash("second"),
    };
    store.run(set).await.unwrap();
    let facts = store.run(FindLink { link: ours() }).await.unwrap().unwrap();
    assert_eq!(facts.state, UserState::Disabled);
    assert_eq!(facts.credential_epoch, 2);
    assert_eq!(facts.roles.len(), 1);
}

async fn keep(store: &Store, session: Option<&NewSession>) -> TokensId {
    let id = new_id();
    let keep = KeepTokens {
        id,
        session: session.map(|session| session.id),
        sealed: sealed(b"first"),
        expires_at: NOW + END,
    };
    store.run(keep).await.unwrap();
    id
}

async fn tokens(store: &Store, id: TokensId) -> Option<(Vec<u8>, i64)> {
    let found = store.run(FindTokens { id, now: NOW }).await.unwrap();
    found.map(|found| (found.sealed.bytes, found.version))
}

async fn claim(store: &Store, id: TokensId, version: i64, after: Duration) -> Claimed {
    let now = NOW + after;
    let claim = ClaimRefresh {
        id,
        version,
        now,
        until: now + Duration::from_mins(1),
    };
    store.run(claim).await.unwrap()
}

async fn one_node_refreshes_at_a_time_and_one_that_is_gone_gives_way(database: Database) {
    let store = database.open().await;
    let id = keep(&store, None).await;
    let secs = Duration::from_secs;
    assert_eq!(claim(&store, id, 0, secs(0)).await, Claimed::Ours);
    assert_eq!(claim(&store, id, 0, secs(59)).await, Claimed::Theirs);
    // It said nothing for a minute.
    assert_eq!(claim(&store, id, 0, secs(60)).await, Claimed::Ours);
    let sealed = sealed(b"second");
    let replace = ReplaceTokens {
        id,
        version: 0,
        sealed,
    };
    assert!(store.run(replace).await.unwrap());
    assert_eq!(tokens(&store, id).await, Some((b"second".to_vec(), 1)));
    // Who comes late with the old version changes nothing.
    let sealed = super::sealed(b"third");
    let replace = ReplaceTokens {
        id,
        version: 0,
        sealed,
    };
    assert!(!store.run(replace).await.unwrap());
    assert_eq!(claim(&store, id, 0, secs(61)).await, Claimed::Theirs);
    // A refresh that failed is given back.
    assert_eq!(claim(&store, id, 1, secs(61)).await, Claimed::Ours);
    store.run(ReleaseRefresh { id, version: 1 }).await.unwrap();
    assert_eq!(claim(&store, id, 1, secs(62)).await, Claimed::Ours);
    // What is over has nothing to refresh.
    assert_eq!(claim(&store, id, 1, END).await, Claimed::Theirs);
    let dropped = store.run(DropTokens { id }).await.unwrap().unwrap();
    assert_eq!(dropped.sealed.bytes, b"second");
    assert_eq!(tokens(&store, id).await, None);
}

async fn of_many_claims_at_once_one_is_granted(database: Database) {
    let store = Arc::new(database.open().await);
    for _ in 0..5 {
        let id = keep(&store, None).await;
        let claimed = race(&store, move |store, _| async move {
            claim(&store, id, 0, Duration::ZERO).await
        });
        let ours = claimed.await.into_iter();
        assert_eq!(ours.filter(|claimed| *claimed == Claimed::Ours).count(), 1);
    }
}

async fn tokens_go_with_their_session(database: Database) {
    let store = database.open().await;
    let user = create(&store, "alice").await;
    let session = NewSession {
        id: new_id(),
        user,
        client: client::LOCAL,
        credential_epoch: 0,
        authenticated_at: NOW,
        expires_at: NOW + END,
    };
    let begin = BeginSession {
        session: session.clone(),
    };
    store.run(begin).await.unwrap();
    let (with, without) = (keep(&store, Some(&session)).await, keep(&store, None).await);
    store.run(EndSession { id: session.id }).await.unwrap();
    assert_eq!(tokens(&store, with).await, None);
    assert!(tokens(&store, without).await.is_some());
}

async fn what_is_over_is_swept_in_steps(database: Database) {
    let store = database.open().await;
    for _ in 0..3 {
        begin(&store).await;
        keep(&store, None).await;
    }
    for (now, swept) in [(NOW, 0), (NOW + END, 2), (NOW + END, 1), (NOW + END, 0)] {
        let limit = 2;
        let logins = store.run(SweepUpstreamLogins { now, limit }).await.unwrap();
        let tokens = store.run(SweepUpstreamTokens { now, limit }).await.unwrap();
        assert_eq!((logins, tokens), (swept, swept));
    }
}
