//! Sessions of users, the devices that they know, and the throttle that slows down guessing.
//!
//! A session begins with a login and contains every token that was refreshed from it. A device is known to an
//! account once somebody has logged in from it.
//!
//! * `actions`: trying a one-time secret.
//! * `throttle`: how long to wait after failed attempts, by device, by address and by account.
//!
//! Deliberately absent: passwords (`users`) and logging in (`login`).

pub mod actions;
pub mod http;
pub mod store;
pub mod tasks;
pub mod throttle;

use crate::auth::secret;
use crate::db::{Id, Instant};
use crate::error::Result;
use crate::http::client::{network_of, site_of};
use serde::Serialize;
use std::net::IpAddr;
use utoipa::ToSchema;

/// The longest user agent that is stored, in characters.
const MAX_USER_AGENT: usize = 200;

/// Where a login comes from.
#[derive(Debug, Clone)]
pub struct Client {
    pub address: Option<String>,
    pub user_agent: Option<String>,
    network: String,
    site: String,
}

impl Client {
    /// Cuts the user agent to 200 characters.
    pub fn new(address: Option<IpAddr>, user_agent: Option<&str>) -> Client {
        Client {
            network: address.map(network_of).unwrap_or_default(),
            site: address.map(site_of).unwrap_or_default(),
            address: address.map(|address| address.to_string()),
            user_agent: user_agent.map(|text| text.chars().take(MAX_USER_AGENT).collect()),
        }
    }

    /// Returns the network that counts as one: an IPv4 address, or the first half of an IPv6 address, because
    /// whoever has one of these has all addresses that begin with it.
    pub fn network(&self) -> &str {
        &self.network
    }

    /// Returns what one customer of a provider may have in all, see [`site_of`].
    pub fn site(&self) -> &str {
        &self.site
    }
}

/// A login and everything refreshed from it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Session {
    pub id: Id,
    /// Whether this request belongs to the session.
    pub current: bool,
    /// The IP address of the login.
    #[schema(example = "203.0.113.7")]
    pub address: Option<String>,
    #[schema(example = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)")]
    pub user_agent: Option<String>,
    pub created_at: Instant,
    pub last_used_at: Instant,
    pub expires_at: Instant,
}

/// A session in a person's export.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionRecord {
    #[schema(example = "203.0.113.7")]
    pub address: Option<String>,
    #[schema(example = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)")]
    pub user_agent: Option<String>,
    pub created_at: Instant,
    pub last_used_at: Instant,
}

pub fn fresh_refresh_token() -> Result<String> {
    secret::fresh("mrt_")
}

/// The secrets by which accounts recognise a device, newest first: one for each account that somebody has
/// logged in to there.
#[derive(Debug, Clone, Default)]
pub struct Devices(pub Vec<String>);

/// How many accounts may know the same device.
const MAX_ACCOUNTS: usize = 5;

impl Devices {
    /// Reads the value of a cookie.
    pub fn parse(text: &str) -> Devices {
        let secrets = text.split('.').filter(|secret| !secret.is_empty());
        Devices(secrets.take(MAX_ACCOUNTS).map(str::to_owned).collect())
    }

    /// Adds a new secret, and returns it. The oldest one is forgotten.
    pub fn add(&mut self) -> Result<String> {
        let device = secret::fresh("mdv_")?;
        self.0.insert(0, device.clone());
        self.0.truncate(MAX_ACCOUNTS);
        Ok(device)
    }

    pub fn text(&self) -> String {
        self.0.join(".")
    }
}
