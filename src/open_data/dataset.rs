//! Writing a dataset into a file.

use super::{Dataset, OpenDataFormat, store};
use crate::catalogue::Catalogue;
use crate::db::{Db, Id};
use crate::deliverables::Deliverable;
use crate::error::{Error, Result};
use crate::organizations::Organization;
use crate::organizations::store::OrganizationLabel;
use crate::statistics::{self, DeliverableStatistics, Dimension, Group, StatisticsFilter};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Write};

/// Writes a dataset.
pub fn write(
    db: &mut Db,
    catalogue: &Catalogue,
    dataset: Dataset,
    format: OpenDataFormat,
    file: &File,
) -> Result<()> {
    let out = BufWriter::new(file);
    let mut rows = match format {
        OpenDataFormat::Csv => RowWriter::csv(dataset, out)?,
        OpenDataFormat::Jsonld => RowWriter::jsonld(out)?,
    };
    match dataset {
        Dataset::Organizations => organizations(db, catalogue, &mut rows)?,
        Dataset::Deliverables => deliverables(db, catalogue, &mut rows)?,
        Dataset::Statistics => statistics(db, catalogue, &mut rows)?,
    }
    rows.end()
}

pub fn failed(error: impl std::fmt::Display) -> Error {
    Error::file("the dataset can't be written", error)
}

/// Writes the rows of a dataset, as CSV or JSON-LD.
enum RowWriter<'f> {
    Csv(Box<csv::Writer<BufWriter<&'f File>>>),
    Jsonld(BufWriter<&'f File>, &'static str),
}

