//! Who may write which work, how milestones are laid out, and how far a project has come.

use super::status::ArtifactStatus;
use super::work::{
    Entry, NewArtifact, NewHours, NewMeeting, NewMilestone, NewNote, NewRisk, Visibility, Work, WorkKind,
};
use super::{Member, Project, Seat};
use crate::auth::{access_denied, not_permitted};
use crate::catalogue::calendar;
use crate::catalogue::entries::DeliverableType;
use crate::catalogue::{Format, RealDuration};
use crate::db::Id;
use crate::deliverables::Deliverable;
use crate::error::{Error, Result, Text};
use crate::values::Lifecycle;
use chrono::{Days, NaiveDate};

/// Who writes work, in which project.
pub struct Writing<'a> {
    pub project: &'a Project,
    pub members: &'a [Member],
    pub seat: Seat,
    /// The name in the change log.
    pub actor: &'a str,
}

/// What is allowed of each kind of work, beyond what its document says of itself.
pub trait Ruled: Work {
    /// Checks what becomes of an entry, `None` for a new one, and fills in what the writer may leave out.
    fn check(&mut self, before: Option<&Entry<Self>>, writing: &Writing) -> Result<()>;

    /// Checks that an entry may be deleted.
    fn check_deletion(&self) -> Result<()> {
        Ok(())
    }
}

impl Seat {
    /// Returns whether somebody in this seat writes work of a kind.
    pub fn writes(self, kind: WorkKind) -> bool {
        use WorkKind::{Artifact, Hours, Meeting, Milestone, Note, Risk};
        match (self, kind) {
            (Seat::Office, _) => true,
            (Seat::Member(_), Milestone | Meeting | Hours | Artifact | Risk | Note) => true,
            (Seat::Organization, Meeting | Artifact | Risk | Note) => true,
            (Seat::Organization, Milestone | Hours) | (Seat::Former(_) | Seat::Partner, _) => false,
        }
    }

    /// Returns whether somebody in this seat reads work of a kind at all. A former member reads their hours.
    pub fn reads(self, kind: WorkKind) -> bool {
        match self {
            Seat::Office | Seat::Organization | Seat::Member(_) => true,
            Seat::Former(_) => kind == WorkKind::Hours,
            Seat::Partner => false,
        }
    }
}

impl Writing<'_> {
    pub fn check(&self, kind: WorkKind) -> Result<()> {
        self.check_seat(kind)?;
        match self.project.is_over() {
            true => Err(project_ended()),
            false => Ok(()),
        }
    }

    /// Checks who writes, in a project of any status.
    pub fn check_seat(&self, kind: WorkKind) -> Result<()> {
        match self.seat.writes(kind) {
            true => Ok(()),
            false => Err(access_denied()),
        }
    }

    /// Checks that an entry may be changed or deleted: hours and notes only by those whose they are.
    pub fn check_owner<T: Work>(&self, entry: &Entry<T>) -> Result<()> {
        let is_own = match (self.seat, T::KIND) {
            (Seat::Member(worker), WorkKind::Hours) => entry.worker_id == Some(worker),
            (Seat::Member(_) | Seat::Organization, WorkKind::Note) => entry.created_by == self.actor,
            _ => true,
        };
        if is_own { Ok(()) } else { Err(access_denied()) }
    }

    fn knows(&self, worker: Id) -> bool {
        self.members.iter().any(|one| one.worker_id == Some(worker))
    }

    /// Checks that a day isn't before the project's first.
    fn check_day(&self, pointer: &str, day: Option<NaiveDate>) -> Result<()> {
        let first = self.project.first_day();
        if day.is_none_or(|day| day >= first) {
            return Ok(());
        }
        let rule = Text::new(
            format!("プロジェクトの開始日（{first}）以降の日付にしてください。"),
            format!("The project begins on {first}; use that day or a later one."),
        );
        Err(Error::invalid(pointer, "dates_reversed", rule))
    }
}

impl Ruled for NewMilestone {
    fn check(&mut self, _: Option<&Entry<Self>>, writing: &Writing) -> Result<()> {
        self.complete(calendar::today());
        // What is done may have begun before the planned day.
        writing.check_day("/due_on", Some(self.due_on))
    }
}

impl Ruled for NewMeeting {
    fn check(&mut self, before: Option<&Entry<Self>>, writing: &Writing) -> Result<()> {
        let kept = |id: &Id| before.is_some_and(|before| before.work.attendee_ids.contains(id));
        let mut attendees = self.attendee_ids.iter().enumerate();
        match attendees.find(|(_, id)| !writing.knows(**id) && !kept(id)) {
            None => Ok(()),
            Some((i, _)) => Err(not_a_member(format!("/attendee_ids/{i}"))),
        }
    }
}

