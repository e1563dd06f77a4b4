//! Listings as pages for people, search engines and previews of links. They have no scripts.

use super::{Listing, ListingRegistration, form, jsonld, receipt, wording};
use crate::catalogue::Catalogue;
use crate::catalogue::calendar::midnight_in_tokyo;
use crate::db::{Id, Instant};
use crate::events::{EventKind, EventStatus, ListingFilter, only_day};
use crate::http::Language;
use crate::http::pages::HtmlPage;
use crate::http::pages::form::Form;
use crate::http::pages::markup::{Head, Markup, NamedLanguage, PREVIEW, begin, choose, cut, end, made_up};
use crate::values::{dialled, words};
use strum::VariantArray;

pub const STYLE: &str = include_str!("listings.css");

fn kind_name(kind: EventKind, language: Language) -> String {
    language.choose(&words::text("EventKind", kind.code())).to_owned()
}

fn cancelled(one: &Listing, language: Language) -> Option<&'static str> {
    (one.status == EventStatus::Cancelled).then(|| choose(language, "中止", "Cancelled"))
}

/// Which list a page shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ListPage {
    Events,
    /// Openings for volunteers.
    Openings,
}

impl ListPage {
    pub fn path(self) -> &'static str {
        match self {
            ListPage::Events => "/events",
            ListPage::Openings => "/openings",
        }
    }

    /// Returns what its page views are counted by.
    pub fn id(self) -> Id {
        Id(uuid::Uuid::from_u128(match self {
            ListPage::Events => 1,
            ListPage::Openings => 2,
        }))
    }

    fn title(self, language: Language) -> &'static str {
        match self {
            ListPage::Events => choose(language, "地域のイベント", "Events"),
            ListPage::Openings => choose(language, "ボランティア募集", "Openings for volunteers"),
        }
    }
}

/// Writes a list. `query` is that of the request, without the cursor.
pub fn list(
    which: ListPage,
    listings: &[Listing],
    catalogue: &Catalogue,
    (base, query, next): (&str, &str, Option<&str>),
    filter: &ListingFilter,
    language: Language,
) -> HtmlPage {
    let base = base.trim_end_matches('/');
    let mut of_kind = form_urlencoded::Serializer::new(String::new());
    of_kind.extend_pairs(form_urlencoded::parse(query.as_bytes()));
    if which == ListPage::Openings {
        of_kind.append_pair("kind", EventKind::VolunteerOpening.code());
    }
    let of_kind = of_kind.finish();
    let with = |path: &str, query: &str| match query {
        "" => format!("{base}{path}"),
        query => format!("{base}{path}?{query}"),
    };
    let others = [
        ("text/calendar", with("/v1/listings.ics", &of_kind)),
        ("application/atom+xml", with("/v1/listings.atom", &of_kind)),
        ("text/csv", with("/v1/listings.csv", &of_kind)),
    ];
    let title = which.title(language);
    let head = Head {
        title,
        description: choose(
            language,
            "これから開かれるイベント、講座、ボランティア募集の一覧です。",
            "Events, courses and openings for volunteers that are still to come.",
        ),
        url: &with(which.path(), query),
        others: &others,
        is_indexed: true,
        picture: None,
        lang: NamedLanguage(filter.lang),
    };
    let mut page = Markup::default();
    begin(&mut page, language, &head);
    page.raw("<main>\n<h1>").text(title).raw("</h1>\n");
    write_filters(&mut page, which, filter, catalogue, language);
    let now = Instant::now();
    let from = filter.from.map(|day| Instant::from(midnight_in_tokyo(day)));
    let since = from.map_or(now, |from| from.max(now));
    page.raw("<ul class=\"listings\">\n");
    for one in listings {
        page.raw("<li><h2>")
            .link_here(&one.links.page, &one.title)
            .raw("</h2>\n<p>");
        if let Some(cancelled) = cancelled(one, language) {
            page.raw("<strong>").text(cancelled).raw("</strong> ");
        } else if let Some(full) = wording::full(one, language) {
            page.raw("<strong>").text(&full).raw("</strong> ");
        }
        let mut facts: Vec<String> = made_up(one.demo, language)
            .into_iter()
            .map(str::to_owned)
            .collect();
        facts.push(kind_name(one.kind, language));
        facts.extend(wording::next_time(one, since, language));
        facts.extend(wording::place(one, language));
        facts.extend(wording::fee(one, language));
        let areas = wording::areas(&one.areas, catalogue, language);
        facts.extend((!areas.is_empty()).then(|| areas.join(choose(language, "、", ", "))));
        page.text(&facts.join(" · ")).raw("</p></li>\n");
    }
    page.raw("</ul>\n");
    if listings.is_empty() {
        let (nothing_ja, nothing_en) = match which {
            ListPage::Events => ("該当するイベントはありません。", "There is no such event."),
            ListPage::Openings => ("該当する募集はありません。", "There is no such opening."),
        };
        page.raw("<p>")
            .words(language, nothing_ja, nothing_en)
            .raw("</p>\n");
    }
    if let Some(next) = next {
        let mut further = form_urlencoded::Serializer::new(String::new());
        further.extend_pairs(form_urlencoded::parse(query.as_bytes()));
        let further = further.append_pair("cursor", next).finish();
        page.raw("<p>")
            .link(
                &format!("{}?{further}", which.path()),
                choose(language, "続きを見る", "Further events"),
            )
            .raw("</p>\n");
    }
    formats(&mut page, &others, language);
    end(&mut page);
    page.into()
}

