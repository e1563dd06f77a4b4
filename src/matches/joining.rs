//! What speaks for a worker in the place of a member who left a team at work: they know the theme, and they are free when the
//! team meets.
//!
//! Neither changes the fit: themes and day-parts of the request count there already, and meetings come and go.

use super::explainer::{Explainer, code_of};
use super::view::{Joining, JoiningReason};
use crate::catalogue::DayPart;
use crate::catalogue::calendar::{self, day_number};
use crate::db::{Db, Instant};
use crate::deliverables::{Deliverable, DeliverableStatus};
use crate::error::Result;
use crate::projects::store::work;
use crate::projects::work::NewMeeting;
use crate::values::Code;
use matcher::{Candidate, EntryNo, Need};

/// How many meetings ahead are looked at.
const MOST_MEETINGS: usize = 20;

/// The meetings ahead of a team at work: for each, the day-parts that it takes.
pub struct MeetingsAhead(Vec<u32>);

impl MeetingsAhead {
    /// Returns those of a deliverable whose work is under way.
    pub fn of(db: &mut Db, deliverable: Option<&Deliverable>) -> Result<Option<MeetingsAhead>> {
        let at_work = deliverable.filter(|one| one.request.status == DeliverableStatus::InProgress);
        let Some(deliverable) = at_work else {
            return Ok(None);
        };
        let (now, today) = (Instant::now(), day_number(calendar::today()));
        // Some of today's may be over.
        let found = work::from_day::<NewMeeting>(db, deliverable.id, today, 2 * MOST_MEETINGS as i64)?;
        let ahead = found
            .iter()
            .map(|one| &one.work)
            .filter(|one| one.starts_at > now);
        Ok(Some(MeetingsAhead(
            ahead.take(MOST_MEETINGS).map(parts).collect(),
        )))
    }
}

/// Returns the day-parts in which a meeting begins and ends. One that goes on overnight is taken by its beginning.
fn parts(meeting: &NewMeeting) -> u32 {
    let begins = meeting.starts_at.utc();
    let is_same_day = |end: &Instant| calendar::day_in_tokyo(end.utc()) == calendar::day_in_tokyo(begins);
    let end = meeting.ends_at.filter(is_same_day);
    // A meeting until noon doesn't take the afternoon.
    let ends = end.map_or(begins, |end| {
        (end.utc() - chrono::Duration::seconds(1)).max(begins)
    });
    let (first, last) = (DayPart::of(begins), DayPart::of(ends));
    DayPart::set(
        &DayPart::all()
            .filter(|part| first <= *part && *part <= last)
            .collect::<Vec<_>>(),
    )
}

impl Explainer<'_> {
    pub fn joining(&self, meetings: &MeetingsAhead, need: &Need, c: &Candidate) -> Joining {
        let own = c.themes.as_deref().unwrap_or_default();
        let shared: Vec<EntryNo> = need
            .themes
            .iter()
            .copied()
            .filter(|theme| own.contains(theme))
            .collect();
        let MeetingsAhead(meetings) = meetings;
        let free_at = c
            .day_parts
            .map(|free| meetings.iter().filter(|taken| **taken & !free == 0).count());
        let themes = &self.catalogue.themes;
        let (mut reasons, mut because) = (Vec::new(), Vec::new());
        if !shared.is_empty() {
            reasons.push(JoiningReason::KnowsTheme);
            let labels: Vec<&str> = shared.iter().map(|theme| self.label(themes, *theme)).collect();
            because.push(self.text(
                format!("テーマ（{}）に関心があります。", labels.join("、")),
                format!("Knows the theme: {}.", labels.join(", ")),
            ));
        }
        let count = meetings.len();
        if count > 0 && free_at == Some(count) {
            reasons.push(JoiningReason::FreeAtMeetings);
            because.push(self.text(
                format!("予定されている打ち合わせ{count}回すべての曜日・時間帯に参加できます。"),
                format!("Free at the time of every meeting ahead: {count}."),
            ));
        }
        let codes = shared.iter().filter_map(|theme| code_of(themes, *theme));
        Joining {
            reasons,
            shared_themes: codes.map(Code::from).collect(),
            meetings_ahead: count,
            free_at,
            because: because.join(&self.text("", " ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(starts_at: &str, ends_at: Option<&str>) -> Vec<&'static str> {
        let meeting: NewMeeting = serde_json::from_value(
            serde_json::json!({"title": "定例", "starts_at": starts_at, "ends_at": ends_at}),
        )
        .unwrap();
        let set = parts(&meeting);
        DayPart::all()
            .filter(|part| set & DayPart::set(&[*part]) != 0)
            .map(DayPart::code)
            .collect()
    }

    #[test]
    fn a_meeting_takes_the_parts_of_its_day_from_begin_to_end() {
        // 10:00 to noon, 10:00 to 20:00, and one without an end, in Tokyo.
        assert_eq!(
            taken("2026-10-03T01:00:00Z", Some("2026-10-03T03:00:00Z")),
            ["saturday_morning"]
        );
        assert_eq!(
            taken("2026-10-03T01:00:00Z", Some("2026-10-03T11:00:00Z")),
            ["saturday_morning", "saturday_afternoon", "saturday_evening"]
        );
        assert_eq!(taken("2026-10-04T10:00:00Z", None), ["sunday_evening"]);
        assert_eq!(
            taken("2026-10-04T10:00:00Z", Some("2026-10-05T10:00:00Z")),
            ["sunday_evening"]
        );
    }
}
