//! The shapes of the answers. Scores are parts per million.

use crate::catalogue::Format;
use crate::db::Id;
use crate::deliverables::{Deliverable, DeliverableStatus};
use crate::workers::store::Face;
use matcher::fairness::Order;
use serde::Serialize;
use utoipa::ToSchema;

/// What every ranking tells about how it was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct Head {
    /// The position in the change log that the ranking was computed at.
    #[schema(minimum = 0, example = 1284)]
    pub at_change: i64,
    /// The day in Tokyo that it was computed for.
    pub today: chrono::NaiveDate,
    pub weights: WeightsView,
    /// How fairness adjusted the order; null where it was switched off, and behind the 200 that it adjusts.
    pub fairness: Option<FairnessView>,
    /// How many were looked at: considered = passed + the sum of removed. Null where counts were not asked for.
    #[schema(minimum = 0, example = 300)]
    pub considered: Option<usize>,
    /// How many passed every gate.
    #[schema(minimum = 0, example = 41)]
    pub passed: Option<usize>,
    /// How many each gate removed; whoever fails several counts under the first.
    pub removed: Option<Vec<Removed>>,
}

/// How the order was adjusted.
#[derive(Debug, Serialize, ToSchema)]
pub struct FairnessView {
    /// The order stays the same through a week, named as ISO 8601 does.
    #[schema(example = "2026-W48")]
    pub week: String,
    /// What is left of the adjustment after halving it until the quality holds.
    #[schema(minimum = 0, maximum = 1_000_000, example = 1_000_000)]
    pub strength_ppm: u64,
    /// nDCG@50 against pure fit: 950,000 or more.
    #[schema(minimum = 950_000, maximum = 1_000_000, example = 998_310)]
    pub ndcg_ppm: u64,
}

/// Where an item stands, and where it would by fit alone.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Standing {
    #[schema(minimum = 1, example = 1)]
    pub rank: u64,
    #[schema(minimum = 1, example = 2)]
    pub fit_rank: u64,
    /// The fit after the adjustment for fairness.
    #[schema(minimum = 0, maximum = 1_000_000, example = 861_204)]
    pub adjusted_ppm: u64,
    /// Whether the rank is a place kept for newcomers: those shown fewer than three times.
    pub newcomer: bool,
}

/// The weights used, in parts per million; they add up to 1,000,000.
#[derive(Debug, Serialize, ToSchema)]
pub struct WeightsView {
    /// `default-1`, or `custom`.
    #[schema(example = "default-1")]
    pub version: String,
    #[schema(example = 340_000)]
    pub skill: u64,
    #[schema(example = 120_000)]
    pub experience: u64,
    #[schema(example = 120_000)]
    pub availability: u64,
    #[schema(example = 100_000)]
    pub distance: u64,
    #[schema(example = 100_000)]
    pub theme: u64,
    #[schema(example = 70_000)]
    pub format: u64,
    #[schema(example = 80_000)]
    pub reliability: u64,
    #[schema(example = 40_000)]
    pub responsiveness: u64,
    #[schema(example = 30_000)]
    pub text: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Removed {
    #[schema(example = "format_not_accepted")]
    pub gate: String,
    #[schema(minimum = 1, example = 118)]
    pub count: usize,
}

/// A worker as organizations see them before they know each other.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerBrief {
    pub id: Id,
    #[schema(example = "新宿区のデザイナー")]
    pub alias: String,
    #[schema(example = "131041")]
    pub area: Option<String>,
}

/// A deliverable in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d", "type": "flyer", "format": "one_day",
    "organization_id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3e", "title": "会員募集のチラシ", "area": "131041",
    "status": "open"}))]
pub struct DeliverableBrief {
    pub id: Id,
    pub organization_id: Id,
    #[schema(example = "会員募集のチラシ")]
    pub title: String,
    #[serde(rename = "type")]
    #[schema(example = "flyer")]
    pub type_: String,
    pub format: Format,
    #[schema(example = "131041")]
    pub area: Option<String>,
    pub status: DeliverableStatus,
}

impl WorkerBrief {
    pub fn of(id: Id, face: &Face) -> WorkerBrief {
        WorkerBrief {
            id,
            alias: face.alias.clone(),
            area: face.area.clone(),
        }
    }
}