/// Writes the filters as a form, which needs no script.
fn write_filters(
    page: &mut Markup,
    which: ListPage,
    filter: &ListingFilter,
    catalogue: &Catalogue,
    language: Language,
) {
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    page.raw("<form method=\"get\" role=\"search\">\n");
    let inputs = [
        (
            "q",
            "search",
            choose(language, "ことば", "Words"),
            filter.q.clone().unwrap_or_default(),
        ),
        (
            "from",
            "date",
            choose(language, "この日から", "From"),
            day(filter.from),
        ),
        ("to", "date", choose(language, "この日まで", "To"), day(filter.to)),
    ];
    for (name, kind, label, value) in inputs {
        page.raw("<label>")
            .text(label)
            .raw(" <input name=\"")
            .text(name)
            .raw("\" type=\"")
            .text(kind)
            .raw("\" value=\"")
            .text(&value)
            .raw("\"></label>\n");
    }
    let chosen = filter.area.as_ref().map(|area| area.as_str());
    let areas = wording::area_choices(chosen, catalogue, language);
    write_choice(
        page,
        ("area", choose(language, "地域", "Area")),
        &areas,
        chosen,
        language,
    );
    if which == ListPage::Events {
        let chosen = filter.kind.as_ref().and_then(|kinds| match kinds.0.as_slice() {
            [one] => Some(one.code()),
            _ => None,
        });
        let kind = |kind: &EventKind| (kind.code().to_owned(), kind_name(*kind, language));
        let kinds: Vec<(String, String)> = EventKind::VARIANTS.iter().map(kind).collect();
        write_choice(
            page,
            ("kind", choose(language, "種類", "Kind")),
            &kinds,
            chosen,
            language,
        );
    }
    for (name, label, is_set) in [
        ("free", choose(language, "無料", "Free of charge"), filter.free),
        (
            "online",
            choose(language, "オンライン可", "Online"),
            filter.online,
        ),
        (
            "wheelchair",
            choose(language, "車椅子可", "Accessible by wheelchair"),
            filter.wheelchair,
        ),
    ] {
        page.raw("<label><input type=\"checkbox\" value=\"true\" name=\"")
            .text(name);
        page.raw(if is_set { "\" checked> " } else { "\"> " });
        page.text(label).raw("</label>\n");
    }
    if let Some(lang) = filter.lang {
        page.raw("<input type=\"hidden\" name=\"lang\" value=\"")
            .text(lang.tag())
            .raw("\">\n");
    }
    page.raw("<button>")
        .words(language, "さがす", "Search")
        .raw("</button>\n</form>\n");
}

