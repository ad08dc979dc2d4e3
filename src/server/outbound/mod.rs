//! Requests to addresses that people typed in: sent to no place that isn't public, unless the configuration names it.
//!
//! Names are looked up first, what they lead to is judged, and the connection goes to exactly the address that was
//! judged: a name that leads elsewhere a moment later (DNS rebinding) leads nowhere. Redirects are not followed,
//! proxies of the environment not used, and of a reply little more than its status is read.

mod target;
mod tls;

use std::{net::SocketAddr, time::Duration};

use http::{HeaderName, HeaderValue, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    body::Bytes,
    client::conn::http1,
    rt::{Read, Write},
};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;
use url::{Host, Position, Url};

pub use target::{Unfit, is_allowed, parse};

/// For a whole exchange, from looking up the name to the status.
pub const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A name may lead to many addresses; so many are tried.
const MOST_ADDRESSES: usize = 3;
const LONGEST_HEADERS: usize = 16 * 1024;
/// So much of a reply is read, for so long, so that its sender doesn't find the connection cut.
const LONGEST_REPLY: usize = 4 * 1024;
const REPLY_TIMEOUT: Duration = Duration::from_secs(1);
const USER_AGENT: &str = concat!("Sekisho/", env!("CARGO_PKG_VERSION"));

/// Sends requests.
pub struct Outbound {
    /// What may be asked although it isn't public.
    allowed: Vec<IpNet>,
    tls: tls::Connector,
}

/// A status, and when to come back, as it was said.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The address is none that can be asked.
    Malformed,
    /// The name leads nowhere.
    Name,
    /// It leads to no place that may be asked.
    NotAllowed,
    Connect,
    /// No secure connection came about, as with a certificate that isn't believed.
    Tls,
    /// What came back was no HTTP, or broke off.
    Broken,
    Timeout,
}

impl Failure {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Name => "name",
            Self::NotAllowed => "not_allowed",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Broken => "broken",
            Self::Timeout => "timeout",
        }
    }
}

impl Outbound {
    #[must_use]
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed, tls: tls::Connector::default() }
    }

    /// Networks that may be asked although they aren't public.
    #[must_use]
    pub fn allowed(&self) -> &[IpNet] {
        &self.allowed
    }

    /// Sends JSON to an address.
    ///
    /// # Errors
    /// Why no status came back.
    pub async fn post(&self, url: &str, headers: &[(&'static str, String)], body: String) -> Result<Answer, Failure> {
        let exchange = async {
            let url = parse(url, &self.allowed).map_err(|unfit| match unfit {
                Unfit::Private | Unfit::HttpsOnly => Failure::NotAllowed,
                Unfit::Malformed | Unfit::Userinfo => Failure::Malformed,
            })?;
            let request = request(&url, headers, body).ok_or(Failure::Malformed)?;
            let stream = self.connect(&url).await?;
            if url.scheme() == "https" {
                talk(self.tls.over(&url, stream).await?, request).await
            } else {
                talk(stream, request).await
            }
        };
        timeout(TIMEOUT, exchange).await.unwrap_or(Err(Failure::Timeout))
    }

    /// A connection to one of the addresses that the name leads to and that may be asked.
    async fn connect(&self, url: &Url) -> Result<TcpStream, Failure> {
        let port = url.port_or_known_default().ok_or(Failure::Malformed)?;
        let found: Vec<SocketAddr> = match url.host().ok_or(Failure::Malformed)? {
            Host::Ipv4(address) => vec![(address, port).into()],
            Host::Ipv6(address) => vec![(address, port).into()],
            Host::Domain(name) => lookup_host((name, port)).await.map_err(|_| Failure::Name)?.collect(),
        };
        if found.is_empty() {
            return Err(Failure::Name);
        }
        let mut failure = Failure::NotAllowed;
        let judged = found.into_iter().filter(|found| is_allowed(found.ip(), url.scheme(), &self.allowed));
        for address in judged.take(MOST_ADDRESSES) {
            match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(_)) => failure = Failure::Connect,
                Err(_) => failure = Failure::Timeout,
            }
        }
        Err(failure)
    }
}

fn request(url: &Url, headers: &[(&'static str, String)], body: String) -> Option<Request<Full<Bytes>>> {
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let mut request = Request::post(&url[Position::BeforePath..Position::AfterQuery])
        .header(header::HOST, host)
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close");
    for (name, value) in headers {
        request = request.header(HeaderName::from_static(name), HeaderValue::from_str(value).ok()?);
    }
    request.body(Full::from(body)).ok()
}

async fn talk<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, Failure>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    TokioIo<S>: Read + Write,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(LONGEST_HEADERS);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|_| Failure::Broken)?;
    let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
    let response = sender.send_request(request).await.map_err(|_| Failure::Broken)?;
    let said = response.headers().get(header::RETRY_AFTER).and_then(|said| said.to_str().ok());
    let answer = Answer { status: response.status().as_u16(), retry_after: said.map(str::to_owned) };
    // What it says matters to nobody; whether it says it to the end, neither.
    let _ = timeout(REPLY_TIMEOUT, Limited::new(response.into_body(), LONGEST_REPLY).collect()).await;
    Ok(answer)
}
