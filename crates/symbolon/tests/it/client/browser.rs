//! A browser: a router, and the cookies that it was given.

use std::collections::BTreeMap;

use axum::{Router, body::Body};
use http::{HeaderValue, Method, Request, header};
use serde_json::Value;

use crate::support::{Answer, answer_of, request};

pub(super) struct Browser<'r> {
    router: &'r Router,
    cookies: BTreeMap<String, String>,
    /// Sent with each request.
    pub(super) headers: Vec<(&'static str, String)>,
}

impl<'r> Browser<'r> {
    pub(super) fn new(router: &'r Router) -> Self {
        Self {
            router,
            cookies: BTreeMap::new(),
            headers: Vec::new(),
        }
    }

    /// One that asks for pages in Korean.
    pub(super) fn korean(mut self) -> Self {
        self.headers = vec![
            ("accept", "text/html,application/xhtml+xml".to_owned()),
            ("accept-language", "ko-KR,ko;q=0.9".to_owned()),
        ];
        self
    }

    pub(super) fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }

    /// A browser that holds the same cookies.
    pub(super) fn copy(&self) -> Self {
        Self {
            router: self.router,
            cookies: self.cookies.clone(),
            headers: self.headers.clone(),
        }
    }

    /// The same browser at another node.
    pub(super) fn at(&self, router: &'r Router) -> Self {
        Self {
            router,
            ..self.copy()
        }
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.send(request(Method::GET, path)).await
    }

    /// A POST as a page of the site sends it, and what it adds.
    pub(super) async fn post(&mut self, path: &str, headers: &[(&'static str, &str)]) -> Answer {
        let mut request = request(Method::POST, path);
        for (name, value) in headers {
            let value = HeaderValue::try_from(*value).unwrap();
            request.headers_mut().append(*name, value);
        }
        self.send(request).await
    }

    pub(super) async fn post_form(&mut self, path: &str, form: &str) -> Answer {
        let mut request = request(Method::POST, path);
        let headers = request.headers_mut();
        headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        *request.body_mut() = Body::from(form.to_owned());
        self.send(request).await
    }

    async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            headers.insert(*name, HeaderValue::try_from(value).unwrap());
        }
        let pairs: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !pairs.is_empty() {
            let value = HeaderValue::try_from(pairs.join("; ")).unwrap();
            headers.insert(header::COOKIE, value);
        }
        let answer = answer_of(self.router, request).await;
        for set in answer.headers.get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            let (pair, attributes) = set.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Who is logged in, as the program sees it.
    pub(super) async fn who(&mut self) -> Value {
        let answer = self.get("/who").await;
        answer.json()
    }
}