impl Ruled for NewHours {
    fn check(&mut self, before: Option<&Entry<Self>>, writing: &Writing) -> Result<()> {
        if let Seat::Member(own) = writing.seat
            && *self.worker_id.get_or_insert(own) != own
        {
            return Err(Error::Invalid(vec![not_permitted("/worker_id")]));
        }
        // Hours of somebody who was erased stay nobody's.
        let erased = before.is_some_and(|before| before.worker_id.is_none());
        match self.worker_id {
            None if erased => Ok(()),
            Some(worker) if writing.knows(worker) => Ok(()),
            Some(_) => Err(not_a_member("/worker_id".to_owned())),
            None => Err(missing("/worker_id")),
        }
    }
}

impl Ruled for NewArtifact {
    fn check(&mut self, before: Option<&Entry<Self>>, writing: &Writing) -> Result<()> {
        let earlier = before.map_or(ArtifactStatus::Draft, |before| before.work.status);
        earlier.check_move(self.status)?;
        let is_closed = earlier.is_end() && before.is_some_and(|before| before.work != *self);
        if is_closed {
            return Err(earlier.illegal_move(self.status));
        }
        let answer_before = before.and_then(|before| before.work.answer.as_ref());
        let answers = (self.status != earlier && self.status.is_answer()).then_some("/status");
        let words = (self.answer.as_ref() != answer_before).then_some("/answer");
        if let Some(pointer) = answers.or(words)
            && matches!(writing.seat, Seat::Member(_))
        {
            return Err(Error::Invalid(vec![not_permitted(pointer)]));
        }
        let has_content = self.link.is_some() || before.is_some_and(|before| before.file.is_some());
        if self.status != ArtifactStatus::Draft && !has_content {
            let rule = Text::new(
                "提出するには、リンクまたはファイルが必要です。",
                "To submit an artifact, give it a link or send its file.",
            );
            return Err(Error::invalid("/link", "missing_content", rule));
        }
        // What was said of the version before isn't about this one.
        if self.status == ArtifactStatus::Submitted && earlier != self.status && words.is_none() {
            self.answer = None;
        }
        if self.status == ArtifactStatus::Returned && self.answer.is_none() {
            return Err(missing("/answer"));
        }
        Ok(())
    }

    fn check_deletion(&self) -> Result<()> {
        match self.status.is_end() {
            true => Err(accepted_artifact()),
            false => Ok(()),
        }
    }
}

impl Ruled for NewRisk {
    fn check(&mut self, _: Option<&Entry<Self>>, _: &Writing) -> Result<()> {
        Ok(())
    }
}

impl Ruled for NewNote {
    fn check(&mut self, before: Option<&Entry<Self>>, writing: &Writing) -> Result<()> {
        if self.visibility == Visibility::Coordinators && writing.seat != Seat::Office {
            return Err(Error::Invalid(vec![not_permitted("/visibility")]));
        }
        let erased = before.is_some_and(|before| before.work.text.is_none());
        if self.text.is_none() && !erased {
            return Err(missing("/text"));
        }
        Ok(())
    }
}

fn missing(pointer: &str) -> Error {
    let rule = Text::new("この項目は必須です。", "This field is required.");
    Error::invalid(pointer, "missing_field", rule)
}

fn not_a_member(pointer: String) -> Error {
    let rule = Text::new(
        "このワーカーはチームのメンバーではありません。",
        "This worker isn't a member of the team.",
    );
    Error::invalid(pointer, "not_a_member", rule)
}

fn accepted_artifact() -> Error {
    Error::Conflict {
        code: "illegal_transition",
        detail: Text::new(
            "承認された成果物は変更も削除もできません。",
            "An accepted artifact stays as it is: it can't be changed or deleted.",
        ),
    }
}

pub fn project_ended() -> Error {
    Error::Conflict {
        code: "project_ended",
        detail: Text::new(
            "完了または中止したプロジェクトは変更できません。",
            "The project is closed or cancelled, so nothing about it changes any more.",
        ),
    }
}

/// The most entries of a kind in a project.
pub fn most(kind: WorkKind) -> i64 {
    match kind {
        WorkKind::Milestone => 100,
        WorkKind::Meeting | WorkKind::Artifact | WorkKind::Risk | WorkKind::Note => 1000,
        WorkKind::Hours => 10_000,
    }
}

