//! `TestApp`: the real router in process. `Browser`: a cookie jar with one method per thing a person does.

use std::{
    collections::BTreeMap,
    future::{Future as _, poll_fn},
    net::SocketAddr,
    pin::pin,
    sync::LazyLock,
    task::Poll,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, Response, StatusCode, header},
};
use http_body_util::BodyExt as _;
use sekisho::{
    domain::{role::Role, time::Timestamp},
    server::{
        canonical,
        clock::Clock,
        config::{Config, Layers},
        crypto::password_hash::Cost,
        flow::create_user::{self, NewUser},
        rng::Rng,
        router,
        state::{AppState, Parts},
        store::On,
    },
};
use serde_json::Value;
use tokio::{runtime::Runtime, sync::RwLock};
use tower::ServiceExt as _;

use crate::test_database::TestDatabase;

pub const PASSWORD: &str = "wallpaper teapot river 9";
pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
pub const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const START: Timestamp = Timestamp(1_780_000_000_000);
const LOW: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

/// Requests are served on one runtime, as in a server.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
/// A router is built by rendering its pages once in a mode of its own; a server does that before it serves.
static BUILDING: RwLock<()> = RwLock::const_new(());

pub struct TestApp {
    pub state: AppState,
    pub router: Router,
    pub database: TestDatabase,
    settings: Vec<(String, String)>,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts at the time it really is, for tests in which another process looks at the same data.
    pub async fn today() -> Self {
        Self::today_with(&[]).await
    }

    /// The same with settings beyond the defaults.
    pub async fn today_with(settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Self::on(TestDatabase::fresh().await, settings, Clock::System.now()).await
    }

    /// Starts with settings beyond the defaults.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Self::on(TestDatabase::fresh().await, settings, START).await
    }

    /// Starts on a database that is there, or at another address of the same.
    pub async fn upon(database: TestDatabase, settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Self::on(database, settings, START).await
    }

    /// Starts on a database that is there, at the time it really is.
    pub async fn upon_today(database: TestDatabase) -> Self {
        Self::on(database, Vec::new(), Clock::System.now()).await
    }

    /// What serves the requests of another node.
    pub async fn router_of(state: &AppState) -> Router {
        let _building = BUILDING.write().await;
        router::build(state.clone())
    }

    async fn on(database: TestDatabase, settings: Vec<(String, String)>, now: Timestamp) -> Self {
        let own = [("database.url".to_owned(), database.url())];
        let secret = database.secret().map(|secret| ("auth_secret".to_owned(), secret.to_owned()));
        let flags: Vec<String> =
            own.iter().chain(&secret).chain(&settings).map(|(key, value)| format!("{key}={value}")).collect();
        let config = Config::read(&Layers::gather(None, std::iter::empty(), &flags).unwrap()).unwrap();
        let rng = Rng::from_system();
        let state = begin(Parts { config, clock: Clock::set_to(now), rng, cost: LOW, hash_threads: 2 }).await;
        let _building = BUILDING.write().await;
        Self { router: router::build(state.clone()), state, database, settings }
    }

    /// Stops the process and starts another on the same data.
    pub async fn restart(self) -> Self {
        let now = self.state.clock.now();
        self.state.confirmations.flush(&self.state).await;
        self.state.db.close().await;
        Self::on(self.database, self.settings, now).await
    }

    /// The same with other settings.
    pub async fn restart_with(mut self, settings: &[(&str, &str)]) -> Self {
        for (key, value) in settings {
            self.settings.retain(|(known, _)| known != key);
            self.settings.push(((*key).to_owned(), (*value).to_owned()));
        }
        self.restart().await
    }

    pub fn advance(&self, length: Duration) {
        self.state.clock.advance(length);
    }

    pub fn minutes(&self, minutes: u64) {
        self.advance(Duration::from_secs(minutes * 60));
    }

    /// Makes an account, quicker than by its form.
    pub async fn user(&self, email: &str, role: Role) -> String {
        let new = NewUser {
            email: canonical::email(email).unwrap(),
            display_name: "Test".to_owned(),
            role,
            password: PASSWORD.to_owned().into(),
        };
        create_user::create(&self.state, new).await.unwrap().to_string()
    }

    pub fn browser(&self) -> Browser {
        Browser {
            router: self.router.clone(),
            cookies: BTreeMap::new(),
            user_agent: FIREFOX.to_owned(),
            address: "203.0.113.7".to_owned(),
        }
    }

    /// A browser at another server on the same data, where no password can be hashed.
    pub async fn browser_without_hashing(&self) -> Browser {
        let (config, clock, rng) = (self.state.config.clone(), self.state.clock.clone(), self.state.rng.clone());
        let state = begin(Parts { config, clock, rng, cost: LOW, hash_threads: 0 }).await;
        let _building = BUILDING.write().await;
        Browser { router: router::build(state), ..self.browser() }
    }

    /// A browser in which `email` has signed in.
    pub async fn signed_in(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        browser.sign_in(email, PASSWORD).await.expect(StatusCode::OK);
        browser
    }

    /// Writes down first sights at once, as the node does several times a second.
    pub async fn settle(&self) {
        self.state.confirmations.flush(&self.state).await;
    }

    pub async fn audit(&self, action: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) FROM audit WHERE action = '{action}'")).await
    }

    /// Changes the database behind the server's back.
    pub async fn execute(&self, text: &str) {
        let text = sqlx::AssertSqlSafe(text.to_owned());
        match self.state.db.read() {
            On::Sqlite(pool) => drop(sqlx::raw_sql(text).execute(pool).await.unwrap()),
            On::Postgres(server) => drop(sqlx::raw_sql(text).execute(&server.pool).await.unwrap()),
            On::SqliteTx(_) | On::PostgresTx(_) => unreachable!("no write is in progress"),
        }
    }

    pub async fn number(&self, text: &str) -> i64 {
        let text = sqlx::AssertSqlSafe(text.to_owned());
        match self.state.db.read() {
            On::Sqlite(pool) => sqlx::query_scalar(text).fetch_one(pool).await.unwrap(),
            On::Postgres(server) => sqlx::query_scalar(text).fetch_one(&server.pool).await.unwrap(),
            On::SqliteTx(_) | On::PostgresTx(_) => unreachable!("no write is in progress"),
        }
    }

    pub async fn text(&self, text: &str) -> String {
        let text = sqlx::AssertSqlSafe(text.to_owned());
        match self.state.db.read() {
            On::Sqlite(pool) => sqlx::query_scalar(text).fetch_one(pool).await.unwrap(),
            On::Postgres(server) => sqlx::query_scalar(text).fetch_one(&server.pool).await.unwrap(),
            On::SqliteTx(_) | On::PostgresTx(_) => unreachable!("no write is in progress"),
        }
    }
}

