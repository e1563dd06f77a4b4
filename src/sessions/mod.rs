//! Sessions of users, and the throttle that slows down guessing.
//!
//! A session begins with a login and contains every token that was refreshed from it.
//!
//! * `throttle`: how long to wait after failed attempts, by account and by address.
//!
//! Deliberately absent: passwords (`users`) and logging in (`login`).

pub mod http;
pub mod store;
pub mod tasks;
pub mod throttle;

use crate::auth::secret;
use crate::db::{Id, Instant};
use crate::error::Result;
use serde::Serialize;
use std::net::IpAddr;
use throttle::Throttle;
use utoipa::ToSchema;

/// The longest user agent that is stored, in characters.
const MAX_USER_AGENT: usize = 200;

/// Where a login comes from.
#[derive(Debug, Clone)]
pub struct Client {
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

impl Client {
    /// Cuts the user agent to 200 characters.
    pub fn new(address: Option<IpAddr>, user_agent: Option<&str>) -> Client {
        Client {
            address: address.map(|address| address.to_string()),
            user_agent: user_agent.map(|text| text.chars().take(MAX_USER_AGENT).collect()),
        }
    }

    /// Returns what counts failed attempts from this address.
    pub fn throttle(&self) -> Option<Throttle> {
        self.address.as_deref().map(Throttle::address)
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
