//! Explains a fit: each component's inputs and contribution, with the reason in words.

use super::explainer::{Explainer, code_of};
use super::snapshot::Snapshot;
use super::view::{
    AppliedWeights, ComponentScore, FairnessAdjustment, FitExplanation, GateCount, RankingSummary,
};
use crate::exposures::week_name;
use matcher::fairness::FairOrder;
use matcher::{
    Assessment, COMPONENTS, Candidate, Census, Component, EntryNo, Gate, Query, RankKey, Weights, improve,
};
use serde_json::{Value, json};

impl Explainer<'_> {
    /// Explains one candidate in one role. `above` is the key of the candidate ranked directly above.
    pub fn explain(
        &self,
        query: &Query,
        c: &Candidate,
        a: &Assessment,
        above: Option<RankKey>,
    ) -> FitExplanation {
        let contributions = query.contributions(a);
        let component = |(component, contribution_ppm): (Component, u64)| {
            let score = a.values.get(component);
            let (inputs, because) = self.because(component, query, c, a);
            ComponentScore {
                name: component.code().to_owned(),
                value_ppm: score.ppm,
                weight_ppm: query.weights.ppm(component),
                contribution_ppm,
                known: score.known,
                inputs,
                because: if score.known {
                    because
                } else {
                    self.imputed(because)
                },
            }
        };
        let improvement = above.and_then(|above| improve::smallest_improvement(query, c, a, above));
        FitExplanation {
            role: self.role_code(query.need, a.role),
            fit_ppm: a.fit.fit_ppm,
            organization_side_ppm: a.fit.organization_side_ppm,
            worker_side_ppm: a.fit.worker_side_ppm,
            completeness_ppm: query.completeness_ppm(&a.values),
            unconfirmed: a.unconfirmed.iter().map(|u| u.code().to_owned()).collect(),
            // Without a weight, the text's inputs would still tell what the evidence says.
            components: COMPONENTS
                .into_iter()
                .zip(contributions)
                .filter(|(c, _)| *c != Component::Text || query.weights.ppm(*c) > 0)
                .map(component)
                .collect(),
            improvement: improvement.map(|i| self.improvement(query.need, i.change, i.fit_ppm)),
        }
    }

    fn imputed(&self, because: String) -> String {
        if because.is_empty() {
            return self.text(
                "未回答のため、全体の代表値を使っています",
                "unanswered, so a typical value is used",
            );
        }
        self.text(
            format!("{because}。未回答の項目は全体の代表値を使っています"),
            format!("{because}; typical values are used for unanswered inputs"),
        )
    }

    /// Returns the inputs of a component and the reason in words; the reason is empty where nothing is known.
    fn because(&self, component: Component, query: &Query, c: &Candidate, a: &Assessment) -> (Value, String) {
        match component {
            Component::Skill => self.skill(query, c, a),
            Component::Experience => {
                let role = query.need.roles.get(a.role).map_or(0, |role| role.role);
                let deliveries = c.deliveries(query.need.family, role);
                let because = deliveries.map(|n| {
                    self.text(
                        format!("同種または同じ役割の実績が{n}件あります"),
                        format!("{n} past deliveries of this kind or in this role"),
                    )
                });
                (json!({"deliveries": deliveries}), because.unwrap_or_default())
            }
            Component::Availability => self.availability(query, c),
            Component::Distance => self.distance(query, c),
            Component::Theme => self.theme(query, c),
            Component::Format => self.format(query, c),
            Component::Reliability => {
                let (completed, dropped) = (c.record.map(|r| r.0), c.record.map(|r| r.1));
                let because = c.record.map(|(completed, dropped)| {
                    self.text(
                        format!("完了{completed}件、途中辞退{dropped}件です"),
                        format!("{completed} completed, {dropped} dropped"),
                    )
                });
                (
                    json!({"completed": completed, "dropped": dropped}),
                    because.unwrap_or_default(),
                )
            }
            Component::Responsiveness => {
                let days = c.last_active.map(|day| (query.population.today - day).max(0));
                let because = days.map(|days| {
                    self.text(
                        format!("最終活動は{days}日前です"),
                        format!("last active {days} days ago"),
                    )
                });
                (json!({"days_since_active": days}), because.unwrap_or_default())
            }
            Component::Text => {
                let best = query.best_piece(c);
                let count = c.evidence.len();
                let because = best.map(|(ppm, _)| match ppm {
                    0 => self.text(
                        "依頼文と共通する言葉はありません",
                        "no words in common with the request",
                    ),
                    _ => self.text(
                        format!("実績・自己紹介{count}件のうち、最も近いもので評価しています"),
                        format!("the closest of {count} pieces of evidence"),
                    ),
                });
                let best = best.map(|(_, piece)| piece);
                (
                    json!({"best_evidence": best, "evidence_count": count}),
                    because.unwrap_or_default(),
                )
            }
        }
    }

    fn skill(&self, query: &Query, c: &Candidate, a: &Assessment) -> (Value, String) {
        let skills = &self.catalogue.skills;
        let mut inputs = Vec::new();
        let mut reasons = Vec::new();
        for credited in query.wishes(a.role) {
            let wish = credited.wish;
            let quality = c.skills.as_ref().map(|own| credited.quality(own));
            let held = quality.and_then(|(_, held)| held);
            inputs.push(json!({
                "skill": code_of(skills, wish.skill), "required_level": wish.level, "weight": wish.weight,
                "must_have": wish.must_have, "held_skill": held.and_then(|(skill, _)| code_of(skills, skill)),
                "held_level": held.map(|(_, level)| level), "quality_ppm": quality.map(|(ppm, _)| ppm),
            }));
            let (label, required) = (self.label(skills, wish.skill), wish.level);
            reasons.push(match (quality, held) {
                (None, _) => self.text(
                    format!("{label}（必要レベル{required}）"),
                    format!("{label} (needs level {required})"),
                ),
                (_, None) => self.text(
                    format!("{label}なし（必要レベル{required}）"),
                    format!("no {label} (needs level {required})"),
                ),
                (_, Some((skill, level))) if skill == wish.skill => self.text(
                    format!("{label} レベル{level}（必要{required}）"),
                    format!("{label} at level {level} (needs level {required})"),
                ),
                (_, Some((skill, level))) => {
                    let held = self.label(skills, skill);
                    self.text(
                        format!("{label}の代わりに{held} レベル{level}（必要{required}）"),
                        format!("{held} at level {level} instead of {label} (needs level {required})"),
                    )
                }
            });
        }
        let separator = self.text("、", ", ");
        (json!({"wishes": inputs}), reasons.join(&separator))
    }

    fn availability(&self, query: &Query, c: &Candidate) -> (Value, String) {
        let (needed, requested) = (query.need.hours_per_week, query.need.day_parts);
        let shared = c.day_parts.map(|own| (own & requested).count_ones());
        let all = requested.count_ones();
        let inputs = json!({"hours_offered": c.hours_per_week, "hours_needed": needed,
            "day_parts_needed": all, "day_parts_shared": shared});
        let because = match (c.hours_per_week, shared.filter(|_| all > 0)) {
            (Some(offered), Some(shared)) => self.text(
                format!("週{offered}時間（必要{needed}時間）で、時間帯は{all}枠のうち{shared}枠が合います"),
                format!("{offered} hours a week (needs {needed}), {shared} of {all} day-parts"),
            ),
            (Some(offered), None) => self.text(
                format!("週{offered}時間です（必要{needed}時間）"),
                format!("{offered} hours a week (needs {needed})"),
            ),
            (None, Some(shared)) => self.text(
                format!("時間帯は{all}枠のうち{shared}枠が合います"),
                format!("{shared} of {all} day-parts"),
            ),
            (None, None) => String::new(),
        };
        (inputs, because)
    }

    fn distance(&self, query: &Query, c: &Candidate) -> (Value, String) {
        let geography = &query.population.geography;
        let metres = c.area.map(|area| geography.metres(area, query.need.area));
        let both_remote = if query.need.remote { c.remote } else { Some(false) };
        let place = metres.map(|metres| match metres {
            0 => self.text("同じ市区町村", "in the same municipality"),
            _ => {
                let km = f64::from(metres) / 1000.0;
                self.text(format!("距離は{km:.1}km"), format!("{km:.1} km away"))
            }
        });
        let because = match (place, both_remote) {
            (Some(place), Some(true)) => self.text(
                format!("{place}で、リモートも可能です"),
                format!("{place}, or remote"),
            ),
            (None, Some(true)) => self.text("リモートで対応できます", "remote"),
            (Some(place), _) => self.text(format!("{place}です"), place),
            (None, _) => String::new(),
        };
        (json!({"metres": metres, "both_remote": both_remote}), because)
    }

    fn theme(&self, query: &Query, c: &Candidate) -> (Value, String) {
        let themes = &self.catalogue.themes;
        let codes = |all: &[EntryNo]| -> Vec<&str> {
            let codes = all.iter().filter_map(|theme| code_of(themes, *theme));
            codes.collect()
        };
        let requested = &query.need.themes;
        let shared: Option<Vec<EntryNo>> = c.themes.as_ref().map(|own| {
            let shared = requested.iter().copied().filter(|theme| own.contains(theme));
            shared.collect()
        });
        let because = match &shared {
            _ if requested.is_empty() => self.text(
                "団体のテーマが登録されていません",
                "the organization has no themes",
            ),
            None => String::new(),
            Some(shared) if shared.is_empty() => self.text("共通のテーマはありません", "no themes in common"),
            Some(shared) => {
                let labels: Vec<&str> = shared.iter().map(|theme| self.label(themes, *theme)).collect();
                self.text(
                    format!("関心が合います：{}", labels.join("、")),
                    format!("shared themes: {}", labels.join(", ")),
                )
            }
        };
        let shared = shared.map(|shared| codes(&shared));
        (json!({"requested": codes(requested), "shared": shared}), because)
    }

    fn format(&self, query: &Query, c: &Candidate) -> (Value, String) {
        let (accepted, preferred) = (c.accepts(query.need.format), c.prefers(query.need.format));
        let label = self.format_label(query.need.format);
        let because = match (accepted, preferred) {
            (None, _) => String::new(),
            (_, true) => self.text(format!("{label}を希望しています"), format!("prefers {label}")),
            (Some(true), _) => self.text(format!("{label}に対応できます"), format!("accepts {label}")),
            (Some(false), _) => self.text(
                format!("{label}には対応していません"),
                format!("does not accept {label}"),
            ),
        };
        let preferred = accepted.map(|_| preferred);
        (json!({"accepted": accepted, "preferred": preferred}), because)
    }
}

/// Summarizes how a ranking was computed.
pub fn summary(
    census: Option<&Census>,
    weights: &Weights,
    version: &str,
    snapshot: &Snapshot,
    fairness: Option<(i32, &FairOrder)>,
) -> RankingSummary {
    let w = |component| weights.ppm(component);
    let removed = |(gate, count): (Gate, usize)| GateCount {
        gate: gate.code().to_owned(),
        count,
    };
    RankingSummary {
        at_change: snapshot.at_change,
        as_of: snapshot.today,
        weights: AppliedWeights {
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
        fairness: fairness.map(|(week, order)| FairnessAdjustment {
            week: week_name(week),
            strength_ppm: order.strength_ppm,
            ndcg_ppm: order.ndcg_ppm,
        }),
        considered: census.map(|census| census.considered),
        passed: census.map(|census| census.passed),
        removed: census.map(|census| census.removed().map(removed).collect()),
    }
}