/// What a server opens lives on the runtime that serves.
async fn begin(parts: Parts) -> AppState {
    let starting = RUNTIME.spawn_blocking(|| RUNTIME.block_on(AppState::start(parts)));
    starting.await.unwrap().unwrap()
}

#[derive(Clone, Debug)]
pub struct Browser {
    pub router: Router,
    pub cookies: BTreeMap<String, String>,
    pub user_agent: String,
    pub address: String,
}

/// A reply, read to its end.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }

    #[track_caller]
    pub fn expect(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status, "{} {:?}", self.text.chars().take(300).collect::<String>(), self.headers);
        self
    }

    /// Refused with this code, and the status that belongs to it.
    #[track_caller]
    pub fn refused(self, status: StatusCode, code: &str) -> Self {
        let reply = self.expect(status);
        assert_eq!(reply.json()["code"], code, "{}", reply.text);
        reply
    }

    #[track_caller]
    pub fn signed_out(self, reason: &str) {
        let reply = self.refused(StatusCode::UNAUTHORIZED, "signed_out");
        assert_eq!(reply.json()["reason"], reason);
    }

    pub fn set_cookies(&self) -> Vec<String> {
        self.headers.get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap().to_owned()).collect()
    }
}

impl Browser {
    pub fn using(mut self, user_agent: &str) -> Self {
        user_agent.clone_into(&mut self.user_agent);
        self
    }

    pub fn from(mut self, address: &str) -> Self {
        address.clone_into(&mut self.address);
        self
    }

    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let peer: SocketAddr = format!("{}:40000", self.address).parse().unwrap();
        let builder = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost:3000")
            .header(header::USER_AGENT, &self.user_agent)
            .header(header::ACCEPT, "application/json")
            .header("sec-fetch-site", "same-origin")
            .extension(ConnectInfo(peer));
        if cookies.is_empty() { builder } else { builder.header(header::COOKIE, cookies.join("; ")) }
    }

    /// Sends it and keeps the cookies of the reply.
    pub async fn send(&mut self, request: Request<Body>) -> Reply {
        let reply = self.deliver(request).await;
        self.receive(&reply);
        reply
    }

    /// Sends it; the reply is lost on its way unless [`Self::receive`] takes it.
    pub async fn deliver(&self, request: Request<Body>) -> Reply {
        let router = self.router.clone();
        let served = RUNTIME.spawn(async move {
            let _serving = BUILDING.read().await;
            let response: Response<Body> = router.oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            Reply { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
        });
        served.await.unwrap()
    }

    /// Sends it, and hangs up after having looked for the reply so often.
    pub async fn hang_up(&self, request: Request<Body>, looks: usize) {
        let router = self.router.clone();
        let served = RUNTIME.spawn(async move {
            let _serving = BUILDING.read().await;
            let mut answer = pin!(router.oneshot(request));
            let mut left = looks;
            poll_fn(|cx| {
                if left == 0 {
                    return Poll::Ready(());
                }
                left -= 1;
                answer.as_mut().poll(cx).map(drop)
            })
            .await;
        });
        served.await.unwrap();
    }

    pub fn receive(&mut self, reply: &Reply) {
        for line in reply.set_cookies() {
            let (pair, attributes) = line.split_once(';').unwrap_or((&line, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        let request = self.request(Method::GET, path).body(Body::empty()).unwrap();
        self.send(request).await
    }

    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Request<Body> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap()
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let request = self.form(path, fields);
        self.send(request).await
    }

    /// A page, as a person loads it.
    pub async fn page(&mut self, path: &str) -> Reply {
        let mut request = self.request(Method::GET, path).header("sec-fetch-user", "?1").body(Body::empty()).unwrap();
        request.headers_mut().insert(header::ACCEPT, "text/html,application/xhtml+xml".parse().unwrap());
        self.send(request).await
    }

    pub async fn sign_in(&mut self, email: &str, password: &str) -> Reply {
        self.post("/api/login", &[("email", email), ("password", password)]).await
    }

    pub async fn session(&mut self) -> Reply {
        self.get("/api/session").await
    }

    pub async fn refresh(&mut self) -> Reply {
        self.post("/api/refresh", &[]).await
    }

    pub async fn session_id(&mut self) -> String {
        self.session().await.expect(StatusCode::OK).json()["session_id"].as_str().unwrap().to_owned()
    }

    pub fn cookie(&self, name: &str) -> &str {
        self.cookies.get(name).map_or("", String::as_str)
    }
}
