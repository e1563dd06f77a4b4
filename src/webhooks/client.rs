//! One request to a receiver: resolves the host once, checks every address, connects to one of exactly these, and reads a
//! bounded answer in bounded time.

use super::{WebhookFault, WebhookOutcome, addresses};
use crate::error::{Error, Result, Text};
use chrono::{DateTime, Utc};
use ipnet::IpNet;
use std::fmt::{self, Debug};
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::config::Config;
use ureq::http::{HeaderMap, StatusCode, Uri, header};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

const TO_RESOLVE: Duration = Duration::from_secs(5);
const TO_CONNECT: Duration = Duration::from_secs(5);
/// For the whole request, from the name of the host to the last byte of the answer.
pub const IN_ALL: Duration = Duration::from_secs(15);
/// How much of an answer is read.
const MAX_BYTES: u64 = 4096;
/// How much of it is kept, in characters.
const KEPT: usize = 500;
/// How many addresses of a host are tried.
const MAX_ADDRESSES: usize = 16;

/// Finds the addresses of a host and a port.
pub type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// Sends messages to receivers. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    resolver: Checked,
    agent: Agent,
}

/// A message to send.
pub struct Message<'a> {
    pub url: &'a str,
    pub id: &'a str,
    pub timestamp_s: i64,
    pub signature: &'a str,
    pub body: &'a str,
}

/// How a request ended.
pub struct Attempt {
    pub outcome: WebhookOutcome,
    /// How long the receiver wants to be left alone.
    pub retry_after: Option<chrono::Duration>,
}

impl Client {
    /// Makes a client that also sends to private networks, even without TLS, if they are among `networks`.
    pub fn new(networks: &[IpNet]) -> Client {
        Client::with_lookup(networks, Arc::new(|host| Ok(host.to_socket_addrs()?.collect())))
    }

    fn with_lookup(networks: &[IpNet], lookup: Lookup) -> Client {
        let resolver = Checked {
            networks: networks.into(),
            lookup,
        };
        // Without a proxy, which would resolve names itself, and without connections that outlive a check.
        let config = Agent::config_builder()
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .timeout_global(Some(IN_ALL))
            .timeout_resolve(Some(TO_RESOLVE))
            .timeout_connect(Some(TO_CONNECT))
            .user_agent(concat!("Musubi/", env!("CARGO_PKG_VERSION")))
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), resolver.clone());
        Client { resolver, agent }
    }

    /// Checks where a URL leads now. Blocks for some seconds at most.
    pub fn check(&self, url: &str) -> Result<()> {
        let uri = url.parse::<Uri>().map_err(|_| WebhookFault::UnresolvedHost);
        let found = uri.and_then(|uri| self.resolver.find(&uri, TO_RESOLVE));
        let Err(fault) = found else { return Ok(()) };
        let (code, message) = match fault {
            WebhookFault::InsecureUrl => (
                "insecure_url",
                Text::new(
                    "https:// で始まるURLを指定してください。",
                    "Use a URL that begins with https://.",
                ),
            ),
            WebhookFault::RefusedAddress => (
                "refused_address",
                Text::new(
                    "このホストは、インターネットに公開されていないアドレスを指しています。",
                    "The host has an address that is not in the public internet.",
                ),
            ),
            _ => (
                "unresolved_host",
                Text::new("このホストが見つかりません。", "The host has no address."),
            ),
        };
        Err(Error::invalid("/url", code, message))
    }

    /// Sends a message. Blocks until the answer is there or the time is up.
    pub fn send(&self, message: &Message) -> Attempt {
        let begun = Instant::now();
        let request = self
            .agent
            .post(message.url)
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp_s.to_string())
            .header("webhook-signature", message.signature)
            .header(header::CONTENT_TYPE, "application/json");
        let mut attempt = match request.send(message.body) {
            Ok(mut answer) => {
                let mut bytes = Vec::new();
                let body = answer.body_mut().as_reader();
                // The status decides; an answer that breaks off later changes nothing.
                let _ = body.take(MAX_BYTES).read_to_end(&mut bytes);
                judge(answer.status(), answer.headers(), &bytes, Utc::now())
            }
            Err(error) => Attempt {
                outcome: WebhookOutcome {
                    status_code: None,
                    fault: Some(fault(&error)),
                    answer: None,
                    duration_ms: 0,
                },
                retry_after: None,
            },
        };
        attempt.outcome.duration_ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        attempt
    }
}

