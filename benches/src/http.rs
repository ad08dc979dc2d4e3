//! HTTP/1.1 over one kept connection, as little of it as measuring needs, so that the client takes few of the cycles
//! that it measures.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::Outcome;

const MOST_HEADERS: usize = 48;
const LINE_END: usize = 2;
pub const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// The bytes of a GET with cookies as they go into the header.
pub fn get(path: &str, cookies: &str) -> Vec<u8> {
    request("GET", path, cookies, "")
}

/// The bytes of a form, sent by a page of the same site.
pub fn post(path: &str, cookies: &str, form: &str) -> Vec<u8> {
    request("POST", path, cookies, form)
}

/// A request as a proxy hands it on for a client with this address.
pub fn forwarded(request: &[u8], address: &str) -> Vec<u8> {
    let line_end = request.windows(LINE_END).position(|two| two == b"\r\n").map_or(0, |at| at + LINE_END);
    let (line, rest) = request.split_at(line_end);
    [line, format!("x-forwarded-for: {address}\r\n").as_bytes(), rest].concat()
}

fn request(method: &str, path: &str, cookies: &str, form: &str) -> Vec<u8> {
    let cookies = if cookies.is_empty() { String::new() } else { format!("cookie: {cookies}\r\n") };
    let form_headers = match method {
        "GET" => String::new(),
        _ => format!("content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n", form.len()),
    };
    format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\nuser-agent: {USER_AGENT}\r\n\
         sec-fetch-site: same-origin\r\n{cookies}{form_headers}\r\n{form}"
    )
    .into_bytes()
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// As they came, in their order.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The cookie of this name that was set, as it is sent back.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let set = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case("set-cookie"));
        set.filter_map(|(_, value)| value.split(';').next()).find(|pair| pair.split('=').next() == Some(name))
    }

    /// Its body, which is JSON.
    pub fn json(&self) -> Outcome<serde_json::Value> {
        let unlike = |error| format!("a reply with status {} is no JSON: {error}", self.status);
        Ok(serde_json::from_slice(&self.body).map_err(unlike)?)
    }
}

pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub async fn open(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(8192) })
    }

    /// Sends a request and reads the head of its reply.
    async fn ask(&mut self, request: &[u8]) -> io::Result<Reply> {
        self.received.clear();
        self.stream.write_all(request).await?;
        loop {
            self.receive().await?;
            if let Some((reply, body)) = head(&self.received)? {
                self.received.drain(..body);
                return Ok(reply);
            }
        }
    }

    /// Sends a request and reads its reply.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<Reply> {
        let mut reply = self.ask(request).await?;
        if let Some(length) = reply.header("content-length") {
            let length = length.parse().map_err(io::Error::other)?;
            reply.body = self.take(length).await?;
        } else if reply.header("transfer-encoding") == Some("chunked") {
            loop {
                let chunk = self.chunk().await?;
                if chunk.is_empty() {
                    break;
                }
                reply.body.extend(chunk);
            }
        }
        Ok(reply)
    }

    /// Sends a request and lets go of its reply's body as it comes, in pieces: its status, and how many bytes there were.
    pub async fn drain(mut self, request: &[u8]) -> Outcome<(u16, usize)> {
        let reply = self.ask(request).await?;
        let mut bytes = 0;
        if reply.header("transfer-encoding") == Some("chunked") {
            while let chunk = self.chunk().await?
                && !chunk.is_empty()
            {
                bytes += chunk.len();
            }
        }
        Ok((reply.status, bytes))
    }

    /// A piece of a body that comes in pieces; the last one is empty.
    async fn chunk(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let parsed = httparse::parse_chunk_size(&self.received);
            if let httparse::Status::Complete((begins, length)) = parsed.map_err(|_| io::ErrorKind::InvalidData)? {
                self.received.drain(..begins);
                let length = usize::try_from(length).map_err(io::Error::other)?;
                let mut chunk = self.take(length + LINE_END).await?;
                chunk.truncate(length);
                return Ok(chunk);
            }
            self.receive().await?;
        }
    }

    async fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.received.len() < length {
            self.receive().await?;
        }
        Ok(self.received.drain(..length).collect())
    }

    async fn receive(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.received).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

/// A reply without its body, and where that begins, once all headers are there.
fn head(received: &[u8]) -> io::Result<Option<(Reply, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(body) = parsed.parse(received).map_err(io::Error::other)? else { return Ok(None) };
    let own = |header: &httparse::Header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned());
    let headers = parsed.headers.iter().map(own).collect();
    Ok(Some((Reply { status: parsed.code.unwrap_or_default(), headers, body: Vec::new() }, body)))
}