impl DeliverableBrief {
    pub fn of(deliverable: &Deliverable) -> DeliverableBrief {
        let request = &deliverable.request;
        DeliverableBrief {
            id: deliverable.id,
            organization_id: request.organization_id,
            title: request.title.clone(),
            type_: request.type_.clone(),
            format: deliverable.format(),
            area: request.area.clone(),
            status: request.status,
        }
    }
}

/// How well one worker fits one need in one role.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explained {
    /// Code of the role.
    #[schema(example = "designer")]
    pub role: String,
    /// 1 / (0.6 / organization side + 0.4 / worker side).
    #[schema(minimum = 0, maximum = 1_000_000, example = 861_204)]
    pub fit_ppm: u64,
    /// How well the worker serves the organization; null where no component of this side has weight.
    #[schema(minimum = 0, maximum = 1_000_000, example = 880_112)]
    pub organization_side_ppm: Option<u64>,
    /// How welcome the work is to the worker; null where no component of this side has weight.
    #[schema(minimum = 0, maximum = 1_000_000, example = 834_507)]
    pub worker_side_ppm: Option<u64>,
    /// The weight of what was known; the rest was imputed.
    #[schema(minimum = 0, maximum = 1_000_000, example = 930_000)]
    pub completeness_ppm: u64,
    /// Gates that were passed without an answer: format, hours, day_parts, travel, remote, role, skill.
    #[schema(example = json!(["travel"]))]
    pub unconfirmed: Vec<String>,
    /// The contributions add up to the fit exactly.
    pub components: Vec<ComponentView>,
    /// The smallest single change that would raise the rank; null at the top, or where none would.
    pub improvement: Option<ImprovementView>,
}

/// One component of the fit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"name": "skill", "value_ppm": 912_000, "weight_ppm": 340_000, "contribution_ppm": 251_377,
    "known": true, "because": "グラフィックデザイン 4(必要 3)", "inputs": {"wishes": [{"skill": "graphic_design",
    "required": 3, "weight": 3, "must_have": true, "held": "graphic_design", "level": 4, "quality_ppm": 1_000_000}]}}))]
pub struct ComponentView {
    /// skill, experience, availability, distance, theme, format, reliability, responsiveness or text.
    pub name: String,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub value_ppm: u64,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub weight_ppm: u64,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub contribution_ppm: u64,
    /// False where the population's median or mean stood in for something not known.
    pub known: bool,
    /// The raw inputs. skill: wishes (skill, required level, weight, must_have, the skill and level that earned
    /// most, quality_ppm); experience: deliveries; availability: hours_offered, hours_needed, day_parts_needed,
    /// day_parts_shared; distance: metres, both_remote; theme: asked, shared; format: accepted, preferred;
    /// reliability: completed, dropped; responsiveness: days_since_active; text: best_piece (from 0), pieces. What
    /// is not known is null.
    #[schema(value_type = Object)]
    pub inputs: serde_json::Value,
    /// In words, by Accept-Language.
    pub because: String,
}

/// A change of one input.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"change": "skill_level", "details": {"skill": "copywriting", "to": 3}, "fit_ppm": 874_310,
    "because": "コピーライティングが3になれば順位が上がります。"}))]
pub struct ImprovementView {
    /// skill_level, deliveries, hours_per_week, day_part, accept_remote, theme, prefer_format, active_today or
    /// completed.
    pub change: String,
    /// What it would be changed to, or by how much.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
    /// The fit that it would give.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub fit_ppm: u64,
    /// In words, by Accept-Language.
    pub because: String,
}

/// A worker at their rank.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerMatch {
    #[serde(flatten)]
    pub standing: Standing,
    pub worker: WorkerBrief,
    #[serde(flatten)]
    pub explained: Explained,
}

/// Workers ranked for a deliverable.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerRanking {
    /// Null for a need that is not saved.
    pub deliverable: Option<DeliverableBrief>,
    #[serde(flatten)]
    pub head: Head,
    pub items: Vec<WorkerMatch>,
    /// To be given as `cursor` for the next page; null on the last.
    pub next: Option<String>,
    #[serde(skip)]
    pub order: Option<Order>,
}

/// A deliverable at its rank.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliverableMatch {
    #[serde(flatten)]
    pub standing: Standing,
    pub deliverable: DeliverableBrief,
    /// How many have applied for it.
    #[schema(minimum = 0, example = 0)]
    pub answers: u32,
    #[serde(flatten)]
    pub explained: Explained,
}

