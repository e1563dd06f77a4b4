//! The response bodies. Scores are parts per million.

use super::codes::{Change, ChangeDetails, Component, Gate, RelaxedRequirement, Unconfirmed};
use super::inputs::ComponentInputs;
use crate::applications::responses::Responses;
use crate::applications::{Application, ApplicationDirection, ApplicationStatus};
use crate::catalogue::Format;
use crate::db::Id;
use crate::deliverables::{Deliverable, DeliverableStatus, NewDeliverable, OpenPlaces};
use crate::exposures::RankSwap;
use crate::http::page::Included;
use crate::http::{Discloses, Patch};
use crate::values::{AreaCode, Code};
use crate::weights::ComponentWeights;
use serde::Serialize;
use utoipa::{PartialSchema, ToSchema};

/// How a ranking was computed.
#[derive(Debug, Serialize, ToSchema)]
pub struct RankingSummary {
    /// The number of the latest change that the ranking includes.
    #[schema(minimum = 0, example = 1284)]
    pub at_change: i64,
    /// The day in Tokyo for which the ranking was computed.
    pub as_of: chrono::NaiveDate,
    pub weights: AppliedWeights,
    /// How fairness adjusted the order. Null where fairness is off, and after the best 200, which are all it
    /// adjusts.
    pub fairness: Option<FairnessAdjustment>,
    /// `passed` plus the counts of `removed`. Null if you set `counts` to false.
    #[schema(minimum = 0, example = 300)]
    pub considered: Option<usize>,
    /// How many passed every gate. Null if you set `counts` to false.
    #[schema(minimum = 0, example = 41)]
    pub passed: Option<usize>,
    /// How many each gate removed. If several gates fail, only the first counts. Null if you set `counts` to
    /// false.
    pub removed: Option<Vec<GateCount>>,
}

/// How fairness adjusted the order.
#[derive(Debug, Serialize, ToSchema)]
pub struct FairnessAdjustment {
    /// The ISO 8601 week. The order stays the same for a whole week.
    #[schema(example = "2026-W48")]
    pub week: String,
    /// The strength of the adjustment. It is halved until `ndcg_ppm` reaches 950,000.
    #[schema(minimum = 0, maximum = 1_000_000, example = 1_000_000)]
    pub strength_ppm: u64,
    /// The order's quality: nDCG@50 against the order by fit alone.
    #[schema(minimum = 950_000, maximum = 1_000_000, example = 998_310)]
    pub ndcg_ppm: u64,
}

/// An item's rank, and its rank by fit alone.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct RankPosition {
    #[schema(minimum = 1, example = 1)]
    pub rank: u64,
    /// The rank by fit alone: a worker's among all who pass for the same role, a deliverable's among all.
    #[schema(minimum = 1, example = 2)]
    pub fit_rank: u64,
    /// The fit after the adjustment for fairness.
    #[schema(minimum = 0, maximum = 1_000_000, example = 861_204)]
    pub adjusted_ppm: u64,
    /// Whether this is one of the two places of each role for newcomers: workers shown fewer than three times.
    pub newcomer: bool,
    /// The draw that decided about the rank: neighbours who fit nearly equally change places at random, so that weights can be
    /// tuned. Null where there was none.
    pub swap: Option<RankSwap>,
}

/// The weights used, in parts per million. They add up to 1,000,000.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppliedWeights {
    #[serde(flatten)]
    pub given: ComponentWeights,
    /// How much each component moves the fit where all values are equal. For the default weights this is the same. Your
    /// own weights may differ, because the organization's side always counts 0.6 and the worker's side 0.4.
    pub effective: ComponentWeights,
    /// That of `GET /v1/weights`, followed by `-without-text` for callers who may not read everyone's evidence; `custom` for
    /// weights of your request.
    #[schema(example = "default-1")]
    pub version: String,
}

/// How many a gate removed.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateCount {
    #[schema(example = "format_not_accepted")]
    pub gate: Gate,
    #[schema(minimum = 1, example = 118)]
    pub count: usize,
}

/// What an organization sees of a worker before they are introduced.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerBrief {
    pub id: Id,
    /// What to call the worker in a list, by Accept-Language: the role in which they are ranked, their alias where it says
    /// more, and letters of their own. No two workers of a list have the same.
    #[schema(example = "コピーライター（新宿区のデザイナー） K7Q2-MX4T")]
    pub name: String,
    /// In the language of `Accept-Language` if it is composed of area and role. Others may have the same alias.
    #[schema(example = "新宿区のデザイナー")]
    pub alias: String,
    #[schema(example = "131041", value_type = Option<AreaCode>)]
    pub area: Option<String>,
}

/// The main facts of a deliverable.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d", "type": "flyer", "format": "one_day",
    "organization_id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3e", "title": "会員募集のチラシ", "area": "131041",
    "status": "open", "open_places": [{"role": "designer", "places": 2, "left": 1}]}))]
