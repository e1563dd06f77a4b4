//! Who may write which work, how milestones are laid out, and how far a project has come.

use super::status::ArtifactStatus;
use super::work::{
    Entry, NewArtifact, NewHours, NewMeeting, NewMilestone, NewNote, NewRisk, Visibility, Work, WorkKind,
};
use super::{Member, NewProject, Project, Seat};
use crate::auth::{access_denied, not_permitted};
use crate::catalogue::calendar;
use crate::catalogue::entries::DeliverableType;
use crate::catalogue::{Format, RealDuration};
use crate::db::Id;
use crate::deliverables::Deliverable;
use crate::error::{Error, FieldError, Result, Text};
use crate::values::Lifecycle;
use chrono::{Days, NaiveDate};

/// Who writes work, in which project.
pub struct Writing<'a> {
    pub project: &'a Project,
    pub members: &'a [Member],
    pub seat: Seat,
    /// The name in the change log.
    pub actor: &'a str,
    /// Whether an own export brings back what was written before.
    pub is_back: bool,
    /// Whether lists tell who is in the team: when they did says nothing about the day on which somebody joined.
    pub external_team: bool,
}

/// What is allowed of each kind of work, beyond what its document says of itself.
pub trait Ruled: Work {
    /// Checks what becomes of an entry, `None` for a new one, and fills in what the writer may leave out.
    fn check(&mut self, before: Option<&Entry<Self>>, writing: &Writing) -> Result<()>;

    /// Checks that an entry may be deleted.
    fn check_deletion(_: &Entry<Self>, _: &Writing) -> Result<()> {
        Ok(())
    }
}

/// How the names of an organization's members begin in `created_by`.
pub const BY_ORGANIZATION: &str = "organization:";

/// Whose an artifact is, to somebody who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The team's, also where an office entered it.
    Team,
    /// What they themselves give to the team for an organization, such as a logo.
    Own,
    /// What somebody else of an organization gives to the team.
    Organization,
}

/// What may be done with an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// Add it, change it, send its file, submit it, or delete it.
    HandIn,
    /// Accept it, or return it with words.
    Answer,
}

impl Seat {
    /// Returns whether somebody in this seat writes work of a kind.
    pub fn writes(self, kind: WorkKind) -> bool {
        use WorkKind::{Artifact, Hours, Meeting, Milestone, Note, Risk};
        match (self, kind) {
            (Seat::Office, _) => true,
            (Seat::Member(_), Milestone | Meeting | Hours | Artifact | Risk | Note) => true,
            (Seat::Organization(_), Meeting | Artifact | Risk | Note) => true,
            (Seat::Organization(_), Milestone | Hours) | (Seat::Former(_) | Seat::Partner, _) => false,
        }
    }

    /// Returns what somebody in this seat does with artifacts. Nobody but an office answers what they may hand in.
    pub fn handles(self, whose: Whose) -> &'static [Handling] {
        use Handling::{Answer, HandIn};
        match (self, whose) {
            (Seat::Office, _) => &[HandIn, Answer],
            (Seat::Member(_), Whose::Team) | (Seat::Organization(_), Whose::Own) => &[HandIn],
            (Seat::Organization(_), Whose::Team) => &[Answer],
            (Seat::Member(_), Whose::Own | Whose::Organization)
            | (Seat::Organization(_), Whose::Organization)
            | (Seat::Former(_) | Seat::Partner, _) => &[],
        }
    }

    /// Returns whether somebody in this seat reads work of a kind at all. A former member reads their hours.
    pub fn reads(self, kind: WorkKind) -> bool {
        match self {
            Seat::Office | Seat::Organization(_) | Seat::Member(_) => true,
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
            (Seat::Member(_) | Seat::Organization(_), WorkKind::Note) => entry.created_by == self.actor,
            _ => true,
        };
        if is_own { Ok(()) } else { Err(access_denied()) }
    }

    /// Returns what the writer does with an artifact, `None` for a new one.
    fn handles(&self, artifact: Option<&Entry<NewArtifact>>) -> &'static [Handling] {
        let creator = artifact.map_or(self.actor, |artifact| &artifact.created_by);
        let whose = match creator.starts_with(BY_ORGANIZATION) {
            false => Whose::Team,
            true if creator == self.actor => Whose::Own,
            true => Whose::Organization,
        };
        self.seat.handles(whose)
    }

    /// Checks who handles an artifact, `None` for a new one.
    pub fn check_handling(&self, handling: Handling, artifact: Option<&Entry<NewArtifact>>) -> Result<()> {
        match self.handles(artifact).contains(&handling) {
            true => Ok(()),
            false => Err(access_denied()),
        }
    }

    fn knows(&self, worker: Id) -> bool {
        self.members.iter().any(|one| one.worker_id == Some(worker))
    }

    /// Returns the day from which a worker may work in the project, if it is known: of several times in the team, that of the
    /// first. Also returns whether it is the day on which they joined.
    fn first_day_of(&self, worker: Option<Id>) -> Option<(NaiveDate, bool)> {
        let of_worker = self.members.iter().filter(|one| one.worker_id == worker);
        let first = of_worker.min_by_key(|one| one.joined_at);
        let joined = first.map(|one| calendar::day_in_tokyo(one.joined_at.utc()));
        // Who came to a team that was complete, or at work, did nothing for it before.
        if first.is_some_and(|one| one.joined_at > self.project.created_at) && !self.external_team {
            return joined.map(|joined| (joined, true));
        }
        // Work may begin before the planned day, once somebody has joined.
        let planned = self.project.plan.starts_on?;
        Some((joined.map_or(planned, |joined| joined.min(planned)), false))
    }
}