fn judge(status: StatusCode, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Attempt {
    let fault = match status.as_u16() {
        200..=299 => None,
        300..=399 => Some(WebhookFault::Redirected),
        410 => Some(WebhookFault::Gone),
        _ => Some(WebhookFault::Rejected),
    };
    let asks = matches!(status.as_u16(), 429 | 503);
    let retry_after = headers.get(header::RETRY_AFTER).filter(|_| asks);
    Attempt {
        outcome: WebhookOutcome {
            status_code: Some(status.as_u16()),
            fault,
            answer: excerpt(body),
            duration_ms: 0,
        },
        retry_after: retry_after.and_then(|value| retry_after_of(value.to_str().ok()?, now)),
    }
}

/// Parses `Retry-After`: seconds or a date.
fn retry_after_of(text: &str, now: DateTime<Utc>) -> Option<chrono::Duration> {
    if let Ok(seconds) = text.trim().parse::<u32>() {
        return Some(chrono::Duration::seconds(seconds.into()));
    }
    let at = DateTime::parse_from_rfc2822(text.trim()).ok()?;
    Some((at.to_utc() - now).max(chrono::Duration::zero()))
}

/// Returns the beginning of an answer, without characters that aren't text.
fn excerpt(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim().chars().take(KEPT);
    let text: String = text.map(|c| if c.is_control() { ' ' } else { c }).collect();
    (!text.is_empty()).then_some(text)
}

fn fault(error: &ureq::Error) -> WebhookFault {
    match error {
        ureq::Error::Timeout(_) => WebhookFault::TimedOut,
        ureq::Error::HostNotFound => WebhookFault::UnresolvedHost,
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => WebhookFault::TlsFailed,
        ureq::Error::Protocol(_) | ureq::Error::Http(_) | ureq::Error::LargeResponseHeader(..) => {
            WebhookFault::BrokenAnswer
        }
        ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>()) {
            Some(Refused(fault)) => *fault,
            None if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
                WebhookFault::TlsFailed
            }
            None => WebhookFault::ConnectionFailed,
        },
        _ => WebhookFault::ConnectionFailed,
    }
}

/// Why the addresses of a host are refused.
#[derive(Debug)]
struct Refused(WebhookFault);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Refused {}

/// Resolves names, and lets only those addresses through to which messages may be sent.
#[derive(Clone)]
struct Checked {
    networks: Arc<[IpNet]>,
    lookup: Lookup,
}

impl Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Checked({:?})", self.networks)
    }
}

impl Checked {
    fn find(&self, uri: &Uri, longest: Duration) -> Result<Vec<SocketAddr>, WebhookFault> {
        let is_secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let host = format!("{}:{port}", uri.host().unwrap_or_default());
        let (sender, receiver) = mpsc::sync_channel(1);
        let lookup = Arc::clone(&self.lookup);
        // The system's resolver has no time limit.
        std::thread::spawn(move || sender.send(lookup(&host)));
        let found = match receiver.recv_timeout(longest) {
            Ok(found) => found.map_err(|_| WebhookFault::UnresolvedHost)?,
            Err(_) => return Err(WebhookFault::TimedOut),
        };
        let addresses: Vec<IpAddr> = found.iter().map(SocketAddr::ip).collect();
        addresses::check(is_secure, &addresses, &self.networks)?;
        Ok(found)
    }
}

impl Resolver for Checked {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.find(uri, (*timeout.after).min(TO_RESOLVE));
        let refused = |fault| ureq::Error::Io(io::Error::other(Refused(fault)));
        let mut addresses = self.empty();
        for address in found.map_err(refused)?.into_iter().take(MAX_ADDRESSES) {
            addresses.push(address);
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn message(url: &str) -> Message<'_> {
        Message {
            url,
            id: "msg_1",
            timestamp_s: 1,
            signature: "v1,x",
            body: "{}",
        }
    }

