//! What is held on one person: exported, consented to, and erased.
//!
//! Deliberately absent: what organizations and others keep on their own side.

pub mod http;
pub mod store;
pub mod tasks;

use super::{RecordedConsent, Sight, Worker};
use crate::auth::Reach;
use crate::db::{Id, Instant};
use serde::Serialize;
use utoipa::ToSchema;

/// Everything that is held on one person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonalData {
    pub worker: Worker,
    /// Oldest first.
    pub consents: Vec<RecordedConsent>,
    /// What they applied for, oldest first.
    pub applications: Vec<HeldApplication>,
    /// Their login, if they have one.
    pub account: Option<HeldAccount>,
    /// Sessions of the account that are still kept, oldest first.
    pub sessions: Vec<HeldSession>,
    /// Who saw or changed what concerns them, from the audit.
    pub audited: Vec<AuditedSum>,
}

impl PersonalData {
    /// The login is between the person and us; what others know of the same person is not a partner's.
    pub fn shown_to(mut self, reach: &Reach, actor: &str) -> PersonalData {
        if !matches!(reach, Reach::Everything | Reach::Worker(_)) {
            self.account = None;
            self.sessions.clear();
        }
        if matches!(reach, Reach::Partner(_)) {
            self.audited.retain(|sum| sum.actor == actor);
        }
        if matches!(reach, Reach::Partner(_) | Reach::Worker(_)) {
            self.worker = self.worker.shown(Sight::Own);
        }
        self
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct HeldApplication {
    pub id: Id,
    pub deliverable_id: Id,
    #[schema(example = "designer")]
    pub role: String,
    #[schema(example = "accepted")]
    pub status: String,
    #[schema(example = json!(null))]
    pub reason: Option<String>,
    pub message: Option<String>,
    pub note: Option<String>,
    #[schema(example = "worker:0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")]
    pub created_by: String,
    pub created_at: Instant,
    pub updated_at: Instant,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct HeldAccount {
    pub id: Id,
    #[schema(example = "yoko@example.jp")]
    pub email: String,
    #[schema(example = "佐藤 陽子")]
    pub name: String,
    pub created_at: Instant,
    pub last_login_at: Option<Instant>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct HeldSession {
    #[schema(example = "203.0.113.7")]
    pub address: Option<String>,
    #[schema(example = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)")]
    pub user_agent: Option<String>,
    pub created_at: Instant,
    pub last_used_at: Instant,
}

/// What one actor did, summed up.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditedSum {
    #[schema(example = "coordinator:0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")]
    pub actor: String,
    #[schema(example = "personal_data.read")]
    pub action: String,
    #[schema(minimum = 1, example = 3)]
    pub times: i64,
    pub first_at: Instant,
    pub last_at: Instant,
}