/// Checks that the last day of a project isn't before its first, which is the day on which it began if none is planned. What
/// was delivered or has ended stays as it is told.
pub fn check_last_day(project: &Project) -> Result<()> {
    match project.plan.ends_on {
        Some(last) if project.is_under_way() => check_day("/ends_on", last, project.first_day()),
        _ => Ok(()),
    }
}

/// Checks that a day isn't before the first one.
fn check_day(pointer: &str, day: NaiveDate, first: NaiveDate) -> Result<()> {
    if day >= first {
        return Ok(());
    }
    let rule = Text::new(
        format!("プロジェクトの開始日（{first}）以降の日付にしてください。"),
        format!("The project begins on {first}; use that day or a later one."),
    );
    Err(Error::invalid(pointer, "dates_reversed", rule))
}

/// Checks that a day of work isn't before the one on which the worker joined.
fn check_joined(day: NaiveDate, joined: NaiveDate) -> Result<()> {
    if day >= joined {
        return Ok(());
    }
    let rule = Text::new(
        format!("チームに参加した日（{joined}）以降の日付にしてください。"),
        format!("This worker joined the team on {joined}; use that day or a later one."),
    );
    Err(Error::invalid("/worked_on", "dates_reversed", rule))
}

impl Ruled for NewMilestone {
    fn check(&mut self, before: Option<&Entry<Self>>, writing: &Writing) -> Result<()> {
        self.complete(calendar::today());
        // What is done may have begun before the planned day.
        match writing.is_back || before.is_some_and(|before| before.work.due_on == self.due_on) {
            true => Ok(()),
            false => check_day("/due_on", self.due_on, writing.project.first_day()),
        }
    }
}

impl Ruled for NewMeeting {
    fn check(&mut self, before: Option<&Entry<Self>>, writing: &Writing) -> Result<()> {
        let before = before.map(|before| before.work.attendee_ids.as_slice());
        let is_unknown = |id: &&Id| !writing.knows(**id);
        let unseen: Vec<Id> = before
            .unwrap_or_default()
            .iter()
            .filter(is_unknown)
            .copied()
            .collect();
        let mut attendees = self.attendee_ids.iter().enumerate();
        if let Some((i, _)) = attendees.find(|(_, id)| is_unknown(id) && !unseen.contains(id)) {
            return Err(not_a_member(format!("/attendee_ids/{i}")));
        }
        // Who is hidden from the writer still takes part.
        self.attendee_ids.retain(|id| !unseen.contains(id));
        self.attendee_ids.extend(unseen);
        Ok(())
    }
}

