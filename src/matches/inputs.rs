//! The raw inputs of each component. Unknown inputs are null.

use crate::values::Code;
use serde::Serialize;
use utoipa::ToSchema;

/// The raw inputs of a component. Each component has its own members.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ComponentInputs {
    Skill(SkillInputs),
    Experience(ExperienceInputs),
    Availability(AvailabilityInputs),
    Distance(DistanceInputs),
    Theme(ThemeInputs),
    Format(FormatInputs),
    Reliability(ReliabilityInputs),
    Responsiveness(ResponsivenessInputs),
    Text(TextInputs),
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SkillInputs {
    pub wishes: Vec<CreditedWish>,
}

/// A skill that the request asks for, and the worker's skill that earned the most credit for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreditedWish {
    #[schema(required = true)]
    pub skill: Option<Code>,
    #[schema(minimum = 1, maximum = 5)]
    pub required_level: u8,
    #[schema(minimum = 1)]
    pub weight: u8,
    pub must_have: bool,
    #[schema(required = true)]
    pub held_skill: Option<Code>,
    #[schema(required = true, minimum = 1, maximum = 5)]
    pub held_level: Option<u8>,
    #[schema(required = true, minimum = 0, maximum = 1_000_000)]
    pub quality_ppm: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ExperienceInputs {
    /// Deliveries of the same family or in the same role: those here, and those that a roster states.
    #[schema(required = true, minimum = 0)]
    pub deliveries: Option<u64>,
    #[schema(minimum = 0)]
    pub deliveries_here: u64,
    #[schema(required = true, minimum = 0)]
    pub deliveries_by_roster: Option<u64>,
    /// Whole hours that were logged here in the same family or role.
    #[schema(minimum = 0)]
    pub hours_here: u64,
    /// How many of the deliveries here count twice because of these hours: one for each 40.
    #[schema(minimum = 0)]
    pub deliveries_counted_twice: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AvailabilityInputs {
    #[schema(required = true, minimum = 0)]
    pub hours_offered: Option<u16>,
    #[schema(minimum = 0)]
    pub hours_needed: u16,
    #[schema(minimum = 0, maximum = 21)]
    pub day_parts_needed: u32,
    #[schema(required = true, minimum = 0, maximum = 21)]
    pub day_parts_shared: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DistanceInputs {
    #[schema(required = true, minimum = 0)]
    pub metres: Option<u32>,
    #[schema(required = true)]
    pub both_remote: Option<bool>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ThemeInputs {
    pub requested: Vec<Code>,
    #[schema(required = true)]
    pub shared: Option<Vec<Code>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FormatInputs {
    #[schema(required = true)]
    pub accepted: Option<bool>,
    #[schema(required = true)]
    pub preferred: Option<bool>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ReliabilityInputs {
    /// Completed projects: those here, and those that a roster states. The same holds for `dropped`.
    #[schema(required = true, minimum = 0)]
    pub completed: Option<u16>,
    #[schema(required = true, minimum = 0)]
    pub dropped: Option<u16>,
    pub completed_here: u16,
    pub dropped_here: u16,
    #[schema(required = true, minimum = 0)]
    pub completed_by_roster: Option<u16>,
    #[schema(required = true, minimum = 0)]
    pub dropped_by_roster: Option<u16>,
    /// Reviews by organizations that both sides see.
    #[schema(minimum = 0)]
    pub reviews_here: u16,
    /// What good reviews count as completed, in eighths of a project.
    #[schema(minimum = 0)]
    pub praise_eighths: u16,
    /// What bad reviews count as dropped, in eighths of a project.
    #[schema(minimum = 0)]
    pub criticism_eighths: u16,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ResponsivenessInputs {
    #[schema(required = true, minimum = 0)]
    pub days_since_active: Option<i32>,
    /// Days since the worker last applied, answered or withdrew here. Null: never.
    #[schema(required = true, minimum = 0)]
    pub days_since_answer_here: Option<i32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TextInputs {
    /// The position, from 0, of the piece of evidence that matches best.
    #[schema(required = true, minimum = 0)]
    pub best_evidence: Option<usize>,
    #[schema(minimum = 0)]
    pub evidence_count: usize,
    /// The words that it shares with the request.
    #[schema(required = true)]
    pub words: Option<Vec<String>>,
}