    /// Answers one request with these bytes, and returns what came.
    fn receiver(answer: &'static str) -> (SocketAddr, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut text = String::new();
            let mut bytes = [0; 4096];
            while !text.ends_with("{}") {
                let read = stream.read(&mut bytes).unwrap();
                text += std::str::from_utf8(&bytes[..read]).unwrap();
            }
            stream.write_all(answer.as_bytes()).unwrap();
            text
        });
        (address, thread)
    }

    fn local() -> Vec<IpNet> {
        vec!["127.0.0.0/8".parse().unwrap()]
    }

    #[test]
    fn sends_to_the_checked_address_with_the_name_of_the_host() {
        let (address, thread) = receiver("HTTP/1.1 204 No Content\r\n\r\n");
        let lookup: Lookup = Arc::new(move |_| Ok(vec![address]));
        let client = Client::with_lookup(&local(), lookup);
        let attempt = client.send(&message("http://hooks.example.jp:1/in?a=1"));
        assert_eq!(
            (attempt.outcome.status_code, attempt.outcome.fault),
            (Some(204), None)
        );
        let text = thread.join().unwrap().to_lowercase();
        for part in [
            "post /in?a=1 http/1.1\r\n",
            "host: hooks.example.jp:1\r\n",
            "webhook-id: msg_1\r\n",
            "webhook-timestamp: 1\r\n",
            "webhook-signature: v1,x\r\n",
            "content-type: application/json\r\n",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_host_that_changes_its_address_is_checked_at_each_attempt() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        // Public for the check, then the server itself.
        let lookup: Lookup = Arc::new(move |_| {
            let address = match counted.fetch_add(1, Ordering::Relaxed) {
                0 => "1.1.1.1:443",
                _ => "127.0.0.1:443",
            };
            Ok(vec![address.parse().unwrap()])
        });
        let client = Client::with_lookup(&[], lookup);
        client.check("https://hooks.example.jp/").unwrap();
        let attempt = client.send(&message("https://hooks.example.jp/"));
        assert_eq!(attempt.outcome.fault, Some(WebhookFault::RefusedAddress));
        assert_eq!(asked.load(Ordering::Relaxed), 2, "one lookup for each");
    }

    #[test]
    fn refuses_urls_that_lead_to_private_addresses_however_written() {
        let client = Client::new(&[]);
        for (url, code) in [
            ("https://127.0.0.1/", "refused_address"),
            ("https://[::1]/", "refused_address"),
            ("https://[::ffff:10.0.0.1]:8443/", "refused_address"),
            ("https://169.254.169.254/latest/meta-data", "refused_address"),
            ("https://localhost/", "refused_address"),
            ("http://1.1.1.1/", "insecure_url"),
            ("https://host.invalid/", "unresolved_host"),
        ] {
            let error = client.check(url).unwrap_err();
            assert_eq!(error.fields()[0].code, code, "{url}");
        }
        Client::new(&local()).check("http://127.0.0.1:1/").unwrap();
    }

    #[test]
    fn says_how_an_attempt_failed() {
        let of = |answer| {
            let (address, thread) = receiver(answer);
            let client = Client::new(&local());
            let attempt = client.send(&message(&format!("http://{address}/")));
            thread.join().unwrap();
            (attempt.outcome.status_code, attempt.outcome.fault)
        };
        let redirect = "HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(of(redirect), (Some(302), Some(WebhookFault::Redirected)));
        assert_eq!(of("ssh-2.0\r\n\r\n"), (None, Some(WebhookFault::BrokenAnswer)));
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let client = Client::new(&local());
        let attempt = client.send(&message(&format!("http://{nobody}/")));
        assert_eq!(attempt.outcome.fault, Some(WebhookFault::ConnectionFailed));
        // Without TLS on the other side.
        let (address, _) = receiver("HTTP/1.1 200 OK\r\n\r\n");
        let attempt = client.send(&message(&format!("https://{address}/")));
        assert_ne!(attempt.outcome.fault, None);
    }

    #[test]
    fn judges_the_status_and_reads_retry_after() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let of = |status, retry_after: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, retry_after.parse().unwrap());
            let status = StatusCode::from_u16(status).unwrap();
            let attempt = judge(status, &headers, b" a\0b\n", now);
            assert_eq!(attempt.outcome.answer.as_deref(), Some("a b"));
            (
                attempt.outcome.fault,
                attempt.retry_after.map(|d| d.num_seconds()),
            )
        };
        assert_eq!(of(200, "7"), (None, None));
        assert_eq!(of(301, "7"), (Some(WebhookFault::Redirected), None));
        assert_eq!(of(410, "7"), (Some(WebhookFault::Gone), None));
        assert_eq!(of(500, "7"), (Some(WebhookFault::Rejected), None));
        assert_eq!(of(429, "7"), (Some(WebhookFault::Rejected), Some(7)));
        assert_eq!(
            of(503, "Fri, 15 Jan 2027 08:01:00 GMT"),
            (Some(WebhookFault::Rejected), Some(60))
        );
        assert_eq!(of(503, "soon"), (Some(WebhookFault::Rejected), None));
        assert_eq!(excerpt("あ".repeat(600).as_bytes()).unwrap().chars().count(), 500);
        assert_eq!(excerpt(b" "), None);
    }
}