impl Ruled for NewHours {
    fn check(&mut self, before: Option<&Entry<Self>>, writing: &Writing) -> Result<()> {
        if let Seat::Member(own) = writing.seat
            && *self.worker_id.get_or_insert(own) != own
        {
            return Err(Error::Invalid(vec![not_permitted("/worker_id")]));
        }
        let is_kept = before.is_some_and(|before| before.work.worked_on == self.worked_on);
        if let Some((first, has_joined)) = writing.first_day_of(self.worker_id)
            && !is_kept
            && !writing.is_back
        {
            match has_joined {
                true => check_joined(self.worked_on, first)?,
                false => check_day("/worked_on", self.worked_on, first)?,
            }
        }
        // Hours of somebody who was erased stay nobody's.
        let erased = writing.is_back || before.is_some_and(|before| before.worker_id.is_none());
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
        let handles = writing.handles(before);
        if handles.is_empty() {
            return Err(access_denied());
        }
        let earlier_work = before.map(|before| before.work.clone()).unwrap_or_default();
        let refused: Vec<FieldError> = self
            .changed(&earlier_work)
            .filter(|(_, handling)| !handles.contains(handling))
            .map(|(pointer, _)| not_permitted(pointer))
            .collect();
        if !refused.is_empty() {
            return Err(Error::Invalid(refused));
        }
        let earlier = earlier_work.status;
        let has_words = self.answer != earlier_work.answer;
        earlier.check_move(self.status)?;
        let is_closed = earlier.is_end() && before.is_some_and(|before| before.work != *self);
        if is_closed {
            return Err(earlier.illegal_move(self.status));
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
        if self.status == ArtifactStatus::Submitted && earlier != self.status && !has_words {
            self.answer = None;
        }
        if self.status == ArtifactStatus::Returned && self.answer.is_none() {
            return Err(missing("/answer"));
        }
        Ok(())
    }

    fn check_deletion(artifact: &Entry<Self>, writing: &Writing) -> Result<()> {
        writing.check_handling(Handling::HandIn, Some(artifact))?;
        match artifact.work.status.is_end() {
            true => Err(accepted_artifact()),
            false => Ok(()),
        }
    }
}

impl NewArtifact {
    /// Returns the properties that a write changes, each with what that does to the artifact.
    fn changed(&self, before: &NewArtifact) -> impl Iterator<Item = (&'static str, Handling)> {
        use Handling::{Answer, HandIn};
        let by_status = if self.status.is_answer() { Answer } else { HandIn };
        let all = [
            ("/title", HandIn, self.title != before.title),
            ("/link", HandIn, self.link != before.link),
            ("/note", HandIn, self.note != before.note),
            ("/status", by_status, self.status != before.status),
            ("/answer", Answer, self.answer != before.answer),
        ];
        all.into_iter()
            .filter_map(|(pointer, handling, is_changed)| is_changed.then_some((pointer, handling)))
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

/// Returns whether the work is done on a day.
fn is_short(format: Option<Format>) -> bool {
    matches!(format, Some(Format::Session | Format::OneDay))
}

/// Returns the last day of a project, as far as it is known. A session or a single day ends on the day on which it begins.
pub fn last_day(plan: &NewProject, format: Option<Format>) -> Option<NaiveDate> {
    plan.ends_on
        .or_else(|| plan.starts_on.filter(|_| is_short(format)))
}

/// Lays out the milestones of a deliverable's project: one for each phase of its type, evenly over the time from the
/// first day to the last. A session or a single day has one. Without a last day, the project takes `usual_days`.
pub fn milestones(
    project: &Project,
    deliverable: &Deliverable,
    kind: &DeliverableType,
    usual_days: u32,
) -> Vec<NewMilestone> {
    let first = project.first_day();
    let format = deliverable.request.format;
    let usual = first + Days::new(u64::from(usual_days).saturating_sub(1));
    let last = last_day(&project.plan, format)
        .filter(|last| *last >= first)
        .unwrap_or(usual);
    let titles: Vec<&str> = match is_short(format) || kind.phases.is_empty() {
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

/// Moves a day from one time of work to another, in proportion. What lies beyond the last day stays as far beyond it.
pub fn in_proportion(
    day: NaiveDate,
    before: (NaiveDate, NaiveDate),
    after: (NaiveDate, NaiveDate),
) -> NaiveDate {
    let days = |(first, last): (NaiveDate, NaiveDate)| last.signed_duration_since(first).num_days().max(0);
    let (length, next_length) = (days(before), days(after));
    let passed = days((before.0, day));
    let within = passed.min(length);
    let moved = match length {
        0 => next_length,
        length => within * next_length / length,
    };
    after
        .0
        .checked_add_signed(chrono::Duration::days(moved + passed - within))
        .unwrap_or(day)
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
    fn days_move_in_proportion() {
        let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
        let time = |first, last| (day(first), day(last));
        let moved = |text, before, after| in_proportion(day(text), before, after).to_string();
        let month = time("2026-10-01", "2026-10-31");
        let cases = [
            // As long as before: everything moves by as many days.
            ("2026-10-16", time("2026-10-08", "2026-11-07"), "2026-10-23"),
            // Twice as long, and half as long.
            ("2026-10-16", time("2026-10-01", "2026-11-30"), "2026-10-31"),
            ("2026-10-31", time("2026-10-01", "2026-11-30"), "2026-11-30"),
            ("2026-10-16", time("2026-10-01", "2026-10-16"), "2026-10-08"),
            // Ten days after the end.
            ("2026-11-10", time("2026-10-01", "2026-11-30"), "2026-12-10"),
            ("2026-10-16", time("2026-12-01", "2026-12-01"), "2026-12-01"),
        ];
        for (text, after, expected) in cases {
            assert_eq!(moved(text, month, after), expected);
        }
        let single = time("2026-10-01", "2026-10-01");
        assert_eq!(moved("2026-10-01", single, month), "2026-10-31");
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