/// Writes a filter by one of some values, each with its words.
fn write_choice(
    page: &mut Markup,
    (name, label): (&'static str, &'static str),
    choices: &[(String, String)],
    chosen: Option<&str>,
    language: Language,
) {
    page.raw("<label>")
        .text(label)
        .raw(" <select name=\"")
        .raw(name)
        .raw("\"><option value=\"\">")
        .words(language, "すべて", "All")
        .raw("</option>");
    for (value, words) in choices {
        page.raw("<option value=\"").text(value);
        page.raw(if chosen == Some(value) {
            "\" selected>"
        } else {
            "\">"
        });
        page.text(words).raw("</option>");
    }
    page.raw("</select></label>\n");
}

fn formats(page: &mut Markup, others: &[(&'static str, String)], language: Language) {
    page.raw("<p class=\"formats\">");
    for (media_type, url) in others {
        let name = match *media_type {
            "text/calendar" => choose(language, "カレンダー（iCalendar）", "Calendar (iCalendar)"),
            "application/atom+xml" => choose(language, "更新情報（Atom）", "News (Atom)"),
            "text/csv" => choose(language, "表計算（CSV）", "Spreadsheet (CSV)"),
            other => other,
        };
        page.link(url, name).raw(" ");
    }
    page.raw("</p>\n");
}

/// Writes the other sessions of a series, and which of them still have places.
fn write_siblings(page: &mut Markup, one: &Listing, siblings: &[Listing], language: Language) {
    if siblings.is_empty() {
        return;
    }
    page.raw("<h2>")
        .words(language, "同じシリーズのほかの回", "Other sessions of the series")
        .raw("</h2>\n");
    let takes_nobody = |other: &Listing| other.registration.is_full() || !other.registration.takes();
    if one.registration.is_full() && siblings.iter().all(takes_nobody) {
        page.raw("<p><strong>")
            .words(
                language,
                "ほかの回にも空席はありません。",
                "No other session has a free place.",
            )
            .raw("</strong></p>\n");
    }
    page.raw("<ul class=\"listings\">\n");
    for other in siblings {
        let name = match &other.number {
            Some(number) => format!("{} {number}", other.title),
            None => other.title.clone(),
        };
        let next = wording::next_time(other, Instant::now(), language);
        let mut facts: Vec<String> = next.into_iter().collect();
        let state: &str = other.registration.into();
        facts.push(match cancelled(other, language) {
            Some(cancelled) => cancelled.to_owned(),
            None => language
                .choose(&words::text("ListingRegistration", state))
                .to_owned(),
        });
        page.raw("<li>")
            .link_here(&other.links.page, &name)
            .raw(" ")
            .text(&facts.join(" · "))
            .raw("</li>\n");
    }
    page.raw("</ul>\n");
}

/// Writes the breakouts, each with its time, room and speakers.
fn write_breakouts(page: &mut Markup, one: &Listing, language: Language) {
    if one.breakouts.is_empty() {
        return;
    }
    page.raw("<h2>")
        .words(language, "分科会", "Breakouts")
        .raw("</h2>\n<ul class=\"listings\">\n");
    for breakout in &one.breakouts {
        let span = breakout
            .starts_at
            .map(|from| wording::span(from, breakout.ends_at, language));
        let mut facts: Vec<String> = span.into_iter().chain(breakout.room.clone()).collect();
        facts.extend(breakout.speakers.iter().map(wording::speaker));
        page.raw("<li><h3>").text(&breakout.title).raw("</h3>\n<p>");
        page.text(&facts.join(" · ")).raw("</p></li>\n");
    }
    page.raw("</ul>\n");
}

/// Writes how somebody answers an opening for volunteers: every way that there is now.
fn write_applying(page: &mut Markup, one: &Listing, language: Language) {
    let is_on = one.status == EventStatus::Published && !one.over;
    if one.kind != EventKind::VolunteerOpening || !is_on {
        return;
    }
    page.raw("<h2 id=\"apply\">")
        .words(language, "応募のしかた", "How to apply")
        .raw("</h2>\n<ul>\n");
    let ways = page.text.len();
    if one.links.register.is_some() {
        page.raw("<li><a href=\"#registration\">")
            .words(language, "このページの申込みフォーム", "The form on this page")
            .raw("</a>");
        if let Some(closes) = one.registration_closes_at {
            let until = wording::moment(closes, language);
            page.text(&match language {
                Language::Ja => format!("（{until}まで）"),
                Language::En => format!(" (until {until})"),
            });
        }
        page.raw("</li>\n");
    }
    if one.links.apply.is_some() {
        page.raw("<li>")
            .words(
                language,
                "プロボノワーカーとして登録している方は、お使いのアプリから、この支援内容に応募できます。",
                "Registered pro bono workers apply for the deliverable in the app that they use.",
            )
            .raw("</li>\n");
    }
    if let Some(url) = &one.url {
        page.raw("<li>")
            .link(
                url,
                choose(language, "募集団体のページ", "The page of those who ask"),
            )
            .raw("</li>\n");
    }
    if let Some(contact) = &one.contact {
        page.raw("<li>").text(&contact.office);
        if let Some(phone) = &contact.phone {
            page.raw(" <a href=\"tel:")
                .text(&dialled(phone))
                .raw("\">")
                .text(phone)
                .raw("</a>");
        }
        page.raw("</li>\n");
    }
    if page.text.len() == ways {
        let hosts = one.hosts.join(choose(language, "、", ", "));
        page.raw("<li>");
        match hosts.is_empty() {
            false => page.text(&match language {
                Language::Ja => format!("{hosts}に問い合わせてください。"),
                Language::En => format!("Ask {hosts}."),
            }),
            true => page.words(
                language,
                "応募は受け付けていません。",
                "Nobody can apply at the moment.",
            ),
        }
        .raw("</li>\n");
    }
    page.raw("</ul>\n");
}

/// Writes one listing, with the other sessions of its series and the form for registering.
pub fn one(
    (one, siblings): (&Listing, &[Listing]),
    catalogue: &Catalogue,
    form: &Form,
    language: Language,
) -> HtmlPage {
    let when = wording::times(one, language);
    let place = wording::place(one, language);
    let next = wording::next_time(one, Instant::now(), language);
    let facts: Vec<String> = next.into_iter().chain(place.clone()).collect();
    let facts = facts.join(" · ");
    let description = match &one.description {
        Some(text) => cut(&format!("{facts} {text}").replace('\n', " "), PREVIEW),
        None => facts,
    };
    let mut others = vec![
        ("application/ld+json", one.links.json_ld.clone()),
        ("application/json", one.links.json.clone()),
    ];
    let has_day = !one.times.is_empty() || only_day(one.month.as_deref()).is_some();
    if has_day {
        others.insert(0, ("text/calendar", one.links.calendar.clone()));
    }
    let head = Head {
        title: &one.title,
        description: &description,
        url: &one.links.page,
        others: &others,
        is_indexed: !one.over,
        picture: None,
        lang: form.lang,
    };
    let mut page = Markup::default();
    begin(&mut page, language, &head);
    let data_hash = page.data(&jsonld::one(one));
    page.raw("<main>\n<h1>").text(&one.title).raw("</h1>\n");
    if let Some(words) = made_up(one.demo, language) {
        page.raw("<p><strong>").text(words).raw("</strong></p>\n");
    }
    form.write_refusal(&mut page, language);
    if let Some(cancelled) = cancelled(one, language) {
        page.raw("<p><strong>").text(cancelled).raw("</strong></p>\n");
    } else if one.over {
        page.raw("<p><strong>")
            .words(language, "終了しました", "This is over")
            .raw("</strong></p>\n");
    } else if let Some(full) = wording::full(one, language) {
        page.raw("<p><strong>").text(&full).raw("</strong></p>\n");
    }
    page.raw("<dl>\n");
    let own = |text: Option<&String>| text.cloned();
    let series = one.series.as_ref().map(|series| match &one.number {
        Some(number) => format!("{series} {number}"),
        None => series.clone(),
    });
    let contact = one.contact.as_ref().map(|contact| match &contact.phone {
        Some(phone) => format!("{} {phone}", contact.office),
        None => contact.office.clone(),
    });
    let wheelchair = one
        .place
        .as_ref()
        .and_then(|place| place.wheelchair)
        .map(|is| match is {
            true => choose(language, "利用できます", "accessible").to_owned(),
            false => choose(language, "利用できません", "not accessible").to_owned(),
        });
    let speakers: Vec<String> = one.speakers.iter().map(wording::speaker).collect();
    let several = |texts: Vec<String>| Some(texts.join("\n")).filter(|text| !text.is_empty());
    let registration =
        one.links
            .register
            .as_ref()
            .map(|_| match one.registration_closes_at {
                Some(closes) => format!(
                    "{} {}",
                    wording::moment(closes, language),
                    choose(language, "まで", "at the latest")
                ),
                None => wording::full(one, language)
                    .unwrap_or_else(|| choose(language, "受付中", "open").to_owned()),
            });
    let yen = wording::fee(one, language);
    let capacity = one.capacity.map(|capacity| capacity.to_string());
    let rows = [
        (choose(language, "お知らせ", "Notice"), own(one.notice.as_ref())),
        (choose(language, "日時", "When"), several(when)),
        (choose(language, "場所", "Where"), place),
        (choose(language, "車椅子", "Wheelchairs"), wheelchair),
        (
            choose(language, "種類", "Kind"),
            Some(kind_name(one.kind, language)),
        ),
        (choose(language, "シリーズ", "Series"), series),
        (choose(language, "内容", "About"), own(one.description.as_ref())),
        (choose(language, "対象", "For"), own(one.audience.as_ref())),
        (choose(language, "費用", "Cost"), yen),
        (choose(language, "定員", "Places"), capacity),
        (choose(language, "講師", "Speakers"), several(speakers)),
        (
            choose(language, "地域", "Areas"),
            several(wording::areas(&one.areas, catalogue, language)),
        ),
        (choose(language, "主催", "Hosts"), several(one.hosts.clone())),
        (choose(language, "申込み", "Registration"), registration),
        (choose(language, "問い合わせ", "Contact"), contact),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            page.row(name, &value);
        }
    }
    page.raw("</dl>\n");
    write_breakouts(&mut page, one, language);
    write_applying(&mut page, one, language);
    page.raw("<p>");
    if let Some(url) = &one.url {
        page.link(url, choose(language, "詳しいページ", "More about it"))
            .raw(" ");
    }
    // Without a day, nothing can be put into a calendar.
    if has_day {
        page.link(
            &one.links.calendar,
            choose(language, "カレンダーに追加", "Add to a calendar"),
        )
        .raw(" ");
    }
    page.link_here(
        ListPage::Events.path(),
        choose(language, "イベントの一覧", "All events"),
    )
    .raw("</p>\n");
    write_siblings(&mut page, one, siblings, language);
    if one.links.register.is_some() {
        let waits = one.registration == ListingRegistration::WaitingList;
        form::write(&mut page, (one.id, one.capacity), form, waits, language);
    }
    if one.registration != ListingRegistration::NotTaken {
        page.raw("<details><summary>")
            .words(
                language,
                "申込みの確認、取消し、アンケート",
                "Look at a registration, cancel it, answer the questionnaire",
            )
            .raw("</summary>\n");
        receipt::write_opening(&mut page, form, language);
        page.raw("</details>\n");
    }
    end(&mut page);
    HtmlPage {
        data_hash: Some(data_hash),
        ..page.into()
    }
}
