//! SQL of indicators.

use super::{Figure, FigureKind, Indicator, IndicatorFilter, IndicatorSource};
use crate::catalogue::calendar::{day_number, day_of_number};
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{indicator_sources, indicator_sources::dsl as s, indicators, indicators::dsl};
use crate::db::{BATCH, Db, Id, Instant, lock, on};
use crate::error::{Error, Result};
use crate::http::query::with_codes;
use crate::http::{Cursor, Page, page};
use diesel::prelude::*;

type SourceRow = (
    String,
    String,
    String,
    Option<String>,
    Option<i32>,
    i64,
    i64,
    i64,
    Instant,
);
const SOURCE: (
    s::code,
    s::title,
    s::credit,
    s::url,
    s::published_on,
    s::figures,
    s::rows_left_out,
    s::version,
    s::updated_at,
) = (
    s::code,
    s::title,
    s::credit,
    s::url,
    s::published_on,
    s::figures,
    s::rows_left_out,
    s::version,
    s::updated_at,
);

fn source(
    (code, title, credit, url, published_on, figures, rows_left_out, version, updated_at): SourceRow,
) -> IndicatorSource {
    IndicatorSource {
        code: code.as_str().into(),
        title,
        credit,
        url,
        published_on: published_on.map(day_of_number),
        figures,
        rows_left_out,
        version,
        updated_at,
    }
}

/// Lists the sources by code.
pub fn sources(db: &mut Db) -> Result<Vec<IndicatorSource>> {
    let rows = s::indicator_sources.order(s::code).select(SOURCE);
    Ok(rows.load::<SourceRow>(db)?.into_iter().map(source).collect())
}

/// Finds a source and the digest of its content, and locks the sources until the transaction ends.
pub fn find_to_change(db: &mut Db, code: &str) -> Result<Option<(IndicatorSource, String)>> {
    lock(db, "indicator_sources")?;
    let found = s::indicator_sources.find(code).select((SOURCE, s::digest));
    let found = found.get_result::<(SourceRow, String)>(db).optional()?;
    Ok(found.map(|(row, digest)| (source(row), digest)))
}

pub fn count_sources(db: &mut Db) -> Result<i64> {
    Ok(s::indicator_sources.count().get_result(db)?)
}

/// Replaces a source with all of its figures, and logs it.
pub fn replace(
    db: &mut Db,
    actor: &str,
    source: &IndicatorSource,
    digest: &str,
    figures: &[Figure],
) -> Result<()> {
    let code = source.code.as_str();
    diesel::delete(s::indicator_sources.find(code)).execute(db)?;
    let row = (
        s::code.eq(code),
        s::title.eq(&source.title),
        s::credit.eq(&source.credit),
        s::url.eq(&source.url),
        s::published_on.eq(source.published_on.map(day_number)),
        s::figures.eq(source.figures),
        s::rows_left_out.eq(source.rows_left_out),
        s::digest.eq(digest),
        s::version.eq(source.version),
        s::updated_at.eq(source.updated_at),
    );
    diesel::insert_into(indicator_sources::table)
        .values(row)
        .execute(db)?;
    let rows: Vec<FigureRow> = figures
        .iter()
        .map(|figure| FigureRow::new(code, figure))
        .collect();
    for rows in rows.chunks(BATCH) {
        on!(db, |c| diesel::insert_into(indicators::table)
            .values(rows)
            .execute(c))?;
    }
    let action = match source.version {
        1 => Action::Created,
        _ => Action::Updated,
    };
    let change = Change::new(Subject::IndicatorSource, code, action, source.version);
    changes::store::append(db, actor, &[change])
}

/// Removes a source with its figures, and logs it.
pub fn delete(db: &mut Db, actor: &str, code: &str, version: i64) -> Result<()> {
    diesel::delete(s::indicator_sources.find(code)).execute(db)?;
    let change = Change::new(Subject::IndicatorSource, code, Action::Deleted, version);
    changes::store::append(db, actor, &[change])
}