pub struct DeliverableBrief {
    pub id: Id,
    pub organization_id: Id,
    #[schema(example = "会員募集のチラシ")]
    pub title: String,
    #[serde(rename = "type")]
    #[schema(example = "flyer")]
    pub type_: Code,
    pub format: Format,
    pub area: Option<AreaCode>,
    pub status: DeliverableStatus,
    /// The places of each role, and how many are left.
    pub open_places: Vec<OpenPlaces>,
}

/// The latest application of a worker for a deliverable.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatchApplication {
    pub id: Id,
    /// Code of the role that it is for.
    pub role: Code,
    /// Who began it.
    pub direction: ApplicationDirection,
    /// Agreed: the worker is on the team. Offered: a place is held for the worker.
    pub status: ApplicationStatus,
}

impl From<&Application> for MatchApplication {
    fn from(application: &Application) -> MatchApplication {
        MatchApplication {
            id: application.id,
            role: application.role.clone(),
            direction: application.direction,
            status: application.outcome.status,
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
            open_places: deliverable.open_places.clone(),
        }
    }
}

/// How well one worker fits one need in one role.
#[derive(Debug, Serialize, ToSchema)]
pub struct FitExplanation {
    /// Code of the role.
    #[schema(example = "designer")]
    pub role: Code,
    /// 1 / (0.6 / `organization_side_ppm` + 0.4 / `worker_side_ppm`). Where the value a of availability is below 0.25, this
    /// times 0.5 + 2a.
    #[schema(minimum = 0, maximum = 1_000_000, example = 861_204)]
    pub fit_ppm: u64,
    /// How well the worker suits the organization. Null where no component of this side has weight.
    #[schema(minimum = 0, maximum = 1_000_000, example = 880_112)]
    pub organization_side_ppm: Option<u64>,
    /// How well the work suits the worker. Null where no component of this side has weight.
    #[schema(minimum = 0, maximum = 1_000_000, example = 834_507)]
    pub worker_side_ppm: Option<u64>,
    /// The total weight of the components whose inputs are all known. The others use typical values.
    #[schema(minimum = 0, maximum = 1_000_000, example = 930_000)]
    pub completeness_ppm: u64,
    /// Gates passed because the worker has not answered.
    #[schema(example = json!(["travel"]))]
    pub unconfirmed: Vec<Unconfirmed>,
    /// The other roles with an open place for which the worker passes every gate, the best first.
    pub other_roles: Vec<RoleFit>,
    /// The contributions add up to `fit_ppm` exactly.
    pub components: Vec<ComponentScore>,
    /// The smallest single change that would raise the rank. Null at the top, or if no single change would.
    pub improvement: Option<Improvement>,
}

/// How well a worker fits in another role.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleFit {
    #[schema(example = "copywriter")]
    pub role: Code,
    #[schema(minimum = 0, maximum = 1_000_000, example = 702_118)]
    pub fit_ppm: u64,
}

/// Whose side a component is on.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// How well the worker suits the organization.
    Organization,
    /// How well the work suits the worker.
    Worker,
    Both,
}

/// One component of the fit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"name": "skill", "side": "organization", "value_ppm": 912_000, "weight_ppm": 340_000,
    "contribution_ppm": 251_377, "known": true, "because": "グラフィックデザイン レベル4（必要3）", "inputs": {"wishes": [
    {"skill": "graphic_design", "required_level": 3, "weight": 3, "must_have": true,
    "held_skill": "graphic_design", "held_level": 4, "quality_ppm": 1_000_000}]}}))]
pub struct ComponentScore {
    /// `text` is left out where it has no weight.
    pub name: Component,
    pub side: Side,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub value_ppm: u64,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub weight_ppm: u64,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub contribution_ppm: u64,
    /// False if an input is unknown that the value depends on. A median or mean of all workers replaces it; nothing replaces
    /// unknown evidence.
    pub known: bool,
    pub inputs: ComponentInputs,
    /// The reason in words, by Accept-Language.
    pub because: String,
}

/// A change of one input that would raise the rank.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"change": "skill_level", "details": {"skill": "copywriting", "to": 3},
    "fit_ppm": 874_310, "because": "コピーライティングがレベル3になると、順位が上がります。"}))]
pub struct Improvement {
    pub change: Change,
    /// What the input changes to, or by how much.
    pub details: ChangeDetails,
    /// The fit after the change.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub fit_ppm: u64,
    /// The reason in words, by Accept-Language.
    pub because: String,
}

/// What helps somebody to join a team at work.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::IntoStaticStr, strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum JoiningReason {
    /// The worker names a theme of the request.
    KnowsTheme,
    /// The worker is free at the time of every meeting ahead.
    FreeAtMeetings,
}