pub fn too_many(kind: WorkKind) -> Error {
    let most = most(kind);
    Error::Conflict {
        code: "too_many_entries",
        detail: Text::new(
            format!("1つのプロジェクトに登録できるのは{most}件までです。"),
            format!("A project can have at most {most} of these."),
        ),
    }
}

/// The most minutes of one person in a day.
pub const MINUTES_OF_DAY: i64 = 24 * 60;

pub fn day_exceeded() -> Error {
    let rule = Text::new(
        "同じ日の合計が24時間を超えています。",
        "The hours of this person add up to more than 24 on this day.",
    );
    Error::invalid("/minutes", "day_exceeded", rule)
}

/// From so many deliveries on, the time that they took counts more than the planned length of their type.
pub const ENOUGH_DELIVERIES: u32 = 5;

/// Returns the median of the days that projects took, and how many projects it is of. Of two in the middle, the shorter.
pub fn real_duration(mut taken: Vec<u32>) -> RealDuration {
    taken.sort_unstable();
    RealDuration {
        median_days: taken.get(taken.len().saturating_sub(1) / 2).copied(),
        deliveries: u32::try_from(taken.len()).unwrap_or(u32::MAX),
    }
}

/// Returns how long projects usually take, if there are enough deliveries.
pub fn usual_days(real: RealDuration) -> Option<u32> {
    real.median_days.filter(|_| real.deliveries >= ENOUGH_DELIVERIES)
}

/// Lays out the milestones of a deliverable's project: one for each phase of its type, evenly over the time from the
/// first day to the last. A session or a single day has one. Without a last day, the project takes as many days as those of
/// the type usually took (`usual_days`), or as the catalogue says.
pub fn milestones(
    deliverable: &Deliverable,
    kind: &DeliverableType,
    usual_days: Option<u32>,
    first: NaiveDate,
) -> Vec<NewMilestone> {
    let usual_days = usual_days.map_or(u64::from(kind.weeks) * 7, u64::from);
    let usual = first + Days::new(usual_days.saturating_sub(1));
    let last = deliverable
        .request
        .ends_on
        .filter(|last| *last >= first)
        .unwrap_or(usual);
    let is_short = matches!(deliverable.request.format, Some(Format::Session | Format::OneDay));
    let titles: Vec<&str> = match is_short || kind.phases.is_empty() {
        true => vec![&kind.names.ja],
        false => kind.phases.iter().map(|phase| phase.ja.as_str()).collect(),
    };
    let span = u64::try_from(last.signed_duration_since(first).num_days()).unwrap_or(0);
    let count = titles.len() as u64;
    let milestone = |(title, number): (&str, u64)| NewMilestone {
        title: title.to_owned(),
        due_on: first + Days::new(span * number / count),
        weight: 1,
        progress: 0,
        done_on: None,
    };
    titles.into_iter().zip(1..).map(milestone).collect()
}

/// Returns the weight of what is done in the weight of all milestones, in whole percent.
pub fn progress<'a>(milestones: impl Iterator<Item = &'a NewMilestone>) -> u8 {
    let (done, all) = milestones.fold((0, 0), |(done, all), one| {
        let weight = u32::from(one.weight);
        (done + weight * u32::from(one.progress), all + weight)
    });
    done.checked_div(all)
        .and_then(|percent| u8::try_from(percent).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_projects_took_counts_from_five_deliveries_on() {
        let usual = |taken: Vec<u32>| usual_days(real_duration(taken));
        assert_eq!([usual(vec![]), usual(vec![30; 4])], [None, None]);
        assert_eq!(usual(vec![90, 10, 30, 20, 400]), Some(30));
        assert_eq!(usual(vec![90, 10, 30, 20, 400, 40]), Some(30));
        let few = real_duration(vec![9, 7]);
        assert_eq!((few.median_days, few.deliveries), (Some(7), 2));
    }

    #[test]
    fn progress_is_weighted_and_rounded_down() {
        let milestone = |weight, progress| NewMilestone {
            title: "x".into(),
            due_on: NaiveDate::default(),
            weight,
            progress,
            done_on: None,
        };
        assert_eq!(progress([].iter()), 0);
        assert_eq!(progress([milestone(1, 100), milestone(2, 0)].iter()), 33);
        assert_eq!(progress([milestone(11, 100), milestone(1, 4)].iter()), 92);
        assert_eq!(progress([milestone(3, 100), milestone(4, 100)].iter()), 100);
    }
}