#[derive(Debug, Queryable, Insertable)]
#[diesel(table_name = indicators)]
struct FigureRow {
    key: String,
    source: String,
    area: String,
    indicator: String,
    year: i32,
    kind: String,
    value: i64,
    dated_on: Option<i32>,
    basis: Option<String>,
}

impl FigureRow {
    fn new(source: &str, figure: &Figure) -> FigureRow {
        let (indicator, kind) = (figure.indicator.code(), figure.kind.code());
        FigureRow {
            key: format!("{}/{indicator}/{}/{kind}/{source}", figure.area, figure.year),
            source: source.to_owned(),
            area: figure.area.clone(),
            indicator: indicator.to_owned(),
            year: figure.year,
            kind: kind.to_owned(),
            value: figure.value,
            dated_on: figure.dated_on.map(day_number),
            basis: figure.basis.clone(),
        }
    }

    /// Returns the figure and its source.
    fn read(self) -> Result<(Figure, String)> {
        let unknown = || Error::Internal(format!("the figure {} can't be read", self.key));
        let indicator: Indicator = self.indicator.parse().map_err(|_| unknown())?;
        let kind: FigureKind = self.kind.parse().map_err(|_| unknown())?;
        let figure = Figure {
            area: self.area,
            indicator,
            year: self.year,
            kind,
            value: self.value,
            dated_on: self.dated_on.map(day_of_number),
            basis: self.basis,
        };
        Ok((figure, self.source))
    }
}

/// Lists figures, each with the code of its source, by area, indicator, year, kind and source.
pub fn list(db: &mut Db, filter: &IndicatorFilter) -> Result<Page<(Figure, String)>> {
    const SORT: &str = "key";
    let limit = page::limit(filter.limit)?;
    let cursor = Cursor::decode(filter.cursor.as_deref(), SORT)?;
    let all = || {
        let mut query = dsl::indicators.order(dsl::key).into_boxed();
        if let Some(area) = &filter.area {
            // The area begins the key, which is the order.
            query = query.filter(
                dsl::key
                    .ge(format!("{area}/"))
                    .and(dsl::key.lt(format!("{area}0"))),
            );
        }
        if let Some(indicators) = &filter.indicator {
            query = with_codes!(query, dsl::indicator, indicators);
        }
        if let Some(year) = filter.year {
            query = query.filter(dsl::year.eq(year));
        }
        if let Some(kinds) = &filter.kind {
            query = with_codes!(query, dsl::kind, kinds);
        }
        if let Some(source) = &filter.source {
            query = query.filter(dsl::source.eq(source));
        }
        query
    };
    let mut query = all().limit(limit + 1);
    if let Some((after, _)) = page::after(&cursor, |value| Some(value.to_owned()))? {
        query = query.filter(dsl::key.gt(after));
    }
    let rows: Vec<FigureRow> = query.load(db)?;
    let read = rows.into_iter().map(|row| {
        let key = row.key.clone();
        row.read().map(|(figure, source)| (key, figure, source))
    });
    let page = Page::of(
        read.collect::<Result<_>>()?,
        limit,
        |(key, ..): &(String, Figure, String)| Cursor {
            sort: SORT.to_owned(),
            value: key.clone(),
            id: Id(uuid::Uuid::nil()),
        },
    );
    let page = page.counted(filter.count, || {
        let all = all().select(dsl::key).limit(page::COUNTED);
        Ok(all.load::<String>(db)?.len())
    })?;
    Ok(page.map(|(_, figure, source)| (figure, source)))
}

/// Lists all figures of an indicator, each with the code of its source, in the order of areas and years.
pub fn of_indicator(db: &mut Db, indicator: Indicator) -> Result<Vec<(Figure, String)>> {
    let of = dsl::indicators
        .filter(dsl::indicator.eq(indicator.code()))
        .order(dsl::key);
    let rows: Vec<FigureRow> = of.load(db)?;
    rows.into_iter().map(FigureRow::read).collect()
}
