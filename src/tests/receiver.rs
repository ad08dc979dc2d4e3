//! A receiver of webhooks, on an address of this machine: it writes down what it gets and answers what it is told to.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Request, StatusCode},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures::stream;
use http_body_util::BodyExt as _;
use sekisho::{
    domain::role::Role,
    server::{
        node::{
            audit_seal,
            webhook_courier::{self, Couriers},
        },
        open_files::Room,
        serve::{self, Places},
    },
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use crate::test_app::{Browser, RUNTIME, TestApp};

pub const EMAIL: &str = "hanako@example.com";
pub const ADMIN: &str = "admin@example.com";
pub const HERE: (&str, &str) = ("webhooks.allow_private", "127.0.0.0/8");

#[derive(Clone)]
pub struct Receiver(Arc<Inner>);

struct Inner {
    addr: SocketAddr,
    got: Mutex<Vec<Got>>,
    answers: Mutex<Answers>,
}

#[derive(Clone, Debug)]
pub struct Got {
    pub headers: HeaderMap,
    pub body: String,
}

#[derive(Clone, Default)]
struct Answers {
    status: u16,
    header: Option<(&'static str, String)>,
    after: Duration,
    endless: bool,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// Whether one of its signatures was made with this secret.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let content = format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.body);
        let expected = signature(secret, &content);
        self.header("webhook-signature").split(' ').any(|signature| signature == expected)
    }
}

/// As the specification describes it, without a line of the server's: RFC 2104 over SHA-256.
pub fn signature(secret: &str, content: &str) -> String {
    let mut key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    assert!(key.len() <= 64);
    key.resize(64, 0);
    let padded = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<_>>();
    let inner = Sha256::digest([padded(0x36), content.as_bytes().to_vec()].concat());
    let outer = Sha256::digest([padded(0x5c), inner.to_vec()].concat());
    format!("v1,{}", BASE64_STANDARD.encode(outer))
}

impl Receiver {
    pub async fn start() -> Self {
        RUNTIME
            .spawn(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let addr = listener.local_addr().unwrap();
                let answers = Answers { status: 204, ..Answers::default() };
                let receiver = Self(Arc::new(Inner { addr, got: Mutex::default(), answers: Mutex::new(answers) }));
                let router = Router::new().fallback(receive).with_state(receiver.clone());
                tokio::spawn(async move { axum_serve(listener, router).await });
                receiver
            })
            .await
            .unwrap()
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.0.addr)
    }

    pub fn port(&self) -> u16 {
        self.0.addr.port()
    }

    pub fn got(&self) -> Vec<Got> {
        self.0.got.lock().unwrap().clone()
    }

    pub fn kinds(&self) -> Vec<String> {
        self.got().iter().map(Got::kind).collect()
    }

    pub fn answers(&self, status: u16) {
        self.0.answers.lock().unwrap().status = status;
    }

    pub fn says(&self, header: &'static str, value: &str) {
        self.0.answers.lock().unwrap().header = Some((header, value.to_owned()));
    }

    pub fn answers_after(&self, after: Duration) {
        self.0.answers.lock().unwrap().after = after;
    }

    pub fn never_stops(&self) {
        self.0.answers.lock().unwrap().endless = true;
    }
}

async fn axum_serve(listener: TcpListener, router: Router) {
    let places = Places::within(Room::within(usize::MAX), Vec::new());
    serve::serve(listener, router, places, std::future::pending()).await;
}

async fn receive(State(receiver): State<Receiver>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    receiver.0.got.lock().unwrap().push(Got { headers: parts.headers, body });
    let answers = receiver.0.answers.lock().unwrap().clone();
    tokio::time::sleep(answers.after).await;
    let body = if answers.endless {
        Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>("more and more ".repeat(100))))
    } else {
        Body::empty()
    };
    let mut response = (StatusCode::from_u16(answers.status).unwrap(), body).into_response();
    if let Some((name, value)) = answers.header {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// A server that may send to this machine, a user, and an admin who is signed in.
pub async fn start() -> (TestApp, String, Browser) {
    let app = TestApp::with(&[HERE]).await;
    let id = app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let admin = app.signed_in(ADMIN).await;
    pass(&app).await;
    (app, id, admin)
}

/// Has an address told of `events`; its id and secret.
pub async fn subscribe(admin: &mut Browser, url: &str, events: &str) -> (String, String) {
    let fields = [("url", url), ("events", events)];
    let made = admin.post("/api/admin/webhooks/create", &fields).await.expect(StatusCode::OK).json();
    (made["webhook_id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
}

/// Seals what was done and sends what is due, as the node does each second, and waits until all is sent.
pub async fn pass(app: &TestApp) {
    audit_seal::look(&app.state).await.unwrap();
    let mut couriers = Couriers::default();
    webhook_courier::look(&app.state, &mut couriers).await.unwrap();
    couriers.back().await;
}

/// The deliveries of a webhook, newest first.
pub async fn log(admin: &mut Browser, id: &str) -> Vec<Value> {
    let path = format!("/api/admin/webhook?webhook_id={id}");
    admin.get(&path).await.expect(StatusCode::OK).json()["deliveries"].as_array().unwrap().clone()
}

#[test]
fn the_signature_of_the_tests_is_that_of_the_published_example() {
    let content = r#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
    assert_eq!(
        signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", content),
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    );
}