/// Open deliverables ranked for a worker.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliverableRanking {
    pub worker: WorkerBrief,
    #[serde(flatten)]
    pub head: Head,
    pub items: Vec<DeliverableMatch>,
    /// To be given as `cursor` for the next page; null on the last.
    pub next: Option<String>,
    #[serde(skip)]
    pub order: Option<Order>,
}

/// Why a worker is ranked where they are, or why not.
#[derive(Debug, Serialize, ToSchema)]
pub struct Why {
    pub deliverable: DeliverableBrief,
    pub worker: WorkerBrief,
    #[serde(flatten)]
    pub head: Head,
    /// Whether the worker is ranked.
    pub is_ranked: bool,
    /// The rank by fit among those who passed; had they passed, where a gate failed.
    #[schema(minimum = 1, example = 7)]
    pub rank: u64,
    /// Every gate that failed.
    pub failed: Vec<FailedGate>,
    #[serde(flatten)]
    pub explained: Explained,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FailedGate {
    #[schema(example = "too_far")]
    pub gate: String,
    /// In words, by Accept-Language.
    #[schema(example = "移動できる距離を超えています。")]
    pub because: String,
}

/// What a worker could change to pass, or to reach a rank.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangesView {
    pub deliverable: DeliverableBrief,
    pub worker: WorkerBrief,
    /// The position in the change log that this was computed at.
    #[schema(minimum = 0, example = 1284)]
    pub at_change: i64,
    /// Whether the worker is ranked now.
    pub is_ranked: bool,
    /// The rank by fit now; had they passed, where a gate fails.
    #[schema(minimum = 1, example = 7)]
    pub rank: u64,
    /// The rank to reach; null where passing is enough.
    #[schema(minimum = 1, example = 6)]
    pub target_rank: Option<u64>,
    /// Every gate that fails now.
    pub failed: Vec<FailedGate>,
    /// The smallest change of each input that is enough by itself, the least demanding first. Empty where no single
    /// one is, and where the rank is reached already.
    pub items: Vec<SuggestionView>,
}

/// A single change, and the rank that it was found to give.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"change": "skill_level", "details": {"skill": "copywriting", "to": 3}, "role": "copywriter",
    "fit_ppm": 874_310, "rank": 6, "because": "コピーライティングが3になれば6位になります。"}))]
pub struct SuggestionView {
    /// skill_level, deliveries, hours_per_week, day_part, accept_remote, theme, prefer_format, active_today, completed,
    /// activate, consent, accept_format, offer_role, available_from, available_until, travel_limit_km, capacity or
    /// qualification.
    pub change: String,
    /// What it would be changed to, or by how much.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
    /// Code of the role in which the worker would fit best.
    pub role: String,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub fit_ppm: u64,
    /// By fit.
    #[schema(minimum = 1)]
    pub rank: u64,
    /// In words, by Accept-Language.
    pub because: String,
}

/// What keeps workers from a deliverable, and what easing it would bring.
#[derive(Debug, Serialize, ToSchema)]
pub struct EasingsView {
    pub deliverable: DeliverableBrief,
    /// The position in the change log that this was computed at.
    #[schema(minimum = 0, example = 1284)]
    pub at_change: i64,
    #[schema(minimum = 0, example = 300)]
    pub considered: usize,
    #[schema(minimum = 0, example = 41)]
    pub passed: usize,
    /// What costs most comes first.
    pub gates: Vec<GateView>,
    /// Single easings that let more workers pass, those that bring most first.
    pub items: Vec<EasingView>,
}

/// What a gate costs.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateView {
    #[schema(example = "too_far")]
    pub gate: String,
    /// In words, by Accept-Language.
    #[schema(example = "移動できる距離を超えています。")]
    pub because: String,
    /// How many it removes; whoever fails several counts under the first.
    #[schema(minimum = 0, example = 37)]
    pub removed: usize,
    /// How many nothing else keeps out.
    #[schema(minimum = 0, example = 12)]
    pub would_pass: usize,
}

/// A demand eased.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"easing": "accept_remote", "details": {}, "passed": 58, "more": 17,
    "because": "リモートも可とすれば58人(あと17人)になります。"}))]
pub struct EasingView {
    /// accept_remote, format, any_dates, any_day_parts, no_qualification, must_have_level or not_must_have.
    pub easing: String,
    /// What it would be changed to.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
    /// How many would pass then, counted anew.
    #[schema(minimum = 0)]
    pub passed: usize,
    /// How many more that is.
    #[schema(minimum = 1)]
    pub more: usize,
    /// In words, by Accept-Language.
    pub because: String,
}
