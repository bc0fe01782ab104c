//! A posts API: anybody who logs in reads, authors change their own posts, admins all of them.
//!
//! Logging in is Symbolon's `POST /api/login`; the rest is below `/api/posts`. Posts live in a SQLite
//! file of the program's own, beside the one that Symbolon keeps. The API itself is the library next to
//! this; `Caller` is who it lets in.

use std::{error::Error, sync::Arc};

use axum::extract::FromRef;
use demo::{Demo, USERNAME};
use posts_api::{Posts, routes};
use symbolon::{
    Config, Engine,
    guard::{Caller, Guard},
};

/// What the routes need.
#[derive(Clone, FromRef)]
struct App {
    guard: Guard,
    posts: Arc<Posts>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let demo = Demo::start().await?;
    let mut config = Config::in_folder(demo.url(), demo.folder())?;
    config.login_scopes = vec!["posts:read".to_owned(), "posts:write".to_owned()];
    let engine = Engine::open(config).await?;
    let admin = engine.create_user(USERNAME, demo.password(), &["admin"]);
    let admin = admin.await?.to_string();
    // A second user, to see what an author may not do.
    engine.create_user("writer", demo.password(), &[]).await?;

    let posts = Posts::open(&demo.folder().join("posts.db"))?;
    posts.add(&admin, "First Post")?;
    posts.add(&admin, "Second Post")?;
    let app = App {
        guard: engine.guard(),
        posts: Arc::new(posts),
    };
    let router = engine.router().merge(routes::<Caller, App>());
    demo.serve(router.with_state(app)).await?;
    engine.shutdown().await;
    Ok(())
}