/// What speaks for a worker in the place of a member who left. It doesn't change the fit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"reasons": ["knows_theme", "free_at_meetings"], "shared_themes": ["dementia"], "meetings_ahead": 3,
    "free_at": 3, "because": "テーマ（認知症）に関心があります。予定されている打ち合わせ3回すべての曜日・時間帯に参加できます。"}))]
pub struct Joining {
    pub reasons: Vec<JoiningReason>,
    /// Codes of the request's themes that the worker names.
    pub shared_themes: Vec<Code>,
    /// The meetings of the project from now on: the next 20 at most.
    #[schema(minimum = 0, maximum = 20)]
    pub meetings_ahead: usize,
    /// At how many of them the worker is free, by day and part. Null if they haven't said when they are free.
    #[schema(minimum = 0, maximum = 20)]
    pub free_at: Option<usize>,
    /// In words, by Accept-Language. Empty without a reason.
    pub because: String,
}

/// A ranked worker.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerMatch {
    #[serde(flatten)]
    pub position: RankPosition,
    pub worker: WorkerBrief,
    /// The worker's latest application for the deliverable. Null: none, or a need that is not saved.
    pub application: Option<MatchApplication>,
    /// What speaks for this worker in the place of a member who left. Null unless the work is under way.
    pub joining: Option<Joining>,
    #[serde(flatten)]
    pub explanation: FitExplanation,
}

/// A member of a team.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamMember {
    /// Null after the worker is erased.
    pub worker: Option<WorkerBrief>,
    pub application: MatchApplication,
}

/// Workers ranked for the places of a deliverable that are left.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerRanking {
    /// Null for a need that is not saved.
    pub deliverable: Option<DeliverableBrief>,
    /// Who has a place in the team. They are not ranked; those who would pass count as removed by the gate `on_team`.
    pub team: Vec<TeamMember>,
    #[serde(flatten)]
    pub summary: RankingSummary,
    /// How many passed every gate of each role that is ranked. Somebody may pass for several. Null if you set `counts` to
    /// false.
    pub passed_by_role: Option<Vec<RolePassed>>,
    pub items: Vec<WorkerMatch>,
    /// The `cursor` of the next page. Null on the last page.
    pub next: Option<String>,
    /// What you asked for with the parameter `include`. Null if you didn't.
    pub included: Option<Included>,
}

impl Discloses for WorkerRanking {
    fn people(&self) -> Vec<Id> {
        self.included.iter().flat_map(Included::people).collect()
    }
}

/// How many passed for a role.
#[derive(Debug, Serialize, ToSchema)]
pub struct RolePassed {
    #[schema(example = "designer")]
    pub role: Code,
    #[schema(minimum = 0, example = 28)]
    pub passed: usize,
}

/// What should make a worker think before they apply.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::IntoStaticStr, strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ResponseWarning {
    /// Three or more applications came within 365 days, and none was answered.
    NeverAnswers,
}

/// How fast the organization answers, whether by itself or through a coordinator.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrganizationResponse {
    #[serde(flatten)]
    pub responses: Responses,
    /// Null: nothing speaks against applying.
    pub warning: Option<ResponseWarning>,
    /// The reason in words, by Accept-Language.
    #[schema(example = "この1年の応募12件のうち11件に回答しています。回答までの日数の中央値は3日です。")]
    pub because: String,
}

/// A ranked deliverable.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliverableMatch {
    #[serde(flatten)]
    pub position: RankPosition,
    pub deliverable: DeliverableBrief,
    /// How many applications the deliverable has received.
    #[schema(minimum = 0, example = 0)]
    pub applications_received: u32,
    /// The share of places that is expected to stay open: what is left, less what applications that wait for an answer will
    /// take, each as often as applications for its role end in a place.
    #[schema(minimum = 0, maximum = 1_000_000, example = 750_000)]
    pub open_share_ppm: u64,
    /// How fast the organization that leads the request answers applications. It doesn't change the rank.
    pub organization_response: OrganizationResponse,
    /// The worker's latest application for the deliverable. Deliverables in whose team they are are left out.
    pub application: Option<MatchApplication>,
    #[serde(flatten)]
    pub explanation: FitExplanation,
}

/// Open deliverables ranked for a worker.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliverableRanking {
    pub worker: WorkerBrief,
    #[serde(flatten)]
    pub summary: RankingSummary,
    pub items: Vec<DeliverableMatch>,
    /// The `cursor` of the next page. Null on the last page.
    pub next: Option<String>,
    /// What you asked for with the parameter `include`. Null if you didn't.
    pub included: Option<Included>,
}

impl Discloses for DeliverableRanking {
    fn people(&self) -> Vec<Id> {
        self.included.iter().flat_map(Included::people).collect()
    }
}

