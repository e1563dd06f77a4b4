//! Listings as a CSV file: イベント一覧 of the recommended data sets for municipalities.
//!
//! The columns are those of the published definition of 推奨データセット（基本編）イベント一覧, in its order. docs/listings.md says
//! what stands in them.

use super::{Listing, wording};
use crate::catalogue::Catalogue;
use crate::catalogue::calendar::time_in_tokyo;
use crate::db::Instant;
use crate::error::Result;
use crate::events::{EventStatus, EventTime, days_of, only_day};
use crate::exports::sheet::cell::{failed, harmless};
use crate::http::Language;

/// The columns.
pub const COLUMNS: [&str; 32] = [
    "都道府県コード又は市区町村コード",
    "NO",
    "都道府県名",
    "市区町村名",
    "イベント名",
    "イベント名_カナ",
    "イベント名_英語",
    "開始日",
    "終了日",
    "開始時間",
    "終了時間",
    "開始日時特記事項",
    "説明",
    "料金(基本)",
    "料金(詳細)",
    "連絡先名称",
    "連絡先電話番号",
    "連絡先内線番号",
    "主催者",
    "場所名称",
    "住所",
    "方書",
    "緯度",
    "経度",
    "アクセス方法",
    "駐車場情報",
    "定員",
    "参加申込終了日",
    "参加申込終了時間",
    "参加申込方法",
    "URL",
    "備考",
];

/// Writes listings with a byte order mark, so that spreadsheets read them as UTF-8.
pub fn write(listings: &[Listing], catalogue: &Catalogue) -> Result<String> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::from("\u{feff}"));
    writer.write_record(COLUMNS).map_err(failed)?;
    for one in listings {
        let cells = row(one, catalogue).map(harmless);
        writer.write_record(&cells).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(failed)?;
    String::from_utf8(bytes).map_err(failed)
}

fn day(at: Option<Instant>) -> String {
    at.map(|at| time_in_tokyo(at.utc()).date().to_string())
        .unwrap_or_default()
}

fn clock(at: Option<Instant>) -> String {
    at.map(|at| time_in_tokyo(at.utc()).format("%H:%M").to_string())
        .unwrap_or_default()
}

fn row(one: &Listing, catalogue: &Catalogue) -> [String; 32] {
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    let number = |number: Option<i32>| number.map(|number| number.to_string()).unwrap_or_default();
    let first = one.times.iter().min_by_key(|time| time.starts_at);
    let last = one
        .times
        .iter()
        .max_by_key(|time| time.ends_at.unwrap_or(time.starts_at));
    let ends_at = last.and_then(|time| time.ends_at);
    let last_day = ends_at.or(last.map(|time| time.starts_at));
    let (first_days, last_days) = (
        first.and_then(EventTime::whole_days),
        last.and_then(EventTime::whole_days),
    );
    let to = match last_days {
        Some((_, to)) => to.to_string(),
        None => day(last_day),
    };
    let (from, to) = match first {
        Some(first) => (day(Some(first.starts_at)), to),
        None => month(one.month.as_deref()),
    };
    let special = match one.times.len() {
        0 if only_day(one.month.as_deref()).is_some() => "時刻は未定".to_owned(),
        0 => "日時は未定".to_owned(),
        1 if first_days.is_some() => "時刻は未定".to_owned(),
        1 => String::new(),
        _ => wording::times(one, Language::Ja).join("；"),
    };
    let area = one.areas.first().map(|code| code.as_str()).unwrap_or_default();
    let known = catalogue.area(area);
    let prefecture = catalogue.fixed.areas.prefecture(area);
    let contact = one.contact.as_ref();
    let place = one.place.as_ref();
    let is_open = one.links.register.is_some();
    let mut notes = Vec::new();
    if one.status == EventStatus::Cancelled {
        notes.push("中止".to_owned());
    }
    notes.extend(one.notice.clone());
    notes.extend(wording::full(one, Language::Ja));
    if one.areas.len() > 1 {
        let names = wording::areas(&one.areas, catalogue, Language::Ja);
        notes.push(format!("開催地域：{}", names.join("、")));
    }
    if one.online {
        notes.push("オンラインで参加できます".to_owned());
    }
    if let Some(is_accessible) = place.and_then(|place| place.wheelchair) {
        notes.push(
            if is_accessible {
                "車椅子可"
            } else {
                "車椅子不可"
            }
            .to_owned(),
        );
    }
    notes.extend(one.audience.as_ref().map(|audience| format!("対象：{audience}")));
    [
        area.to_owned(),
        one.id.to_string(),
        prefecture.map(|known| known.name.clone()).unwrap_or_default(),
        known.map(|known| known.name.clone()).unwrap_or_default(),
        one.title.clone(),
        text(one.kana.as_ref()),
        String::new(),
        from,
        to,
        clock(first.map(|time| time.starts_at).filter(|_| first_days.is_none())),
        clock(ends_at.filter(|_| last_days.is_none())),
        special,
        text(one.description.as_ref()),
        number(one.fee_yen),
        wording::fee(one, Language::Ja).unwrap_or_default(),
        contact.map(|contact| contact.office.clone()).unwrap_or_default(),
        text(contact.and_then(|contact| contact.phone.as_ref())),
        String::new(),
        one.hosts.join("、"),
        place.map(|place| place.name.clone()).unwrap_or_default(),
        text(place.and_then(|place| place.address.as_ref())),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        number(one.capacity),
        day(one.registration_closes_at),
        clock(one.registration_closes_at),
        if is_open {
            one.links.page.clone()
        } else {
            String::new()
        },
        one.url.clone().unwrap_or_else(|| one.links.page.clone()),
        notes.join("；"),
    ]
}

/// Returns the first and the last day of a month or a day.
fn month(known: Option<&str>) -> (String, String) {
    let days = known.and_then(days_of);
    days.map(|(first, last)| (first.to_string(), last.to_string()))
        .unwrap_or_default()
}
