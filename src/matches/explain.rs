//! From the matcher's numbers to words and codes.

use super::snapshot::Snapshot;
use super::view::{ComponentView, Explained, FairnessView, Head, Removed, WeightsView};
use super::words::code_of_role;
use crate::catalogue::{Catalogue, Definition, Entries};
use crate::exposures::week_name;
use crate::http::Language;
use matcher::fairness::Order;
use matcher::{
    Assessment, COMPONENTS, Candidate, Census, Component, EntryNo, Gate, Query, RankKey, Weights, improve,
};
use serde_json::{Value, json};

/// Everything that the words come from.
pub struct Explainer<'a> {
    pub catalogue: &'a Catalogue,
    pub language: Language,
}

pub(super) fn code_of<T: Definition>(entries: &Entries<T>, position: EntryNo) -> Option<&str> {
    entries.at(position).map(Definition::code)
}

impl Explainer<'_> {
    pub(super) fn words(&self, ja: String, en: String) -> String {
        match self.language {
            Language::Ja => ja,
            Language::En => en,
        }
    }

    pub(super) fn label<'e, T: Definition>(&self, entries: &'e Entries<T>, position: EntryNo) -> &'e str {
        entries
            .at(position)
            .map_or("", |definition| definition.names().in_language(self.language))
    }

    pub(super) fn format_label(&self, format: EntryNo) -> &str {
        let known = self
            .catalogue
            .fixed
            .formats
            .iter()
            .find(|f| f.code as EntryNo == format);
        known.map_or("", |f| f.names.in_language(self.language))
    }

    /// Everything about one candidate in one role; `above` is who stands one rank higher.
    pub fn explained(
        &self,
        query: &Query,
        c: &Candidate,
        a: &Assessment,
        above: Option<RankKey>,
    ) -> Explained {
        let contributions = query.contributions(a);
        let component = |(component, contribution_ppm): (Component, u64)| {
            let scored = a.values.get(component);
            let (inputs, because) = self.because(component, query, c, a);
            ComponentView {
                name: component.code().to_owned(),
                value_ppm: scored.ppm,
                weight_ppm: query.weights.ppm(component),
                contribution_ppm,
                known: scored.known,
                inputs,
                because: if scored.known {
                    because
                } else {
                    self.imputed(because)
                },
            }
        };
        let improvement = above.and_then(|above| improve::smallest_improvement(query, c, a, above));
        Explained {
            role: code_of_role(self.catalogue, query.need, a.role),
            fit_ppm: a.fit.fit_ppm,
            organization_side_ppm: a.fit.organization_side_ppm,
            worker_side_ppm: a.fit.worker_side_ppm,
            completeness_ppm: query.completeness_ppm(&a.values),
            unconfirmed: a.unconfirmed.iter().map(|u| u.code().to_owned()).collect(),
            components: COMPONENTS.into_iter().zip(contributions).map(component).collect(),
            improvement: improvement.map(|i| self.improvement(query.need, i.change, i.fit_ppm)),
        }
    }

    fn imputed(&self, because: String) -> String {
        let (ja, en) = (
            "未回答は全体の代表値で補完",
            "not told: the typical value stands in",
        );
        let note = self.words(ja.into(), en.into());
        if because.is_empty() {
            note
        } else {
            self.words(format!("{because}({note})"), format!("{because} ({note})"))
        }
    }

    fn because(&self, component: Component, query: &Query, c: &Candidate, a: &Assessment) -> (Value, String) {
        match component {
            Component::Skill => self.skill(query, c, a),
            Component::Experience => {
                let role = query.need.roles.get(a.role).map_or(0, |role| role.role);
                let n = c.deliveries(query.need.family, role);
                let told = n.map(|n| {
                    self.words(
                        format!("同種または同じ役割の実績{n}件"),
                        format!("{n} past deliveries"),
                    )
                });
                (json!({"deliveries": n}), told.unwrap_or_default())
            }
            Component::Availability => self.availability(query, c),
            Component::Distance => self.distance(query, c),
            Component::Theme => self.theme(query, c),
            Component::Format => {
                let (accepted, preferred) = (c.accepts(query.need.format), c.prefers(query.need.format));
                let label = self.format_label(query.need.format);
                let told = match (accepted, preferred) {
                    (None, _) => String::new(),
                    (_, true) => self.words(format!("{label}を希望"), format!("prefers {label}")),
                    (Some(true), _) => self.words(format!("{label}に対応可"), format!("accepts {label}")),
                    (Some(false), _) => {
                        self.words(format!("{label}は対応外"), format!("does not accept {label}"))
                    }
                };
                (
                    json!({"accepted": accepted, "preferred": accepted.map(|_| preferred)}),
                    told,
                )
            }
            Component::Reliability => {
                let told = c.record.map(|(completed, dropped)| {
                    self.words(
                        format!("完了{completed}件、辞退{dropped}件"),
                        format!("{completed} completed, {dropped} dropped"),
                    )
                });
                let (completed, dropped) = (c.record.map(|r| r.0), c.record.map(|r| r.1));
                (
                    json!({"completed": completed, "dropped": dropped}),
                    told.unwrap_or_default(),
                )
            }
            Component::Responsiveness => {
                let days = c.last_active.map(|day| (query.population.today - day).max(0));
                let told = days
                    .map(|d| self.words(format!("最終活動は{d}日前"), format!("last active {d} days ago")));
                (json!({"days_since_active": days}), told.unwrap_or_default())
            }
            Component::Text => {
                let best = query.best_piece(c);
                let count = c.evidence.len();
                let told = best.map(|(ppm, _)| match ppm {
                    0 => self.words(
                        "依頼文と共通する語なし".into(),
                        "no word in common with the request".into(),
                    ),
                    _ => self.words(
                        format!("実績・自己紹介{count}件のうち最も近いもの"),
                        format!("the closest of {count} pieces of evidence"),
                    ),
                });
                let best = best.map(|(_, piece)| piece);
                (
                    json!({"best_piece": best, "pieces": count}),
                    told.unwrap_or_default(),
                )
            }
        }
    }

    fn skill(&self, query: &Query, c: &Candidate, a: &Assessment) -> (Value, String) {
        let skills = &self.catalogue.skills;
        let mut inputs = Vec::new();
        let mut words = Vec::new();
        for credited in query.wishes(a.role) {
            let wish = credited.wish;
            let told = c.skills.as_ref().map(|own| credited.quality(own));
            let held = told.and_then(|(_, held)| held);
            inputs.push(json!({
                "skill": code_of(skills, wish.skill), "required": wish.level, "weight": wish.weight,
                "must_have": wish.must_have, "held": held.and_then(|(skill, _)| code_of(skills, skill)),
                "level": held.map(|(_, level)| level), "quality_ppm": told.map(|(quality, _)| quality),
            }));
            let (asked, required) = (self.label(skills, wish.skill), wish.level);
            words.push(match (told, held) {
                (None, _) => self.words(
                    format!("{asked}(必要 {required})"),
                    format!("{asked} (needs {required})"),
                ),
                (_, None) => self.words(
                    format!("{asked} なし(必要 {required})"),
                    format!("no {asked} (needs {required})"),
                ),
                (_, Some((skill, level))) if skill == wish.skill => self.words(
                    format!("{asked} {level}(必要 {required})"),
                    format!("{asked} {level} (needs {required})"),
                ),
                (_, Some((skill, level))) => {
                    let held = self.label(skills, skill);
                    let ja = format!("{asked}の代わりに{held} {level}(必要 {required})");
                    self.words(
                        ja,
                        format!("{held} {level} instead of {asked} (needs {required})"),
                    )
                }
            });
        }
        (
            json!({"wishes": inputs}),
            words.join(&self.words("、".into(), ", ".into())),
        )
    }

    fn availability(&self, query: &Query, c: &Candidate) -> (Value, String) {
        let (needed, asked) = (query.need.hours_per_week, query.need.day_parts);
        let shared = c.day_parts.map(|own| (own & asked).count_ones());
        let inputs = json!({"hours_offered": c.hours_per_week, "hours_needed": needed,
            "day_parts_needed": asked.count_ones(), "day_parts_shared": shared});
        let mut words = Vec::new();
        if let Some(offered) = c.hours_per_week {
            words.push(self.words(
                format!("週{offered}時間(必要 {needed})"),
                format!("{offered} h a week (needs {needed})"),
            ));
        }
        if let (Some(shared), 1..) = (shared, asked) {
            let all = asked.count_ones();
            words.push(self.words(
                format!("時間帯{shared}/{all}"),
                format!("{shared} of {all} day-parts"),
            ));
        }
        (inputs, words.join(&self.words("、".into(), ", ".into())))
    }

    fn distance(&self, query: &Query, c: &Candidate) -> (Value, String) {
        let metres = c
            .area
            .map(|area| query.population.geography.metres(area, query.need.area));
        let both_remote = if query.need.remote { c.remote } else { Some(false) };
        let km = metres.map(|m| f64::from(m) / 1000.0);
        let words = match (km, both_remote) {
            (Some(km), Some(true)) => self.words(
                format!("{km:.1} km、リモート可"),
                format!("{km:.1} km, or remotely"),
            ),
            (None, Some(true)) => self.words("リモート可".into(), "remotely".into()),
            (Some(km), _) => self.words(format!("{km:.1} km"), format!("{km:.1} km")),
            (None, _) => String::new(),
        };
        (json!({"metres": metres, "both_remote": both_remote}), words)
    }

    fn theme(&self, query: &Query, c: &Candidate) -> (Value, String) {
        let themes = &self.catalogue.themes;
        let codes = |positions: &mut dyn Iterator<Item = EntryNo>| -> Vec<&str> {
            positions.filter_map(|theme| code_of(themes, theme)).collect()
        };
        let asked = &query.need.themes;
        let shared: Option<Vec<EntryNo>> = c.themes.as_ref().map(|own| {
            asked
                .iter()
                .copied()
                .filter(|theme| own.contains(theme))
                .collect()
        });
        let words = match &shared {
            _ if asked.is_empty() => self.words(
                "団体のテーマが未登録".into(),
                "the organization has named no theme".into(),
            ),
            None => String::new(),
            Some(shared) if shared.is_empty() => {
                self.words("共通のテーマなし".into(), "no theme in common".into())
            }
            Some(shared) => {
                let labels: Vec<&str> = shared.iter().map(|theme| self.label(themes, *theme)).collect();
                self.words(
                    format!("関心が一致: {}", labels.join("、")),
                    format!("cares for {}", labels.join(", ")),
                )
            }
        };
        let shared = shared.map(|shared| codes(&mut shared.into_iter()));
        (
            json!({"asked": codes(&mut asked.iter().copied()), "shared": shared}),
            words,
        )
    }
}

/// How a ranking was made.
pub fn head(
    census: Option<&Census>,
    weights: &Weights,
    version: &str,
    snapshot: &Snapshot,
    fairness: Option<(u32, &Order)>,
) -> Head {
    let w = |component| weights.ppm(component);
    Head {
        at_change: snapshot.at_change,
        today: snapshot.today,
        weights: WeightsView {
            version: version.to_owned(),
            skill: w(Component::Skill),
            experience: w(Component::Experience),
            availability: w(Component::Availability),
            distance: w(Component::Distance),
            theme: w(Component::Theme),
            format: w(Component::Format),
            reliability: w(Component::Reliability),
            responsiveness: w(Component::Responsiveness),
            text: w(Component::Text),
        },
        fairness: fairness.map(|(week, order)| FairnessView {
            week: week_name(week as i32),
            strength_ppm: order.strength_ppm,
            ndcg_ppm: order.ndcg_ppm,
        }),
        considered: census.map(|census| census.considered),
        passed: census.map(|census| census.passed),
        removed: census.map(|census| census.removed().map(removed).collect()),
    }
}

fn removed((gate, count): (Gate, usize)) -> Removed {
    Removed {
        gate: gate.code().to_owned(),
        count,
    }
}
