//! HTTP/1.1 over one kept connection, as little of it as measuring needs, so that the client takes few of the cycles
//! that it measures.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const MOST_HEADERS: usize = 48;
const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// The bytes of a GET with cookies as they go into the header.
pub fn get(path: &str, cookies: &str) -> Vec<u8> {
    request("GET", path, cookies, "")
}

/// The bytes of a form, sent by a page of the same site.
pub fn post(path: &str, cookies: &str, form: &str) -> Vec<u8> {
    request("POST", path, cookies, form)
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
    /// `name=value` of each cookie that was set.
    pub cookies: Vec<String>,
    pub body: Vec<u8>,
}

impl Reply {
    /// The cookie of this name, as it is sent back.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().map(String::as_str).find(|pair| pair.split('=').next() == Some(name))
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

    /// Sends a request and reads its reply.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<Reply> {
        self.received.clear();
        self.stream.write_all(request).await?;
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some((mut reply, body, length)) = head(&self.received)? {
                while self.received.len() < body + length {
                    if self.stream.read_buf(&mut self.received).await? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                reply.body.extend_from_slice(&self.received[body..body + length]);
                return Ok(reply);
            }
        }
    }
}

/// A reply without its body, where that begins and how long it is, once all headers are there.
fn head(received: &[u8]) -> io::Result<Option<(Reply, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(body) = parsed.parse(received).map_err(io::Error::other)? else { return Ok(None) };
    let mut reply = Reply { status: parsed.code.unwrap_or_default(), cookies: Vec::new(), body: Vec::new() };
    let mut length = None;
    for header in parsed.headers.iter() {
        let value = std::str::from_utf8(header.value).unwrap_or_default();
        if header.name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok();
        } else if header.name.eq_ignore_ascii_case("set-cookie") {
            reply.cookies.extend(value.split(';').next().map(str::to_owned));
        }
    }
    let length = length.ok_or_else(|| io::Error::other("a reply without a length"))?;
    Ok(Some((reply, body, length)))
}
