//! A server on loopback that speaks just enough HTTP to answer as a test says.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A request as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `DescribeServices`, from the target header or the form.
    pub operation: String,
    /// The access key id the request is signed with.
    pub signed_by: String,
    /// The region the request is signed for.
    pub region: String,
    pub body: String,
}

impl Asked {
    /// The body of a JSON request.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What to do with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// An answer with this status, content type and body, and `req-1` as its id.
    Answer(u16, &'static str, String),
    /// An answer as JSON with status 200, whose body need be no text.
    Octets(Vec<u8>),
    /// An answer as JSON with status 200.
    Json(serde_json::Value),
    /// These bytes, then the connection is closed.
    Bytes(String),
    /// Nothing, until the other side hangs up.
    Silence,
    /// This answer, once the test calls [`Scripted::release`].
    Held(serde_json::Value),
}

pub const JSON: &str = "application/x-amz-json-1.1";
pub const XML: &str = "text/xml";

/// What every answer carries as its date.
pub const DATE: &str = "Sat, 21 Nov 2026 03:04:05 GMT";

impl Reply {
    /// An error as ECS sends it.
    pub fn json_error(status: u16, code: &str, message: &str) -> Self {
        Self::Answer(status, JSON, serde_json::json!({ "__type": code, "message": message }).to_string())
    }

    /// An error as ELBv2 and STS send it.
    pub fn xml_error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>req-1</RequestId></ErrorResponse>"
        );
        Self::Answer(status, XML, body)
    }

    /// A result of the query protocol: `inside` is what is within `…Result`.
    pub fn xml(operation: &str, inside: &str) -> Self {
        let body =
            format!("<{operation}Response><{operation}Result>{inside}</{operation}Result></{operation}Response>");
        Self::Answer(200, XML, body)
    }
}

struct Seen {
    asked: Mutex<Vec<Asked>>,
    connections: AtomicUsize,
    under_way: AtomicUsize,
    peak: AtomicUsize,
    /// How often the other side hung up on a request that was not answered.
    abandoned: watch::Sender<usize>,
    waiting: watch::Sender<usize>,
    released: watch::Sender<bool>,
}

pub struct Scripted {
    address: SocketAddr,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Scripted {
    /// Starts a server that answers by this function.
    pub async fn start(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen {
            asked: Mutex::default(),
            connections: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            abandoned: watch::Sender::new(0),
            waiting: watch::Sender::new(0),
            released: watch::Sender::new(false),
        });
        let (reply, of_server) = (Arc::new(reply), Arc::clone(&seen));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (reply, seen) = (Arc::clone(&reply), Arc::clone(&of_server));
                seen.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move { serve(stream, &*reply, &seen).await });
            }
        });
        Self { address, seen, accepting }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.seen.asked.lock().unwrap().clone()
    }

    /// How often this was asked so far.
    pub fn count(&self, operation: &str) -> usize {
        self.asked().iter().filter(|asked| asked.operation == operation).count()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// The most requests that were under way at once.
    pub fn peak(&self) -> usize {
        self.seen.peak.load(Ordering::SeqCst)
    }

    /// Lets all held answers go, now and from now on.
    pub fn release(&self) {
        self.seen.released.send_replace(true);
    }

    /// Waits until this many requests wait for an answer.
    pub async fn waiting(&self, count: usize) {
        self.seen.waiting.subscribe().wait_for(|waiting| *waiting >= count).await.unwrap();
    }

    /// Waits until the other side has hung up on this many requests.
    pub async fn abandoned(&self, count: usize) {
        self.seen.abandoned.subscribe().wait_for(|abandoned| *abandoned >= count).await.unwrap();
    }
}

async fn serve(mut stream: TcpStream, reply: &(dyn Fn(&Asked) -> Reply + Send + Sync), seen: &Seen) {
    let mut buffer = Vec::new();
    while let Some(asked) = read(&mut stream, &mut buffer).await {
        let under_way = seen.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        seen.peak.fetch_max(under_way, Ordering::SeqCst);
        seen.asked.lock().unwrap().push(asked.clone());
        let answer = answer(&mut stream, reply(&asked), seen).await;
        seen.under_way.fetch_sub(1, Ordering::SeqCst);
        let Some((bytes, keep)) = answer else {
            seen.abandoned.send_modify(|abandoned| *abandoned += 1);
            return;
        };
        if stream.write_all(&bytes).await.is_err() || !keep {
            return;
        }
    }
}

/// The bytes to send and whether the connection stays; nothing when the other side hung up first.
async fn answer(stream: &mut TcpStream, reply: Reply, seen: &Seen) -> Option<(Vec<u8>, bool)> {
    match reply {
        Reply::Answer(status, kind, body) => Some((http(status, kind, body.as_bytes()), true)),
        Reply::Octets(body) => Some((http(200, JSON, &body), true)),
        Reply::Json(body) => Some((http(200, JSON, body.to_string().as_bytes()), true)),
        Reply::Bytes(bytes) => Some((bytes.into_bytes(), false)),
        Reply::Silence => {
            hung_up(stream, seen, std::future::pending()).await;
            None
        }
        Reply::Held(body) => {
            let mut released = seen.released.subscribe();
            let release = async { drop(released.wait_for(|released| *released).await) };
            hung_up(stream, seen, release).await.then(|| (http(200, JSON, body.to_string().as_bytes()), true))
        }
    }
}

/// Waits for the release; `false` when the other side hung up before.
async fn hung_up(stream: &mut TcpStream, seen: &Seen, release: impl Future<Output = ()>) -> bool {
    seen.waiting.send_modify(|waiting| *waiting += 1);
    let mut byte = [0; 1];
    tokio::select! {
        () = release => true,
        _ = stream.read(&mut byte) => false,
    }
}

fn http(status: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: {kind}\r\ncontent-length: {}\r\ndate: {DATE}\r\n\
         x-amzn-requestid: req-1\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Asked> {
    let head_end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let length: usize = header("content-length").map_or(0, |length| length.parse().unwrap());
    while buffer.len() < head_end + 4 + length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let rest = buffer.split_off(head_end + 4 + length);
    let body = String::from_utf8_lossy(&buffer[head_end + 4..]).into_owned();
    *buffer = rest;
    let in_form = || form_urlencoded::parse(body.as_bytes()).find(|(name, _)| name == "Action").map(|(_, value)| value);
    let operation = match header("x-amz-target") {
        Some(target) => target.rsplit('.').next().unwrap_or_default().to_owned(),
        None => in_form().unwrap_or_default().into_owned(),
    };
    let signature = header("authorization").unwrap_or_default();
    let mut scope =
        signature.split_once("Credential=").map_or("", |(_, scope)| scope).split('/').map(ToOwned::to_owned);
    let signed_by = scope.next().unwrap_or_default();
    let region = scope.nth(1).unwrap_or_default();
    Some(Asked { operation, signed_by, region, body })
}