impl<'f> RowWriter<'f> {
    fn csv(dataset: Dataset, mut out: BufWriter<&'f File>) -> Result<RowWriter<'f>> {
        out.write_all("\u{feff}".as_bytes()).map_err(failed)?;
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(out);
        writer.write_record(dataset.header()).map_err(failed)?;
        Ok(RowWriter::Csv(Box::new(writer)))
    }

    fn jsonld(mut out: BufWriter<&'f File>) -> Result<RowWriter<'f>> {
        out.write_all(b"{\"@context\":\"https://schema.org\",\"@graph\":[")
            .map_err(failed)?;
        Ok(RowWriter::Jsonld(out, "\n"))
    }

    /// Writes a row: its cells for CSV, its node for JSON-LD.
    fn write(&mut self, cells: &[&str], node: impl FnOnce() -> Value) -> Result<()> {
        match self {
            RowWriter::Csv(writer) => {
                let harmless = cells
                    .iter()
                    .map(|cell| crate::exports::sheet::cell::harmless((*cell).to_owned()));
                writer.write_record(harmless).map_err(failed)
            }
            RowWriter::Jsonld(out, separator) => {
                out.write_all(separator.as_bytes()).map_err(failed)?;
                *separator = ",\n";
                serde_json::to_writer(out, &node()).map_err(failed)
            }
        }
    }

    fn end(self) -> Result<()> {
        match self {
            RowWriter::Csv(mut writer) => writer.flush().map_err(failed),
            RowWriter::Jsonld(mut out, _) => {
                out.write_all(b"\n]}\n").map_err(failed)?;
                out.flush().map_err(failed)
            }
        }
    }
}

/// Returns the name of a municipality; empty if the code is unknown.
fn area(catalogue: &Catalogue, code: &str) -> String {
    let area = catalogue.area(code);
    area.map(|area| catalogue.fixed.name_here(area))
        .unwrap_or_default()
}

fn place(catalogue: &Catalogue, code: &str) -> Value {
    json!({"@type": "AdministrativeArea", "identifier": code, "name": area(catalogue, code)})
}

fn identity(id: Id) -> String {
    format!("urn:uuid:{id}")
}

fn organizations(db: &mut Db, catalogue: &Catalogue, rows: &mut RowWriter) -> Result<()> {
    let mut after = None;
    loop {
        let page = store::organizations(db, after)?;
        for Organization { id, details, .. } in &page {
            let themes = details
                .themes
                .iter()
                .filter_map(|code| catalogue.themes.get(code));
            let themes: Vec<&str> = themes.map(|theme| theme.definition.names.ja.as_str()).collect();
            let optional = |text: &Option<String>| text.clone().unwrap_or_default();
            let (kana, number, description) = (
                optional(&details.kana),
                optional(&details.corporate_number),
                optional(&details.description),
            );
            let cells = [
                &details.area,
                &id.to_string(),
                &area(catalogue, &details.area),
                &details.name,
                &kana,
                details.kind.code(),
                &number,
                &themes.join("、"),
                &description,
            ];
            rows.write(&cells, || {
                let number = details.corporate_number.as_ref();
                json!({"@type": "Organization", "@id": identity(*id), "name": details.name, "alternateName": details.kana,
                    "additionalType": details.kind, "description": details.description, "knowsAbout": themes,
                    "areaServed": place(catalogue, &details.area),
                    "identifier": number.map(|n| json!({"@type": "PropertyValue", "propertyID": "法人番号", "value": n}))})
            })?;
        }
        after = page.last().map(|last| last.id);
        if after.is_none() {
            return Ok(());
        }
    }
}

fn deliverables(db: &mut Db, catalogue: &Catalogue, rows: &mut RowWriter) -> Result<()> {
    let mut after = None;
    loop {
        let page = store::deliverables(db, after)?;
        let requesters: Vec<Id> = page.iter().map(|one| one.request.organization_id).collect();
        let known = crate::organizations::store::labels(db, &requesters)?;
        for one in &page {
            deliverable(catalogue, one, known.get(&one.request.organization_id), rows)?;
        }
        after = page.last().map(|last| last.id);
        if after.is_none() {
            return Ok(());
        }
    }
}

fn deliverable(
    catalogue: &Catalogue,
    one: &Deliverable,
    organization: Option<&OrganizationLabel>,
    rows: &mut RowWriter,
) -> Result<()> {
    let request = &one.request;
    let code = request.area.clone().unwrap_or_default();
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let organization = organization.map_or("", |known| &known.name);
    let (type_, format) = (
        type_name(catalogue, &request.type_),
        request.format.map_or("", |f| f.code()),
    );
    let cells = [
        code.as_str(),
        &one.id.to_string(),
        &area(catalogue, &code),
        &request.title,
        &request.organization_id.to_string(),
        organization,
        type_,
        &one.family,
        format,
        &one.fiscal_year.to_string(),
        &day(request.starts_on),
        &day(request.ends_on),
        request.status.code(),
    ];
    rows.write(&cells, || {
        json!({"@type": "Project", "@id": identity(one.id), "name": request.title, "keywords": [type_, one.family],
            "foundingDate": request.starts_on, "dissolutionDate": request.ends_on,
            "parentOrganization": {"@type": "Organization", "@id": identity(request.organization_id), "name": organization},
            "areaServed": place(catalogue, &code), "additionalType": format, "status": request.status})
    })
}

fn type_name<'c>(catalogue: &'c Catalogue, code: &str) -> &'c str {
    catalogue
        .types
        .get(code)
        .map_or("", |entry| &entry.definition.names.ja)
}

fn statistics(db: &mut Db, catalogue: &Catalogue, rows: &mut RowWriter) -> Result<()> {
    use Dimension::{Area, Family, FiscalYear, Format, Status, Type};
    let recorded = statistics::store::count_recorded(db, &StatisticsFilter::default())?;
    let group_by = vec![FiscalYear, Format, Area, Family, Type, Status];
    for counted in DeliverableStatistics::new(group_by, recorded, None).items {
        let (group, count) = (counted.group, counted.counts.recorded);
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let Group { fiscal_year, .. } = group;
        let year = fiscal_year.map(|year| year.to_string()).unwrap_or_default();
        let (code, format, family) = (text(&group.area), text(&group.format), text(&group.family));
        let (type_code, status) = (text(&group.type_), text(&group.status));
        let id = [&code, &year, &type_code, &format, &status]
            .map(String::as_str)
            .join("-");
        let type_ = type_name(catalogue, &type_code);
        let count_text = count.to_string();
        let cells = [
            &code,
            &id,
            &area(catalogue, &code),
            &year,
            type_,
            &family,
            &format,
            &status,
            &count_text,
        ];
        rows.write(&cells, || {
            json!({"@type": "Observation", "@id": format!("#{id}"), "observationDate": year, "value": count,
                "observationAbout": place(catalogue, &code), "variableMeasured": "支援件数",
                "keywords": [type_, family, format, status]})
        })?;
    }
    Ok(())
}