/// Why a worker has this rank, or why the worker is not ranked.
#[derive(Debug, Serialize, ToSchema)]
pub struct MatchExplanation {
    /// Null for a need that is not saved.
    pub deliverable: Option<DeliverableBrief>,
    pub worker: WorkerBrief,
    /// The worker's latest application for the deliverable.
    pub application: Option<MatchApplication>,
    #[serde(flatten)]
    pub summary: RankingSummary,
    /// Whether the worker passes every gate, isn't on the team, and a place is left.
    pub is_ranked: bool,
    /// The rank by fit among all who pass for the same role. If a gate failed, the rank that the worker would have without
    /// that gate.
    #[schema(minimum = 1, example = 7)]
    pub rank: u64,
    /// Every gate that failed.
    pub failed_gates: Vec<FailedGate>,
    #[serde(flatten)]
    pub explanation: FitExplanation,
}

/// A gate that a worker fails.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailedGate {
    #[schema(example = "too_far")]
    pub gate: Gate,
    /// The reason in words, by Accept-Language.
    #[schema(example = "移動できる距離を超えています。")]
    pub because: String,
}

/// Single changes that would let a worker pass every gate, or reach a rank.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImprovementList {
    /// Null for a need that is not saved.
    pub deliverable: Option<DeliverableBrief>,
    pub worker: WorkerBrief,
    /// The number of the latest change that the answer includes.
    #[schema(minimum = 0, example = 1284)]
    pub at_change: i64,
    /// Whether the worker passes every gate now.
    pub is_ranked: bool,
    /// The rank by fit now, among all who pass for the same role. If a gate fails, the rank that the worker would have without that gate.
    #[schema(minimum = 1, example = 7)]
    pub rank: u64,
    /// The rank to reach. Null if the aim is to pass every gate.
    #[schema(minimum = 1, example = 6)]
    pub target_rank: Option<u64>,
    /// Every gate that fails now.
    pub failed_gates: Vec<FailedGate>,
    /// For each input the smallest change that is enough alone, the least demanding first. Empty if no single
    /// change is enough, or if the rank is reached already.
    pub items: Vec<RankedImprovement>,
}

/// A single change, and the rank that it would give.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"change": "skill_level", "details": {"skill": "copywriting", "to": 3},
    "role": "copywriter", "fit_ppm": 874_310, "rank": 6, "because": "コピーライティングがレベル3になると、6位になります。"}))]
pub struct RankedImprovement {
    pub change: Change,
    /// What the input changes to, or by how much.
    pub details: ChangeDetails,
    /// Code of the role in which the worker would then be listed.
    pub role: Code,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub fit_ppm: u64,
    /// The rank by fit in that role after the change.
    #[schema(minimum = 1)]
    pub rank: u64,
    /// The reason in words, by Accept-Language.
    pub because: String,
}

/// Which gates keep workers from a deliverable, and what relaxing a requirement would change.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelaxationList {
    /// Null for a need that is not saved.
    pub deliverable: Option<DeliverableBrief>,
    /// The number of the latest change that the answer includes.
    #[schema(minimum = 0, example = 1284)]
    pub at_change: i64,
    #[schema(minimum = 0, example = 300)]
    pub considered: usize,
    #[schema(minimum = 0, example = 41)]
    pub passed: usize,
    /// The gates, the one with the largest effect first.
    pub gates: Vec<GateImpact>,
    /// Single relaxations that would let more workers pass, the most effective first.
    pub items: Vec<Relaxation>,
}

/// How many workers a gate keeps from a deliverable.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateImpact {
    #[schema(example = "too_far")]
    pub gate: Gate,
    /// The reason in words, by Accept-Language.
    #[schema(example = "移動できる距離を超えています。")]
    pub because: String,
    /// How many workers the gate removes. If several gates fail, only the first counts.
    #[schema(minimum = 0, example = 37)]
    pub removed: usize,
    /// How many workers fail this gate only, and would pass without it.
    #[schema(minimum = 0, example = 12)]
    pub would_pass: usize,
}

/// A requirement relaxed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"relaxation": "accept_remote", "details": {}, "patch": {"remote": true}, "passed": 58, "additional_passed": 17,
    "because": "リモートも可にすると、条件に合う人は58人（17人増）になります。"}))]
pub struct Relaxation {
    pub relaxation: RelaxedRequirement,
    /// What the requirement changes to.
    pub details: ChangeDetails,
    /// The JSON Merge Patch of the deliverable, or of the `need` of a preview, that makes this change.
    #[schema(schema_with = Patch::<NewDeliverable>::schema)]
    pub patch: serde_json::Value,
    /// How many workers would pass.
    #[schema(minimum = 0)]
    pub passed: usize,
    /// How many more workers would pass than now.
    #[schema(minimum = 1)]
    pub additional_passed: usize,
    /// The reason in words, by Accept-Language.
    pub because: String,
}
